import { rename, writeFile } from 'node:fs/promises';
import { figuresText, gauge } from '@zdravo/kit/metrics';
import type { AuditReport } from './audit.ts';
import { FINDINGS } from './findings.ts';

/** Writes the audit's figures for Prometheus (text format 0.0.4; node_exporter's textfile collector picks them up). */
export async function writeMetrics(path: string, report: AuditReport, now: Date): Promise<void> {
  const by_code = Object.keys(FINDINGS).map((code) => ({
    labels: { code },
    value: report.findings.filter((finding) => finding.code === code).length,
  }));
  const { read_at, whole_at, open } = report.state;
  const text = figuresText([
    gauge('zdravo_audit_findings', 'What the last audit of the transparency log found, by code', by_code),
    gauge('zdravo_audit_finding_count', 'Everything that the last audit found', report.finding_count),
    gauge('zdravo_audit_leaves', 'Leaves that the last audit read', report.leaves),
    gauge('zdravo_audit_run_timestamp_seconds', 'When the last audit ended', now.getTime() / 1000),
    gauge('zdravo_audit_whole_timestamp_seconds', 'When an audit last found nothing', secondsOf(read_at)),
    gauge('zdravo_audit_full_timestamp_seconds', 'When a full audit last found nothing', secondsOf(whole_at)),
    gauge('zdravo_audit_full_finding_count', 'What the last full audit found', open?.findings ?? 0),
  ]);
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

function secondsOf(instant: string | undefined): number {
  return instant ? Date.parse(instant) / 1000 : 0;
}

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { appendLeaves, EMPTY_FRONTIER, encodeFrontier, frontierRoot, hashLeaf } from '@zdravo/tlog';
import type { FindingCode } from './findings.ts';
import { type AuditedOps, startAuditedOps } from './testing-audit.ts';

export type Attack = (audited: AuditedOps) => Promise<{ id?: string; promises?: readonly string[] } | undefined>;

/** Attacks the database after a whole audit, and expects the audit to say `codes` and to name the record. */
export function attack(name: string, codes: readonly FindingCode[], work: Attack): void {
  test(`${name} is found`, async () => {
    const audited = await startAuditedOps();
    try {
      assert.deepEqual((await audited.audit()).findings, []);
      const { id, promises } = (await work(audited)) ?? {};
      const report = await audited.audit(promises ? { promises, now: new Date(Date.now() + 3_600_000_000) } : {});
      assert.deepEqual(
        new Set(report.findings.map(({ code }) => code)),
        new Set(codes),
        JSON.stringify(report.findings),
      );
      if (id) assert.ok(report.findings.some((finding) => finding.record?.id === id && finding.message.includes(id)));
      assert.ok(
        report.findings.every(({ message }) => !/undefined|null/.test(message)),
        JSON.stringify(report.findings),
      );
    } finally {
      await audited.close();
    }
  });
}

/** Deletes a record everywhere but in the log. */
export async function removeRow({ superuser }: AuditedOps, id: string): Promise<void> {
  await superuser.query('delete from ops.declaration_heads where id = $1', [id]);
  for (const table of ['versions', 'status_history'])
    await superuser.query(`delete from ops.declaration_${table} where declaration_id = $1`, [id]);
}

/** Rewrites all records' leaves from `first` on in the database, the frontier and the heads, as the sequencer would. */
export async function rewriteSuffix({ superuser }: AuditedOps, first: number): Promise<Buffer[]> {
  const { rows } = await superuser.query<{ leaf_index: string; entry: Buffer }>(
    'select leaf_index, entry from ops.log_entries order by leaf_index',
  );
  const forged = rows.map((row, at) =>
    at < first ? row.entry : Buffer.from(row.entry.toString().replace('"c":"', '"c":"A')),
  );
  for (const [at, row] of rows.entries())
    await superuser.query('update ops.log_entries set entry = $2 where leaf_index = $1', [row.leaf_index, forged[at]]);
  const frontier = appendLeaves(EMPTY_FRONTIER, forged.map(hashLeaf));
  await superuser.query('update ops.log_state set frontier = $1', [Buffer.from(encodeFrontier(frontier))]);
  await superuser.query('update ops.log_heads set root = $2 where size = $1', [
    forged.length,
    Buffer.from(frontierRoot(frontier)),
  ]);
  for (const [at, entry] of forged.entries())
    if (at >= first)
      await superuser.query(
        'update ops.declaration_versions v set leaf_hash = $2 from ops.log_entries e where e.leaf_index = $1 and v.declaration_id = e.record_id and v.version = e.version',
        [at, Buffer.from(hashLeaf(entry))],
      );
  return forged;
}

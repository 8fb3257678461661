import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '@zdravo/kit/config';
import { connectionUrl } from '@zdravo/kit/db';
import { createLogger } from '@zdravo/kit/log';
import { Problem } from '@zdravo/kit/problem';
import { resync } from '@zdravo/reports';
import { openReportsTool, type ReportsTool, recomputeTotals } from '@zdravo/reports/tool';
import { sourcesOf } from './reports.ts';
import { findRunningDatabases } from './running-databases.ts';
import { readSettings, type Settings } from './settings.ts';

// `npm run report -- …`: what officers, clinics and anybody else can find out about capitation from the command line, and how an
// operator has a source copied anew.

const usage = `usage: npm run report -- COMMAND
  list                             reports and their state
  lag                              how far the replica is behind each source
  explain DECLARATION [REPORT]     why a declaration counts as it does, or does not
  reproduce REPORT                 work a report out again from its frozen inputs and compare every byte
  resync SOURCE                    copy mpi, ops or platform anew into the replica; runs wait until it is there
  totals ADDRESS MONTH [POLICY]    check a month's open files (signature, checksums, log entry, witnesses) and add up the
                                   country's totals; ADDRESS is where index.html lies, a URL or a folder, POLICY a file that
                                   says whom to believe (else log/policy beside it, which proves only that the files agree)`;

const commands: Record<string, (tool: ReportsTool, ...rest: string[]) => Promise<unknown>> = {
  list: (tool) => tool.list(),
  lag: (tool) => tool.lag(),
  explain: (tool, declaration = '', report) => tool.explain(declaration, report),
  reproduce: (tool, report = '') => tool.reproduce(report),
};

const [name = '', ...rest] = process.argv.slice(2);
try {
  if (name === 'totals' && rest.length >= 2) show(await totals(rest[0]!, rest[1]!, rest[2]));
  else if (name === 'resync' && rest.length === 1) show(await resyncSource(readSettings(), rest[0]!));
  else if (Object.hasOwn(commands, name)) await withTool((tool) => commands[name]!(tool, ...rest));
  else {
    console.error(usage);
    process.exitCode = 2;
  }
} catch (error) {
  console.error(error instanceof Problem ? describe(error) : error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** What is wrong where, rather than that something is. */
function describe({ message, invalid = [] }: Problem): string {
  const places = invalid.map(({ entry, rules }) => `${entry}: ${rules[0]?.description ?? ''}`);
  return places.length > 0 ? places.join('\n') : message;
}

async function withTool(work: (tool: ReportsTool) => Promise<unknown>): Promise<void> {
  const tool = await openReportsTool(await reportsUrl(readSettings()));
  try {
    const result = await work(tool);
    show(result);
    if ((result as { is_same?: boolean } | undefined)?.is_same === false) process.exitCode = 1;
  } finally {
    await tool.close();
  }
}

/** The database that settings name, or that of the platform which is running over this data folder. */
async function reportsUrl(settings: Settings): Promise<string> {
  if (settings.REPORTS_DATABASE_URL) return settings.REPORTS_DATABASE_URL;
  const data = resolve(settings.ZDRAVO_DATA);
  const pid_file = await readFile(join(data, 'postgres', 'postmaster.pid'), 'utf8').catch(() => undefined);
  if (!pid_file) throw new ConfigError(['REPORTS_DATABASE_URL is required, or a running platform (`npm start`)']);
  const password = (await readFile(join(data, 'postgres.password'), 'utf8')).trim();
  const port = pid_file.split('\n')[3]!.trim();
  return connectionUrl(`postgres://postgres@127.0.0.1:${port}/zdravo_reports`, { password });
}

/** As the migrator of replica and sources; the feed's password is the keeper's. */
async function resyncSource(settings: Settings, source: string): Promise<unknown> {
  const urls = await findRunningDatabases(settings);
  const feed_password =
    process.env['REPORTS_FEED_PASSWORD'] ??
    (await readFile(join(resolve(settings.ZDRAVO_DATA), 'reports-feed.password'), 'utf8'));
  const log = createLogger({ name: 'report', level: 'warn' });
  await resync({ reports_url: urls.reports, sources: sourcesOf({ urls }), feed_password, log }, source);
  return `${source} is being copied; \`npm run report -- lag\` says when it is ready`;
}

async function totals(address: string, month: string, policy_file: string | undefined): Promise<unknown> {
  const base = address.replace(/\/(index\.html)?$/, '');
  const read = (file: string) => (/^https?:/.test(base) ? download(`${base}/${file}`) : readFile(join(base, file)));
  const policy = policy_file ? await readFile(policy_file) : await read('log/policy');
  const day = /^\d{4}-\d{2}$/.test(month) ? `${month}-01` : month;
  return recomputeTotals(read, day, policy);
}

async function download(url: string): Promise<Uint8Array> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function show(result: unknown): void {
  if (typeof result === 'string') console.log(result);
  else console.log(JSON.stringify(result, null, 2));
}

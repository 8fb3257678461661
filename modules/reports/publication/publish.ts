import type { TransactionOf } from '@zdravo/kit/db';
import { encodeNote, type Signer, signText } from '@zdravo/tlog';
import { sql } from 'kysely';
import { getRun } from '../capitation/run-record.ts';
import type { ReportsDeps } from '../deps.ts';
import type { Tables } from '../tables.ts';
import { indexPage, jsonFeed, type Published } from './index-page.ts';
import { manifestOf, sha256 } from './manifest.ts';
import { fixOpenStatistics } from './open-statistics.ts';
import { type OpenData, openTables } from './open-tables.ts';
import { appendPublication, entryOf, type LoggedPublication, logPublication } from './publications-log.ts';
import { filesOf, type OpenFile } from './tables.ts';

type Run = { id: string; billing_month: string };
type Built = { files: OpenFile[]; manifest: Uint8Array; data: OpenData };

/**
 * Publishes a computed run: first the bytes, their manifest and its log entry are fixed in one transaction; then the
 * witnesses see the log; then all is put into the bucket, the index last; then the run is `published`. Killed in between,
 * it puts the same bytes again.
 */
export async function publish(deps: ReportsDeps, run: Run): Promise<void> {
  await fix(deps, run);
  const logged = await logPublication(deps.db, deps.publications, (await getRun(deps.db, run.id)).log_index!);
  const files = await fixedFiles(deps, run.id);
  for (const { name, bytes, content_type } of files)
    await deps.files.put(`capitation/${run.billing_month}/${name}`, bytes, content_type);
  await publishProofs(deps, run, logged);
  await publishIndex(deps, run);
  await deps.db
    .updateTable('reports.capitation_runs')
    .set({ state: 'published', published_at: deps.clock.now().toISOString() })
    .where('id', '=', run.id)
    .where('state', '=', 'publishing')
    .execute();
}

/** The files of a run, computed from its frozen inputs; twice the same bytes. */
export async function buildFiles(db: TransactionOf<Tables>, run: Run, smallest_cell: number): Promise<Built> {
  const data = await openTables(db, run, smallest_cell);
  const files = data.tables.flatMap(filesOf);
  const record = await getRun(db, run.id);
  return { files, manifest: manifestOf(record, data, files, smallest_cell), data };
}

/** A signed note over the manifest (c2sp.org/signed-note). */
export async function signManifest(signer: Signer, billing_month: string, manifest: Uint8Array): Promise<Uint8Array> {
  const text = `zdravo-capitation-manifest\n${billing_month}\n${sha256(manifest)}\n`;
  return encodeNote({ text, signatures: [await signText(signer, { text, timestamp: 0n })] });
}

async function fix(deps: ReportsDeps, run: Run): Promise<void> {
  await deps.long_db.transaction().execute(async (transaction) => {
    await sql`select from reports.capitation_runs where id = ${run.id} for update`.execute(transaction);
    if ((await getRun(transaction, run.id)).manifest) return;
    const { files, manifest, data } = await buildFiles(transaction, run, deps.settings.smallest_cell);
    await fixOpenStatistics(transaction, run, data);
    const manifest_sha256 = sha256(manifest);
    const log_index = await appendPublication(transaction, entryOf(run.billing_month, manifest));
    const note = await signManifest(deps.publications.signer, run.billing_month, manifest);
    const all = [...files, { name: 'manifest.json', bytes: manifest }, { name: 'manifest.note', bytes: note }];
    const rows = all.map(({ name, bytes }) => ({
      run_id: run.id,
      name,
      sha256: sha256(bytes),
      bytes: Buffer.from(bytes),
    }));
    await transaction
      .insertInto('reports.published_files')
      .values(rows as never)
      .execute();
    await transaction
      .updateTable('reports.capitation_runs')
      .set({ manifest: Buffer.from(manifest), manifest_sha256, log_index } as never)
      .where('id', '=', run.id)
      .execute();
  });
}

async function fixedFiles({ db }: ReportsDeps, run_id: string): Promise<OpenFile[]> {
  const rows = await db
    .selectFrom('reports.published_files')
    .select(['name', 'bytes'])
    .where('run_id', '=', run_id)
    .orderBy('name')
    .execute();
  return rows.map(({ name, bytes }) => ({ name, bytes: bytes as unknown as Uint8Array, content_type: typeOf(name) }));
}

/** The month's receipt stays good under the checkpoint of its day; the log's own files are always the newest. */
async function publishProofs(deps: ReportsDeps, run: Run, logged: LoggedPublication): Promise<void> {
  const { files, publications } = deps;
  const folder = `capitation/${run.billing_month}`;
  const text = 'text/plain; charset=utf-8';
  await files.put(`${folder}/manifest.tlog-proof`, logged.proof, text);
  await files.put(`${folder}/manifest.json.receipt.json`, logged.receipt, 'application/json');
  for (const [path, bytes] of logged.tiles) await files.put(`log/${path}`, bytes, 'application/octet-stream');
  await files.put('log/checkpoint', logged.checkpoint, text);
  await files.put('log/policy', publications.policy_text, text);
}

async function publishIndex(deps: ReportsDeps, run: Run): Promise<void> {
  const months = await publishedMonths(deps, run);
  await deps.files.put('feed.json', jsonFeed(months, deps.files.url), 'application/feed+json');
  await deps.files.put('index.html', indexPage(months), 'text/html; charset=utf-8');
}

async function publishedMonths({ db, clock }: ReportsDeps, run: Run): Promise<Published[]> {
  const rows = await db
    .selectFrom('reports.capitation_runs')
    .select(['billing_month', 'published_at', 'manifest'])
    .where((where) => where.or([where('state', '=', 'published'), where('id', '=', run.id)]))
    .orderBy('billing_month', 'desc')
    .execute();
  return rows.map(({ billing_month, published_at, manifest }) => ({
    ...(JSON.parse(Buffer.from(manifest as unknown as Uint8Array).toString()) as Pick<
      Published,
      'totals' | 'is_complete' | 'files'
    >),
    billing_month,
    published_at: published_at ?? clock.now().toISOString(),
  }));
}

function typeOf(name: string): string {
  if (name.endsWith('.csv')) return 'text/csv; charset=utf-8';
  if (name.endsWith('.parquet')) return 'application/vnd.apache.parquet';
  return name.endsWith('.json') ? 'application/json' : 'text/plain; charset=utf-8';
}

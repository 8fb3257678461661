import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { openPromiseReader, type PromiseReader } from '@zdravo/il';
import { openDatabase } from '@zdravo/kit/db';
import { createKeyStore, openKeyProvider } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { Problem } from '@zdravo/kit/problem';
import type { Mcs } from '@zdravo/mcs';
import { openVersionAudit } from '@zdravo/mpi';
import {
  type AuditReport,
  type AuditState,
  type ContainerSource,
  type OpsTables,
  type OtherContainer,
  type PromisesToAudit,
  published_name,
  readState,
  runAudit,
  writeMetrics,
  writeState,
} from '@zdravo/ops';
import { one_signature } from '@zdravo/signature';
import { createFileTileStore, parsePolicy, parseVerifierKey } from '@zdravo/tlog';
import type { Databases } from './databases.ts';
import { describeFailure } from './failures.ts';
import { findLogStorage } from './log-storage.ts';
import { openMedia } from './media.ts';
import { findDatabases } from './running-databases.ts';
import { readSettings } from './settings.ts';
import { openArchiveVerifier } from './signatures.ts';

// `npm run audit [-- --new] [--without-containers] [--policy FILE] [--promise-key FILE] [--promises FOLDER]`: holds database,
// published log, storage and promises against each other; with `--new` only what came since the last audit that found all
// whole. Exit code: 0 everything is whole, 1 something was found, 2 it could not be audited.

const { values: given } = parseArgs({
  options: {
    new: { type: 'boolean' },
    'without-containers': { type: 'boolean' },
    policy: { type: 'string' },
    promises: { type: 'string' },
    'promise-key': { type: 'string' },
  },
});
const settings = readSettings();
const data = resolve(settings.ZDRAVO_DATA);
const folder = process.env['OPS_LOG_FOLDER'] ?? join(data, 'log');
const audit_folder = process.env['ZDRAVO_AUDIT_FOLDER'] ?? join(data, 'audit');
const log = createLogger({ name: 'audit', level: 'warn' });
/** Promises that were not due at the last audit, or came in late, are looked at again. */
const overlap_ms = 600_000;

try {
  const report = await audit();
  await writeState(audit_folder, report.state);
  await writeMetrics(join(audit_folder, 'audit.prom'), report, new Date());
  describe(report);
  process.exitCode = report.finding_count === 0 && !report.state.open ? 0 : 1;
} catch (error) {
  console.error(describeFailure(error));
  process.exitCode = 2;
}

/** Whatever fails, a server that was started for this command is stopped. */
async function audit(): Promise<AuditReport> {
  const databases = await findDatabases(settings);
  try {
    return await auditOver(databases.urls);
  } finally {
    await databases.stop();
  }
}

/** What is to be closed in the end, as soon as it is open. */
type Closing = <Opened extends { close(): Promise<unknown> }>(one: Opened) => Opened;

async function auditOver(urls: Databases['urls']): Promise<AuditReport> {
  await using opened = new AsyncDisposableStack();
  const closing: Closing = (one) => opened.adopt(one, async () => void (await one.close()));
  const common = { application_name: 'auditor', log, statement_timeout_ms: 3_600_000 };
  const reader = closing(openDatabase<OpsTables>({ ...common, url: urls.ops, role: 'zdravo_ops_auditor' }));
  const keys = closing(openDatabase({ ...common, url: urls.ops_keys, role: 'zdravo_keys_auditor' }));
  const kept = closing(openPromiseReader({ database_url: urls.platform, log }));
  const person_versions = closing(openVersionAudit({ database_url: urls.mpi, log }));
  const containers = given['without-containers'] ? undefined : await openContainers(urls, closing);
  const provider = await openKeyProvider(settings, {
    module: 'ops',
    key_file: process.env['OPS_KEY_FILE'] ?? join(data, 'keys', 'ops.json'),
  });
  const state = await readState(audit_folder);
  const storage = findLogStorage(process.env);
  if (storage) opened.defer(() => storage.close());
  return await runAudit({
    db: reader.db,
    keys: createKeyStore(keys.pool, provider, { module: 'ops', purpose: 'seed' }),
    tiles: storage?.tiles ?? createFileTileStore(join(folder, 'public')),
    readCheckpoint: () => readFile(join(folder, 'checkpoints', `${published_name}.checkpoint`)),
    policy: parsePolicy(await readFile(given.policy ?? join(folder, 'policy'))),
    state,
    full: !given.new,
    now: new Date(),
    person_versions,
    ...(containers ? { containers } : {}),
    promises: await promisesToAudit(kept, state),
  });
}

/** Those that the platform kept since the last whole audit, and those that clients handed in as files. */
async function promisesToAudit(kept: PromiseReader, { read_at }: AuditState): Promise<PromisesToAudit> {
  const since = !given.new || !read_at ? undefined : new Date(Date.parse(read_at) - overlap_ms).toISOString();
  const vkey = (await readFile(given['promise-key'] ?? join(folder, 'promise-key'), 'utf8')).trim();
  return { keys: [parseVerifierKey(vkey)], kept: kept.read(since), notes: await readNotes(given.promises) };
}

async function readNotes(promises_folder: string | undefined): Promise<string[]> {
  if (promises_folder === undefined) return [];
  const names = await readdir(promises_folder);
  return Promise.all(names.map((name) => readFile(join(promises_folder, name), 'utf8')));
}

async function openContainers(urls: Databases['urls'], closing: Closing): Promise<ContainerSource> {
  const key_provider = await openKeyProvider(settings, { module: 'mcs', key_file: join(data, 'keys', 'mcs.json') });
  const mcs = closing(await openMedia(settings, { urls, key_provider, log }));
  const pool = closing(await openArchiveVerifier(settings, log));
  return {
    sample_of: 24,
    content: async (container, received_at) => {
      const { content } = await pool.verify(container, one_signature, { at: new Date(received_at) });
      return JSON.parse(Buffer.from(content!).toString());
    },
    read: (id) => readContainer(mcs, { resource_type: 'declaration', resource_id: id, form: 'signed_content' }),
    readOther: (one) => readContainer(mcs, one),
    verify: async (container, received_at) => {
      const result = await pool.verify(container, one_signature, { at: new Date(received_at) });
      return result.indication === 'TOTAL_PASSED' ? undefined : (result.sub_indication ?? result.indication);
    },
  };
}

async function readContainer(mcs: Mcs, which: OtherContainer): ReturnType<ContainerSource['read']> {
  try {
    const { container } = await mcs.readSignedContainer(which);
    return { state: 'stored', container, sha256: createHash('sha256').update(container).digest('hex') };
  } catch (error) {
    const state = stateOf(error);
    if (!state) throw error;
    return { state };
  }
}

/** What a failed read says of the container itself; nothing when the database could not be asked, or we may not read. */
function stateOf(error: unknown): 'missing' | 'unreadable' | 'damaged' | 'unavailable' | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'SealError') return 'unreadable';
  if (!(error instanceof Problem)) return undefined;
  const { code } = { code: undefined, ...(error.cause as { code?: string } | undefined) };
  if (error.status === 404 || code === 'not_found') return 'missing';
  if (error.status === 410) return 'unreadable';
  if (error.code !== 'document_unavailable' || code === 'access_denied') return undefined;
  return code === 'unavailable' || code === 'damaged' ? code : 'unreadable';
}

function describe(report: AuditReport): void {
  const { findings, finding_count } = report;
  if (finding_count > 0) console.log(`NOT WHOLE: ${finding_count} ${finding_count === 1 ? 'finding' : 'findings'}\n`);
  for (const [at, { code, message }] of findings.entries()) console.log(`${at + 1}. ${message} [${code}]`);
  if (finding_count > findings.length) console.log(`… and ${finding_count - findings.length} more`);
  if (finding_count > 0)
    console.log(
      '\nWhat now: leave database, published log and stored files as they are, restore nothing over them, and go on with docs/trust.md, “When the audit finds something”.',
    );
  else console.log(wholeness(report));
  if (given['without-containers'])
    console.log('The signed containers were not read; the next run without --without-containers reads these too.');
  console.log(`Read: ${readOf(report)}.`);
  if (given.new && report.state.open) console.log(stillOpen(report.state.open));
}

function wholeness(report: AuditReport): string {
  if (given.new) return `WHOLE, as far as it was read: ${newOnly(report)}`;
  if (given['without-containers']) return 'WHOLE, as far as it was read: every record is as it was logged.';
  return 'WHOLE: everything is as it was logged.';
}

function newOnly({ state }: AuditReport): string {
  return `what came since the audit before, up to leaf ${state.held?.size ?? 0}. Without --new every record is read again.`;
}

function readOf(report: AuditReport): string {
  const { leaves, versions, containers, logged_containers, promises, erasures } = report;
  const { person_versions, person_version_batches } = report;
  const persons = `${person_versions} versions of persons in ${person_version_batches} batches`;
  return `${leaves} leaves of the published log, ${versions} stored versions, ${containers} signed containers, ${logged_containers} more with leaves of their own (upgraded ones, registrations), ${promises} promises, ${erasures} erasures, ${persons}`;
}

function stillOpen({ findings, at }: NonNullable<AuditReport['state']['open']>): string {
  return `NOT WHOLE before that: the last full audit, of ${at}, found ${findings}; run one without --new.`;
}

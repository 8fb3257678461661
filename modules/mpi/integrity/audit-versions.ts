import { openDatabase } from '@zdravo/kit/db';
import type { Logger } from '@zdravo/kit/log';
import { type Kysely, sql } from 'kysely';
import type { VersionBatch } from '../contract.ts';
import type { Tables } from '../tables.ts';
import { foldDigests } from './fold-digests.ts';
import { digestOf } from './version-digest.ts';

export const auditor_role = 'zdravo_mpi_auditor';

/** A batch with what its versions give now. */
export type FoldedBatch = VersionBatch & { folded: { root: string; count: number } };

/** Something about one version that nobody writes who goes through the index. */
export type VersionFault = {
  /** The row is not that of its digest, is gone, is in no batch and does not wait, or is older than its batch can be. */
  what: 'altered' | 'missing' | 'unbatched' | 'back_dated';
  person_id: string;
  version: number;
  /** Of the row, if it is there. */
  recorded_at: string | null;
  /** Of its batch, if it has one. */
  taken_at: string | null;
  /** When a batch before that one left nothing waiting. */
  whole_at: string | null;
};

/** Somebody whose present state is not the last of their versions, or whose versions have a gap. */
export type HeadFault = { person_id: string; version: number | null; versions: number; newest: number | null };

export type VersionFaults = {
  versions: number;
  /** How many wait longer than they should, since when at the earliest. */
  overdue: { count: number; since: string | null };
  faults: VersionFault[];
  heads: HeadFault[];
};

/** What an auditor may know of the index: it reads ciphertexts and has no key. */
export type VersionAudit = {
  /** Those of these ids that are there. */
  readBatches(ids: readonly string[]): Promise<FoldedBatch[]>;
  /** Batches that should have their leaf by now, the newest first. */
  listOldBatches(before?: number): Promise<VersionBatch[]>;
  /** @param batch_ids only what is in these; all otherwise. The thousand first of each kind. */
  findFaults(batch_ids?: readonly string[]): Promise<VersionFaults>;
  close(): Promise<void>;
};

export type VersionAuditOptions = {
  database_url: string;
  log: Logger;
  /** How long versions may wait for a batch, and batches for a leaf; the jobs come every minute. */
  longest_wait_s?: number;
};

const most_named = 1000;
/** Transactions end within seconds, loads excepted; those hold the job up. */
const longest_write = sql`interval '5 minutes'`;

/** Opens the index for an audit (decision 81). */
export function openVersionAudit({ database_url, log, longest_wait_s = 300 }: VersionAuditOptions): VersionAudit {
  const { db, close } = openDatabase<Tables>({
    url: database_url,
    role: auditor_role,
    application_name: 'auditor',
    statement_timeout_ms: 3_600_000,
    log,
  });
  return {
    readBatches: (ids) => readBatches(db, ids),
    listOldBatches: (before) => listOldBatches(db, longest_wait_s, before),
    findFaults: async (batch_ids) => ({
      ...(await countVersions(db, longest_wait_s, batch_ids)),
      faults: await findVersionFaults(db, batch_ids),
      heads: batch_ids ? [] : await findHeadFaults(db),
    }),
    close,
  };
}

async function readBatches(db: Kysely<Tables>, ids: readonly string[]): Promise<FoldedBatch[]> {
  const { rows } = await sql<Tables['mpi.version_batches'] & { id: string; digests: Buffer | null }>`
    select batch.position, batch.id, batch.root, batch.count, batch.is_last, batch.taken_at, (
      select string_agg(digest, ''::bytea order by digest) from mpi.batched_versions member where member.batch = batch.position
    ) as digests
    from mpi.version_batches batch where batch.id = any(${ids}::uuid[])`.execute(db);
  return rows.map(({ digests, root, ...batch }) => ({ ...batch, root: root.toString('hex'), folded: fold(digests) }));
}

const digest_bytes = 32;

function fold(joined: Buffer | null): FoldedBatch['folded'] {
  const count = (joined?.length ?? 0) / digest_bytes;
  const digests = Array.from({ length: count }, (_, at) =>
    joined!.subarray(at * digest_bytes, (at + 1) * digest_bytes),
  );
  return { root: foldDigests(digests).toString('hex'), count };
}

async function listOldBatches(db: Kysely<Tables>, wait_s: number, before: number | undefined): Promise<VersionBatch[]> {
  const { rows } = await sql<VersionBatch>`
    select position, id, encode(root, 'hex') as root, count, is_last, taken_at
    from mpi.version_batches
    where ${before === undefined ? sql`true` : sql`position < ${before}`} and ${isOverdue('taken_at', wait_s)}
    order by position desc limit ${most_named}`.execute(db);
  return rows;
}

/** A server that was down does not count as waiting. */
function isOverdue(at: string, wait_s: number) {
  return sql`greatest(${sql.ref(at)}, pg_postmaster_start_time()) < now() - make_interval(secs => ${wait_s})`;
}

async function countVersions(db: Kysely<Tables>, wait_s: number, batch_ids: readonly string[] | undefined) {
  const { rows } = await sql<{ versions: number; count: number; since: string | null }>`
    select (select count(*) from mpi.batched_versions ${inBatches(batch_ids)}) as versions, count(*), min(row.recorded_at) as since
    from mpi.unbatched_versions waiting
    join mpi.person_versions row on row.person_id = waiting.person_id and row.version = waiting.version
    where ${isOverdue('row.recorded_at', wait_s)}`.execute(db);
  const { versions, ...overdue } = rows[0]!;
  return { versions, overdue };
}

async function findVersionFaults(
  db: Kysely<Tables>,
  batch_ids: readonly string[] | undefined,
): Promise<VersionFault[]> {
  const { rows } = await sql<VersionFault>`
    with batch as (
      select position, taken_at, max(taken_at) filter (where is_last)
        over (order by position rows between unbounded preceding and 1 preceding) as whole_at
      from mpi.version_batches
    )
    select coalesce(row.person_id, member.person_id) as person_id, coalesce(row.version, member.version) as version,
      case when row.person_id is null then 'missing' when member.person_id is null then 'unbatched'
        when member.digest <> ${digestOf('row')} then 'altered' else 'back_dated' end as what,
      row.recorded_at, batch.taken_at, batch.whole_at
    from mpi.person_versions row
    ${batch_ids ? sql`right` : sql`full`} join (select * from mpi.batched_versions ${inBatches(batch_ids)}) member
      on member.person_id = row.person_id and member.version = row.version
    left join batch on batch.position = member.batch
    left join (select distinct person_id, version from mpi.unbatched_versions) waiting
      on waiting.person_id = row.person_id and waiting.version = row.version
    where row.person_id is null or member.person_id is null and waiting.person_id is null
      or member.digest <> ${digestOf('row')} or row.recorded_at < batch.whole_at - ${longest_write}
    limit ${most_named}`.execute(db);
  return rows;
}

async function findHeadFaults(db: Kysely<Tables>): Promise<HeadFault[]> {
  const { rows } = await sql<HeadFault>`
    select coalesce(head.id, counted.person_id) as person_id, head.version, coalesce(counted.versions, 0) as versions, counted.newest
    from mpi.persons head
    full join (
      select person_id, count(*) as versions, max(version) as newest from mpi.person_versions group by person_id
    ) counted on counted.person_id = head.id
    where (head.version, head.version) is distinct from (counted.versions, counted.newest)
    limit ${most_named}`.execute(db);
  return rows;
}

function inBatches(ids: readonly string[] | undefined) {
  if (!ids) return sql``;
  return sql`where batch = any(array(select position from mpi.version_batches where id = any(${ids}::uuid[])))`;
}

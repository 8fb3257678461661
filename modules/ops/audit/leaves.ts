import type { KeyStore } from '@zdravo/kit/keys';
import {
  appendLeaves,
  type Frontier,
  frontierRoot,
  hashLeaf,
  readEntries,
  type TileStore,
  TlogError,
} from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { FindingList } from './findings.ts';
import { auditRecord, type LoggedVersion } from './records.ts';
import type { AuditState } from './state.ts';

const chunk_size = 4096;

export type LeavesInput = {
  db: Kysely<Tables>;
  keys?: KeyStore;
  tiles: TileStore;
  state: AuditState;
  from: Frontier;
  size: bigint;
  since: string;
};

export type LeavesRead = {
  frontier: Frontier;
  root: Uint8Array;
  /** Of the tree at the size that was held before, when it was passed. */
  root_at_held: Uint8Array | undefined;
  leaves: number;
  versions: number;
};

/**
 * Reads all leaves from `from` to `size` out of the published bundles, a chunk in memory at a time, and holds each
 * against the database's leaf of the same index and the record that it stands for.
 */
export async function auditLeaves(input: LeavesInput, list: FindingList): Promise<LeavesRead> {
  const held = input.state.held?.size;
  let frontier = input.from;
  let root_at_held: Uint8Array | undefined;
  let versions = 0;
  for (let at = input.from.end; at < input.size; ) {
    const end = endOfChunk(at, input.size, held);
    const entries = await readChunk(input.tiles, at, end, list);
    if (!entries) break;
    frontier = appendLeaves(frontier, entries.map(hashLeaf));
    versions += await auditChunk(input, Number(at), entries, list);
    if (held !== undefined && end === BigInt(held)) root_at_held = frontierRoot(frontier);
    at = end;
  }
  await findUnpublished(input, list);
  const leaves = Number(frontier.end - input.from.end);
  return { frontier, root: frontierRoot(frontier), root_at_held, leaves, versions };
}

/** Chunks end where the tree was held before, so that its root there can be compared. */
function endOfChunk(at: bigint, size: bigint, held: number | undefined): bigint {
  const next = at + BigInt(chunk_size) < size ? at + BigInt(chunk_size) : size;
  return held !== undefined && BigInt(held) > at && BigInt(held) < next ? BigInt(held) : next;
}

async function readChunk(
  tiles: TileStore,
  from: bigint,
  size: bigint,
  list: FindingList,
): Promise<Uint8Array[] | undefined> {
  try {
    const read = await Array.fromAsync(readEntries(tiles, { from, size }));
    return read.map(({ entry }) => entry);
  } catch (error) {
    if (!(error instanceof TlogError)) throw error;
    list.add({ code: 'tiles_differ', detail: `${error.message}.` });
    return undefined;
  }
}

async function auditChunk(
  { db, keys, since }: LeavesInput,
  first: number,
  entries: readonly Uint8Array[],
  list: FindingList,
): Promise<number> {
  const rows = await readLogged(db, first, entries.length);
  const erased = await readErased(db, rows);
  const person_keys = keys && (await keys.findMany([...new Set(rows.flatMap((row) => row.person_id ?? []))]));
  const by_index = new Map(rows.map((row) => [row.leaf_index, row]));
  let versions = 0;
  for (const [at, published] of entries.entries()) {
    const row = by_index.get(first + at);
    if (!row) {
      list.add({ code: 'entry_missing', leaf_index: first + at, detail: `It is leaf ${first + at}. ${since}` });
      continue;
    }
    versions += auditRecord({ row, published, person_keys, erased, since }, list) ? 1 : 0;
  }
  return versions;
}

/** Leaves with their records, by primary keys on both sides. */
async function readLogged(db: Kysely<Tables>, first: number, count: number): Promise<LoggedVersion[]> {
  const { rows } = await sql<LoggedVersion>`
    select leaf.leaf_index, leaf.entry, leaf.kind, leaf.record_id, leaf.version, stored.body, stored.sealed_seed,
      stored.leaf_hash, stored.op, stored.status::text as status,
      substring(convert_from(stored.body, 'UTF8') from '"person_id":"([0-9a-f-]{36})"') as person_id
    from ops.log_entries leaf
    left join ops.declaration_versions stored
      on leaf.kind = 'declaration' and stored.declaration_id = leaf.record_id and stored.version = leaf.version
    where leaf.leaf_index >= ${first} and leaf.leaf_index < ${first + count}`.execute(db);
  return rows;
}

async function readErased(db: Kysely<Tables>, rows: readonly LoggedVersion[]): Promise<Set<string>> {
  const ids = [...new Set(rows.flatMap((row) => row.person_id ?? []))];
  const { rows: found } = await sql<{ person_id: string }>`
    select erasure.person_id from ops.erasures erasure
    join ops.log_entries leaf on leaf.kind = 'erasure' and leaf.record_id = erasure.person_id
    where erasure.person_id = any(${ids}::uuid[])`.execute(db);
  return new Set(found.map((row) => row.person_id));
}

/** Leaves that the database placed before a checkpoint that did not hold them cannot be ours. */
async function findUnpublished({ db, size }: LeavesInput, list: FindingList): Promise<void> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from ops.log_checkpoints where size > ${Number(size)}`.execute(db);
  if (rows[0]!.count > 0)
    list.add({
      code: 'entry_unpublished',
      detail: `The database knows ${rows[0]!.count} checkpoints above the published ${size} leaves.`,
    });
}

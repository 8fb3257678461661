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
import { present_columns } from './present-state.ts';
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
  for await (const chunk of oneAhead(readChunks(input, list))) {
    const hashes = chunk.entries.map(hashLeaf);
    frontier = appendLeaves(frontier, hashes);
    versions += auditChunk(chunk, hashes, input.since, list);
    if (held !== undefined && frontier.end === BigInt(held)) root_at_held = frontierRoot(frontier);
  }
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

type Chunk = {
  first: number;
  entries: Uint8Array[];
  rows: LoggedVersion[];
  erased: Set<string>;
  person_keys: Map<string, Uint8Array> | undefined;
};

async function* readChunks(input: LeavesInput, list: FindingList): AsyncGenerator<Chunk> {
  const held = input.state.held?.size;
  for (let at = input.from.end; at < input.size; ) {
    const end = endOfChunk(at, input.size, held);
    const entries = await readChunk(input.tiles, at, end, list);
    if (!entries) return;
    yield { first: Number(at), entries, ...(await readStored(input, Number(at), entries.length)) };
    at = end;
  }
}

async function readStored({ db, keys }: LeavesInput, first: number, count: number) {
  const rows = await readLogged(db, first, count);
  const person_ids = [...new Set(rows.flatMap((row) => row.person_id ?? []))];
  const [erased, person_keys] = await Promise.all([readErased(db, rows), keys?.findMany(person_ids)]);
  return { rows, erased, person_keys };
}

/** The database works at the next chunk while this one is judged here. */
async function* oneAhead<Item>(source: AsyncGenerator<Item>): AsyncGenerator<Item> {
  for (let next = source.next(); ; ) {
    const { value, done } = await next;
    if (done) return;
    next = source.next();
    // Its failure is seen when it is waited for; until then it must not count as unhandled.
    next.catch(() => {});
    yield value;
  }
}

function auditChunk(
  { first, entries, rows, erased, person_keys }: Chunk,
  hashes: readonly Uint8Array[],
  since: string,
  list: FindingList,
): number {
  const by_index = new Map(rows.map((row) => [row.leaf_index, row]));
  let versions = 0;
  for (const [at, published] of entries.entries()) {
    const row = by_index.get(first + at);
    if (!row) {
      list.add({ code: 'entry_missing', leaf_index: first + at, detail: `It is leaf ${first + at}. ${since}` });
      continue;
    }
    const record = { row, published, published_hash: hashes[at]!, person_keys, erased, since };
    versions += auditRecord(record, list) ? 1 : 0;
  }
  return versions;
}

/** Leaves with their records, by primary keys on both sides. */
async function readLogged(db: Kysely<Tables>, first: number, count: number): Promise<LoggedVersion[]> {
  const { rows } = await sql<LoggedVersion>`
    select leaf.leaf_index, leaf.entry, leaf.kind, leaf.record_id, leaf.version, stored.body, stored.sealed_seed,
      stored.leaf_hash, stored.op, stored.status::text as status, null as person_id, ${present_columns}
    from ops.log_entries leaf
    left join ops.declaration_versions stored
      on leaf.kind = 'declaration' and stored.declaration_id = leaf.record_id and stored.version = leaf.version
    left join ops.declaration_heads head on head.id = stored.declaration_id and head.version = stored.version
    where leaf.leaf_index >= ${first} and leaf.leaf_index < ${first + count}`.execute(db);
  for (const row of rows) row.person_id = personOf(row.body);
  return rows;
}

/** Read as bytes: a body that is no text any more is a finding, and must not end the audit. */
function personOf(body: Buffer | null): string | null {
  return /"person_id":"([0-9a-f-]{36})"/.exec(body?.toString('latin1') ?? '')?.[1] ?? null;
}

async function readErased(db: Kysely<Tables>, rows: readonly LoggedVersion[]): Promise<Set<string>> {
  const ids = [...new Set(rows.flatMap((row) => row.person_id ?? []))];
  const { rows: found } = await sql<{ person_id: string }>`
    select erasure.person_id from ops.erasures erasure
    join ops.log_entries leaf on leaf.kind = 'erasure' and leaf.record_id = erasure.person_id
    where erasure.person_id = any(${ids}::uuid[])`.execute(db);
  return new Set(found.map((row) => row.person_id));
}

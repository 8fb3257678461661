import type { TransactionOf } from '@zdravo/kit/db';
import { unavailable } from '@zdravo/kit/problem';
import {
  appendLeaves,
  canonicalJson,
  createMemoryTileStore,
  EMPTY_BUNDLE_EDGE,
  EMPTY_FRONTIER,
  EMPTY_TILE_EDGE,
  encodeReceipt,
  frontierRoot,
  gatherCosignatures,
  hashLeaf,
  type Policy,
  proveConsistency,
  proveInclusion,
  type Signer,
  sha256,
  signCheckpoint,
  type TileStore,
  writeBundles,
  writeTiles,
} from '@zdravo/tlog';
import { sql } from 'kysely';
import type { Tables } from '../tables.ts';

type Db = TransactionOf<Tables>;

/** Who signs the log of publications, and whom it asks to cosign. */
export type PublicationsLog = {
  signer: Signer;
  /** c2sp.org/tlog-policy: the log's own key, its witnesses and how many of them must have seen a publication. */
  policy: Policy;
  policy_text: Uint8Array;
  /** How long one witness is waited for, milliseconds. */
  witness_timeout_ms: number;
};

/** What a published document's commitment is over, as `zdravo-verify report` opens it: this label and the bytes. */
const publication_label = 'zdravo-publication/v1\n';

/** The public leaf of a month's manifest. */
export function entryOf(billing_month: string, manifest: Uint8Array): Uint8Array {
  const commitment = sha256(Buffer.concat([Buffer.from(publication_label), manifest]));
  return canonicalJson({
    c: Buffer.from(commitment).toString('base64'),
    h: `capitation ${billing_month}`,
    k: 'publication',
    n: 1,
    op: 'publish',
    v: 1,
  });
}

/**
 * Appends a manifest's leaf, or finds it there. The log has one entry a month: it is read whole.
 * @returns the entry's index.
 */
export async function appendPublication(db: Db, entry: Uint8Array): Promise<number> {
  await sql`select pg_advisory_xact_lock(7202614)`.execute(db);
  const known = await sql<{
    index: number;
  }>`select index from reports.publications where entry = ${Buffer.from(entry)}`.execute(db);
  if (known.rows[0]) return known.rows[0].index;
  const { rows } = await sql<{ index: number }>`
    insert into reports.publications (index, entry) select count(*), ${Buffer.from(entry)} from reports.publications
    returning index`.execute(db);
  return rows[0]!.index;
}

export type LoggedPublication = {
  /** c2sp.org/tlog-proof: good for ever and without network. */
  proof: Uint8Array;
  /** The same with its entry, as `zdravo-verify report` reads it. */
  receipt: Uint8Array;
  /** The newest cosigned checkpoint. */
  checkpoint: Uint8Array;
  /** The whole log as static files (c2sp.org/tlog-tiles), by path. */
  tiles: Map<string, Uint8Array>;
};

/**
 * The proofs of an entry under a checkpoint that the quorum of witnesses has cosigned.
 * @throws Problem 503 `publication_not_witnessed`: nothing may be shown before the witnesses have seen it.
 */
export async function logPublication(db: Db, log: PublicationsLog, index: number): Promise<LoggedPublication> {
  const entries = await readEntries(db);
  const store = createMemoryTileStore();
  await writeTiles(store, { edge: EMPTY_TILE_EDGE, leaf_hashes: entries.map(hashLeaf) });
  await writeBundles(store, { edge: EMPTY_BUNDLE_EDGE, entries });
  const checkpoint = await cosignedCheckpoint(db, log, entries, store);
  const size = BigInt(entries.length);
  const path = await proveInclusion({ store, index: BigInt(index), size });
  const proof = encodeReceipt({ index: BigInt(index), proof: path, checkpoint });
  const entry = entries[index]!;
  const receipt = canonicalJson({
    entry: Buffer.from(entry).toString(),
    leaf_hash: Buffer.from(hashLeaf(entry)).toString('hex'),
    leaf_index: index,
    checkpoint_size: Number(size),
    receipt: Buffer.from(proof).toString(),
    version: 1,
  });
  return { proof, receipt, checkpoint, tiles: await filesOf(store) };
}

async function readEntries(db: Db): Promise<Uint8Array[]> {
  const rows = await db.selectFrom('reports.publications').select('entry').orderBy('index').execute();
  return rows.map(({ entry }) => entry as unknown as Uint8Array);
}

/** The checkpoint over all entries; cosigned once and kept, so that a run that goes on puts the same bytes. */
async function cosignedCheckpoint(
  db: Db,
  log: PublicationsLog,
  entries: readonly Uint8Array[],
  store: TileStore,
): Promise<Uint8Array> {
  const known = await findCheckpoint(db, entries.length);
  if (known) return known;
  const size = BigInt(entries.length);
  const root = frontierRoot(appendLeaves(EMPTY_FRONTIER, entries.map(hashLeaf)));
  const signed = await signCheckpoint({
    checkpoint: { origin: log.signer.key.name, size, root, extensions: [] },
    signers: [log.signer],
    timestamp: 0n,
  });
  const { checkpoint, quorum_met, outcomes } = await gatherCosignatures({
    checkpoint: signed,
    policy: log.policy,
    known_sizes: new Map(),
    prove: async (old_size) => (old_size > size ? [] : proveConsistency({ store, old_size, size })),
    timeout_ms: log.witness_timeout_ms,
  });
  if (!quorum_met) throw notWitnessed([...outcomes].map(([name, { outcome }]) => `${name} ${outcome}`));
  await sql`
    insert into reports.publication_checkpoints (size, note) values (${entries.length}, ${Buffer.from(checkpoint)})
    on conflict (size) do nothing`.execute(db);
  return (await findCheckpoint(db, entries.length))!;
}

function notWitnessed(outcomes: readonly string[]) {
  const message = `Too few witnesses have seen the publication (${outcomes.join(', ')}). It is not shown before they have.`;
  return unavailable(message, 60, 'publication_not_witnessed');
}

async function findCheckpoint(db: Db, size: number): Promise<Uint8Array | undefined> {
  const row = await db
    .selectFrom('reports.publication_checkpoints')
    .select('note')
    .where('size', '=', size)
    .executeTakeFirst();
  return row?.note as Uint8Array | undefined;
}

async function filesOf(store: ReturnType<typeof createMemoryTileStore>): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const path of store.paths()) files.set(path, (await store.get(path))!);
  return files;
}

import type { TransactionOf } from '@zdravo/kit/db';
import {
  appendLeaves,
  canonicalJson,
  EMPTY_FRONTIER,
  encodeReceipt,
  frontierRoot,
  type HashSource,
  hashLeaf,
  hashNode,
  makeInclusionProof,
  type Node,
  type Signer,
  signCheckpoint,
} from '@zdravo/tlog';
import { sql } from 'kysely';
import type { Tables } from '../tables.ts';

type Db = TransactionOf<Tables>;

/**
 * Appends a manifest to the log of publications, or finds it there. The log has one entry a month: it is read whole.
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

/** What a leaf commits to. */
export function entryOf(billing_month: string, manifest_sha256: string): Uint8Array {
  return canonicalJson({ billing_month, manifest_sha256 });
}

/** The receipt of an entry under a fresh signed checkpoint: good for ever and without network (c2sp.org/tlog-proof). */
export async function receiptOf(
  db: Db,
  signer: Signer,
  index: number,
): Promise<{ receipt: Uint8Array; checkpoint: Uint8Array }> {
  const leaves = await leafHashes(db);
  const size = BigInt(leaves.length);
  const root = frontierRoot(appendLeaves(EMPTY_FRONTIER, leaves));
  const checkpoint = await signCheckpoint({
    checkpoint: { origin: signer.key.name, size, root, extensions: [] },
    signers: [signer],
    timestamp: 0n,
  });
  const proof = await makeInclusionProof(memorySource(leaves), { index: BigInt(index), size });
  return { receipt: encodeReceipt({ index: BigInt(index), proof, checkpoint }), checkpoint };
}

async function leafHashes(db: Db): Promise<Uint8Array[]> {
  const rows = await db.selectFrom('reports.publications').select('entry').orderBy('index').execute();
  return rows.map(({ entry }) => hashLeaf(entry as unknown as Uint8Array));
}

function memorySource(leaves: readonly Uint8Array[]): HashSource {
  const hashOf = ({ level, index }: Node): Uint8Array =>
    level === 0
      ? leaves[Number(index)]!
      : hashNode(hashOf({ level: level - 1, index: index * 2n }), hashOf({ level: level - 1, index: index * 2n + 1n }));
  return { readHashes: async (nodes) => nodes.map(hashOf) };
}

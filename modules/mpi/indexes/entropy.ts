import { sql } from 'kysely';
import type { MpiDatabase } from '../deps.ts';
import { block_definitions } from '../linkage/block-definitions.ts';
import { type IndexDefinition, index_definitions } from './composites.ts';

/** How well the commonest value of an index hides. */
export type IndexEntropy = {
  index_id: number;
  name: string;
  entries: number;
  /** Rows of the commonest token. */
  largest: number;
  /** Min-entropy, −log2(largest ÷ entries), bits. */
  entropy_bits: number;
};

export const least_bits = 15;
/** Below this many entries a measurement says more of the sample than of the index. */
export const telling_entries = 100_000;
/** So many of one household may share a telephone: nothing that a thief could start from. */
const household = 16;

/**
 * Refuses a set of indexes of which one has fewer than 15 bits of min-entropy on a million persons: its tokens could be
 * ranked and read off against public lists of names (mpi.md §8).
 * @throws Error
 */
export function assertIndexesAllowed(
  definitions: readonly { id: number; name: string; measured_bits: number }[],
): void {
  const weak = definitions.filter(({ measured_bits }) => !(measured_bits >= least_bits));
  if (weak.length > 0)
    throw new Error(
      `Blind index ${weak.map(({ name }) => name).join(', ')} is too weak: at least ${least_bits} bits of min-entropy on a million persons expected. Index a composite instead.`,
    );
  if (new Set(definitions.map(({ id }) => id)).size < definitions.length)
    throw new Error('Two blind indexes have the same id.');
}

/** Whether a living index betrays its commonest value: more rows under one token than a household and 15 bits allow. */
export function isWeak({ entries, largest }: Pick<IndexEntropy, 'entries' | 'largest'>): boolean {
  return entries >= telling_entries && largest > Math.max(household, entries / 2 ** least_bits);
}

/** Measures every blind index of one generation on the data as they are; reads the whole index. */
export async function indexEntropy(
  db: MpiDatabase,
  key_id: string,
  definitions: readonly Pick<IndexDefinition, 'id' | 'name'>[] = index_definitions,
): Promise<IndexEntropy[]> {
  const { rows } = await sql<{ index_id: number; entries: number; largest: number }>`
    select index_id, sum(rows)::bigint as entries, max(rows) as largest
    from (
      select index_id, count(*) as rows from mpi.blind_indexes where key_id = ${key_id} group by index_id, token
    ) token
    group by index_id order by index_id`.execute(db);
  return rows.map((row) => ({
    ...row,
    name: definitions.find(({ id }) => id === row.index_id)?.name ?? `${row.index_id}`,
    entropy_bits: -Math.log2(row.largest / row.entries),
  }));
}

/** Stands for all blocks together: their tokens do not tell which block they are of, and nor does the table. */
export const blocks_id = 100;

/**
 * The same of the blocks by which persons are found for comparison. `entries` are those of one block on average, so that the
 * commonest token of all is held against as many as it could hide among.
 */
export async function blockEntropy(db: MpiDatabase, key_id: string): Promise<IndexEntropy[]> {
  const { rows } = await sql<{ tokens: number; largest: number | null }>`
    select coalesce(sum(rows), 0)::bigint as tokens, max(rows) as largest
    from (select count(*) as rows from mpi.linkage_blocks where key_id = ${key_id} group by token) token`.execute(db);
  const { tokens, largest } = rows[0]!;
  if (largest === null) return [];
  const entries = Math.max(largest, Math.round(tokens / block_definitions.length));
  return [
    { index_id: blocks_id, name: 'linkage_blocks', entries, largest, entropy_bits: -Math.log2(largest / entries) },
  ];
}

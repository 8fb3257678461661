import { correlationClusters } from '@zdravo/linkage';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { Verdict } from './decide.ts';
import { type Judged, propose } from './propose.ts';
import type { Run } from './relink.ts';

type Pair = {
  low_id: string;
  high_id: string;
  low_root: string;
  high_root: string;
  log2_odds: number;
  evidence: ({ verdict: Verdict; probability: number } & Record<string, unknown>) | null;
};

/** Pairs with less than these odds do not hold any group together, nor apart. */
const least_bits = -40;
/** Pairs carried out in one transaction. */
const batch_size = 2000;

/**
 * Groups what was compared and proposes what follows: a machine's merge only within a group, for a likely pair that the
 * clustering keeps apart has a contradiction around it.
 */
export async function decideRelink(
  db: Kysely<Tables>,
  run: Run,
  onGroup: (ids: string[]) => void = () => {},
): Promise<{ pairs: number; proposed: number; asked: number }> {
  const pairs = await scoredPairs(db, run);
  const { ids, clusterOf } = clusters(pairs);
  const groups = Map.groupBy(ids.keys(), (row) => clusterOf[row]!);
  for (const rows of groups.values()) if (rows.length > 1) onGroup(rows.map((row) => ids[row]!));
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const isTogether = (pair: Pair) => clusterOf[rowOf.get(pair.low_id)!] === clusterOf[rowOf.get(pair.high_id)!];
  let [proposed, asked] = [0, 0];
  const said = pairs.filter((pair) => pair.evidence && pair.low_root !== pair.high_root);
  for (let at = 0; at < said.length; at += batch_size) {
    const judged = said.slice(at, at + batch_size).map((pair) => judge(pair, isTogether(pair)));
    await db.transaction().execute((transaction) => propose(transaction, judged));
    for (const { verdict } of judged) {
      if (verdict === 'merge') proposed += 1;
      else asked += 1;
    }
  }
  return { pairs: pairs.length, proposed, asked };
}

function judge({ evidence: said, low_root, high_root }: Pair, is_together: boolean): Judged {
  const { verdict: alone, probability, ...evidence } = said!;
  const verdict = alone === 'merge' && !is_together ? 'review' : alone;
  return { ids: [low_root, high_root], verdict, probability, evidence };
}

async function scoredPairs(db: Kysely<Tables>, run: Run): Promise<Pair[]> {
  const { rows } = await sql<Pair>`
    select pair.low_id, pair.high_id, coalesce(low.parent_id, low.id) as low_root,
      coalesce(high.parent_id, high.id) as high_root, pair.log2_odds, pair.evidence
    from mpi.relink_pairs pair
    join mpi.persons low on low.id = pair.low_id and low.status <> 'erased'
    join mpi.persons high on high.id = pair.high_id and high.status <> 'erased'
    where pair.run_id = ${run.id} and pair.log2_odds > ${least_bits}
    order by pair.low_id, pair.high_id`.execute(db);
  return rows;
}

function clusters(pairs: readonly Pair[]): { ids: string[]; clusterOf: Int32Array } {
  const ids = [...new Set(pairs.flatMap((pair) => [pair.low_id, pair.high_id]))].sort();
  const rowOf = new Map(ids.map((id, row) => [id, row]));
  const weighted = {
    size: pairs.length,
    left: Int32Array.from(pairs, (pair) => rowOf.get(pair.low_id)!),
    right: Int32Array.from(pairs, (pair) => rowOf.get(pair.high_id)!),
    weight: Float64Array.from(pairs, (pair) => pair.log2_odds),
  };
  return { ids, clusterOf: correlationClusters(ids.length, weighted) };
}

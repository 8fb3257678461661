import { countAllPairs } from '../blocking/candidates.ts';
import type { RecordTable } from '../records/table.ts';
import { countAgreement, type KnownClusters } from './chance.ts';

/** Dependence is sought among at most about this many rows. */
const MOST_ROWS = 120_000;
/** Fewer pairs that agree by chance say too little about dependence. */
const FEWEST_PAIRS = 100;
/** A dependence is worth modelling when agreement on one field makes agreement on the other this many times as likely… */
const LEAST_LIFT = 4;
/** …and likely enough to matter. */
const LEAST_SHARE = 0.05;

/**
 * For each field the field that it leans on, or −1: city and postcode, district and region, parts of one address. Agreement on both is less
 * evidence than the sum, and so is disagreement on both. A maximum spanning forest over lifts (Chow & Liu 1968), the rarer
 * agreement being the parent. Pairs within known clusters are left out: matches agree on everything, which is no dependence.
 */
export function findParents(table: RecordTable, clusters: KnownClusters): number[] {
  const fieldCount = table.fields.length;
  const step = Math.max(1, Math.ceil(table.size / MOST_ROWS));
  const single = table.fields.map((_, field) => countAgreement(table, [field], clusters, step));
  const share = single.map(({ agreeing, present }) => (agreeing + 0.5) / (present + 10));
  const edges: { a: number; b: number; lift: number }[] = [];
  for (let a = 0; a < fieldCount; a++) {
    for (let b = a + 1; b < fieldCount; b++) {
      const [rare, common] = share[a]! <= share[b]! ? [a, b] : [b, a];
      const { agreeing, matchesAgreeing } = single[rare]!;
      if (agreeing < Math.max(FEWEST_PAIRS, 3 * matchesAgreeing)) continue;
      const joint = countAgreement(table, [rare, common], clusters, step);
      const jointShare = joint.agreeing / Math.max(1, joint.present);
      const lift = jointShare / (share[a]! * share[b]!);
      if (lift >= LEAST_LIFT && jointShare / share[rare]! >= LEAST_SHARE) edges.push({ a: rare, b: common, lift });
    }
  }
  return countAllPairs(table) === 0 ? single.map(() => -1) : spanningForest(fieldCount, edges, share);
}

function spanningForest(
  fieldCount: number,
  edges: readonly { a: number; b: number; lift: number }[],
  share: readonly number[],
): number[] {
  const tree = Array.from({ length: fieldCount }, (_, field) => field);
  const neighbours: number[][] = tree.map(() => []);
  for (const { a, b } of edges.toSorted((one, other) => other.lift - one.lift)) {
    const [treeA, treeB] = [tree[a]!, tree[b]!];
    if (treeA === treeB) continue;
    neighbours[a]!.push(b);
    neighbours[b]!.push(a);
    for (let field = 0; field < fieldCount; field++) if (tree[field] === treeB) tree[field] = treeA;
  }
  const parents = tree.map(() => -1);
  const seen = new Set<number>();
  const hang = (field: number, parent: number): void => {
    parents[field] = parent;
    seen.add(field);
    for (const next of neighbours[field]!) if (!seen.has(next)) hang(next, field);
  };
  const rarestFirst = tree.map((_, field) => field).sort((a, b) => share[a]! - share[b]! || a - b);
  for (const field of rarestFirst) if (!seen.has(field)) hang(field, -1);
  return parents;
}

/** Agreement of a clustering with the truth, by pairs and by records. All shares are 0…1. */
export interface Evaluation {
  /** Records whose true cluster is known; only they count. */
  records: number;
  true_pairs: number;
  found_pairs: number;
  correct_pairs: number;
  wrong_pairs: number;
  missed_pairs: number;
  precision: number;
  recall: number;
  f1: number;
  /** B³ (Bagga & Baldwin 1998): the same shares averaged over records. */
  b3: { precision: number; recall: number; f1: number };
}

/** Compares clusters with the truth (−1 = unknown). With `sources` only pairs from different sources count as pairs. */
export function evaluateClusters(clusterOf: Int32Array, truth: Int32Array, sources?: Uint8Array): Evaluation {
  const rows = Int32Array.from(clusterOf, (_, row) => row).filter((row) => truth[row]! >= 0);
  const found = groupBy(rows, (row) => String(clusterOf[row]));
  const actual = groupBy(rows, (row) => String(truth[row]));
  const both = groupBy(rows, (row) => `${clusterOf[row]}|${truth[row]}`);
  const pairs = (groups: Map<string, number[]>): number =>
    sum([...groups.values()], (group) => pairsWithin(group, sources));
  const [foundPairs, truePairs, correct] = [pairs(found), pairs(actual), pairs(both)];
  return {
    records: rows.length,
    true_pairs: truePairs,
    found_pairs: foundPairs,
    correct_pairs: correct,
    wrong_pairs: foundPairs - correct,
    missed_pairs: truePairs - correct,
    ...shares(correct, foundPairs, truePairs),
    b3: bCubed({ rows, found, actual, both, clusterOf, truth }),
  };
}

interface Groupings {
  rows: Int32Array;
  found: Map<string, number[]>;
  actual: Map<string, number[]>;
  both: Map<string, number[]>;
  clusterOf: Int32Array;
  truth: Int32Array;
}

function bCubed({ rows, found, actual, both, clusterOf, truth }: Groupings): Evaluation['b3'] {
  let [precision, recall] = [0, 0];
  for (const row of rows) {
    const shared = both.get(`${clusterOf[row]}|${truth[row]}`)!.length;
    precision += shared / found.get(String(clusterOf[row]))!.length;
    recall += shared / actual.get(String(truth[row]))!.length;
  }
  const count = Math.max(1, rows.length);
  return { precision: precision / count, recall: recall / count, f1: harmonicMean(precision / count, recall / count) };
}

function shares(correct: number, found: number, actual: number) {
  const precision = found === 0 ? 1 : correct / found;
  const recall = actual === 0 ? 1 : correct / actual;
  return { precision, recall, f1: harmonicMean(precision, recall) };
}

function harmonicMean(a: number, b: number): number {
  return a + b === 0 ? 0 : (2 * a * b) / (a + b);
}

function pairsWithin(group: readonly number[], sources: Uint8Array | undefined): number {
  if (sources === undefined) return (group.length * (group.length - 1)) / 2;
  const seconds = sum(group, (row) => sources[row]!);
  return seconds * (group.length - seconds);
}

function groupBy(rows: Int32Array, keyOf: (row: number) => string): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return groups;
}

function sum<T>(items: readonly T[], amountOf: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += amountOf(item);
  return total;
}

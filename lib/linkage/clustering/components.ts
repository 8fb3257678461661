/** Scored pairs of rows. Weights are bits above (positive) or below the decision threshold. */
export interface WeightedPairs {
  size: number;
  left: Int32Array;
  right: Int32Array;
  weight: Float64Array;
}

/** For every row the smallest row that a chain of positive pairs leads to. */
export function connectedComponents(rows: number, pairs: WeightedPairs): Int32Array {
  const parent = Int32Array.from({ length: rows }, (_, row) => row);
  const rootOf = (row: number): number => {
    let root = row;
    while (parent[root] !== root) root = parent[root]!;
    let step = row;
    while (parent[step] !== root) {
      const next = parent[step]!;
      parent[step] = root;
      step = next;
    }
    return root;
  };
  for (let pair = 0; pair < pairs.size; pair++) {
    if (pairs.weight[pair]! <= 0) continue;
    const [a, b] = [rootOf(pairs.left[pair]!), rootOf(pairs.right[pair]!)];
    if (a !== b) parent[Math.max(a, b)] = Math.min(a, b);
  }
  for (let row = 0; row < rows; row++) parent[row] = rootOf(row);
  return parent;
}

/** The groups of two or more rows that share a number, rows ascending. */
export function groupsOf(clusterOf: Int32Array): number[][] {
  const groups = new Map<number, number[]>();
  for (let row = 0; row < clusterOf.length; row++) {
    const cluster = clusterOf[row]!;
    const group = groups.get(cluster);
    if (group === undefined) groups.set(cluster, [row]);
    else group.push(row);
  }
  return [...groups.values()].filter((group) => group.length > 1);
}

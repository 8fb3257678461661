import { connectedComponents, type WeightedPairs } from './components.ts';
import { createHeap } from './heap.ts';

/** No single pair may outvote more than this many bits of others. */
const MOST_BITS = 12;

/**
 * Clusters by greedy additive edge contraction: again and again joins the two clusters with the largest sum of weights between them
 * while that is positive, so that strong disagreement inside a chain keeps its ends apart. Answers for every row the smallest row of its
 * cluster. Source: Keuper et al. 2015 (GAEC) for the correlation clustering problem of Bansal, Blum & Chawla 2004.
 */
export function correlationClusters(rows: number, pairs: WeightedPairs): Int32Array {
  const component = connectedComponents(rows, pairs);
  const clusterOf = Int32Array.from({ length: rows }, (_, row) => row);
  const adjacency = new Map<number, Map<number, number>>();
  const heap = createHeap();
  const connect = (a: number, b: number, weight: number): void => {
    const neighbours = adjacency.get(a) ?? new Map<number, number>();
    neighbours.set(b, (neighbours.get(b) ?? 0) + weight);
    adjacency.set(a, neighbours);
  };
  for (let pair = 0; pair < pairs.size; pair++) {
    const [left, right] = [pairs.left[pair]!, pairs.right[pair]!];
    if (component[left] !== component[right]) continue;
    const weight = Math.max(-MOST_BITS, Math.min(MOST_BITS, pairs.weight[pair]!));
    connect(left, right, weight);
    connect(right, left, weight);
    if (weight > 0) heap.push({ weight, a: Math.min(left, right), b: Math.max(left, right) });
  }
  for (let edge = heap.pop(); edge !== undefined; edge = heap.pop()) {
    if (adjacency.get(edge.a)?.get(edge.b) !== edge.weight) continue;
    contract(edge.a, edge.b);
  }
  return flattened(clusterOf);

  function contract(keep: number, drop: number): void {
    clusterOf[drop] = keep;
    const dropped = adjacency.get(drop)!;
    adjacency.delete(drop);
    const kept = adjacency.get(keep)!;
    kept.delete(drop);
    for (const [neighbour, weight] of dropped) {
      if (neighbour === keep) continue;
      const sum = (kept.get(neighbour) ?? 0) + weight;
      kept.set(neighbour, sum);
      const back = adjacency.get(neighbour)!;
      back.delete(drop);
      back.set(keep, sum);
      if (sum > 0) heap.push({ weight: sum, a: Math.min(keep, neighbour), b: Math.max(keep, neighbour) });
    }
  }
}

function flattened(clusterOf: Int32Array): Int32Array {
  for (let row = 0; row < clusterOf.length; row++) clusterOf[row] = clusterOf[clusterOf[row]!]!;
  return clusterOf;
}

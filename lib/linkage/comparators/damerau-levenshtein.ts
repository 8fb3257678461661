const LONGEST = 256;
let previous = new Int32Array(LONGEST + 1);
let current = new Int32Array(LONGEST + 1);
let beforePrevious = new Int32Array(LONGEST + 1);

/**
 * Damerau–Levenshtein distance (optimal string alignment: insert, delete, replace, swap of neighbours, each costs 1).
 * Answers `limit + 1` as soon as the distance is known to be above `limit`; text beyond 256 units is not looked at.
 * Source: Damerau 1964, CACM 7(3).
 */
export function damerauLevenshtein(left: string, right: string, limit: number): number {
  if (left === right) return 0;
  let start = 0;
  let leftEnd = Math.min(left.length, LONGEST);
  let rightEnd = Math.min(right.length, LONGEST);
  if (Math.abs(leftEnd - rightEnd) > limit) return limit + 1;
  while (start < leftEnd && start < rightEnd && left.charCodeAt(start) === right.charCodeAt(start)) start++;
  while (leftEnd > start && rightEnd > start && left.charCodeAt(leftEnd - 1) === right.charCodeAt(rightEnd - 1)) {
    leftEnd--;
    rightEnd--;
  }
  if (leftEnd === start || rightEnd === start) return Math.min(limit + 1, leftEnd - start + (rightEnd - start));
  return distanceBetween(left, right, { start, leftEnd, rightEnd, limit });
}

interface Differing {
  start: number;
  leftEnd: number;
  rightEnd: number;
  limit: number;
}

function distanceBetween(left: string, right: string, { start, leftEnd, rightEnd, limit }: Differing): number {
  const width = rightEnd - start;
  for (let j = 0; j <= width; j++) previous[j] = j;
  for (let i = 1; i <= leftEnd - start; i++) {
    const leftUnit = left.charCodeAt(start + i - 1);
    // Each step off the diagonal costs 1, so a distance within the limit is found in a band about it (Ukkonen 1985).
    const [first, last] = [Math.max(1, i - limit), Math.min(width, i + limit)];
    current[first - 1] = first === 1 ? i : limit + 1;
    if (last === i + limit) previous[last] = limit + 1;
    let best = current[first - 1]!;
    for (let j = first; j <= last; j++) {
      const rightUnit = right.charCodeAt(start + j - 1);
      let cost = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + (leftUnit === rightUnit ? 0 : 1));
      if (
        i > 1 &&
        j > 1 &&
        leftUnit === right.charCodeAt(start + j - 2) &&
        left.charCodeAt(start + i - 2) === rightUnit
      ) {
        cost = Math.min(cost, beforePrevious[j - 2]! + 1);
      }
      current[j] = cost;
      if (cost < best) best = cost;
    }
    if (best > limit) return limit + 1;
    [beforePrevious, previous, current] = [previous, current, beforePrevious];
  }
  return Math.min(previous[width]!, limit + 1);
}

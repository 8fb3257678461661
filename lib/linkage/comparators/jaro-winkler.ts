const BUFFER_LENGTH = 256;
const matchedLeft = new Uint8Array(BUFFER_LENGTH);
const matchedRight = new Uint8Array(BUFFER_LENGTH);

/**
 * Jaro–Winkler similarity in 0…1 (1 = equal), prefix scale 0.1 over at most four letters.
 * Text beyond 256 UTF-16 units is not looked at. Source: Winkler 1990, "String Comparator Metrics…".
 */
export function jaroWinkler(left: string, right: string): number {
  if (left === right) return 1;
  const jaro = jaroSimilarity(left, right);
  let prefix = 0;
  const longest = Math.min(4, left.length, right.length);
  while (prefix < longest && left.charCodeAt(prefix) === right.charCodeAt(prefix)) prefix++;
  return jaro + prefix * 0.1 * (1 - jaro);
}

/** Jaro similarity in 0…1 by common letters within half the longer length and their transpositions. */
export function jaroSimilarity(left: string, right: string): number {
  // Greedy matching may differ by direction; the order of the arguments must not matter.
  if (left.length > right.length || (left.length === right.length && left > right)) return jaroSimilarity(right, left);
  const shorter = Math.min(left.length, BUFFER_LENGTH);
  const longer = Math.min(right.length, BUFFER_LENGTH);
  if (shorter === 0) return longer === 0 ? 1 : 0;
  const common = markCommon(left, right, shorter, longer);
  if (common === 0) return 0;
  const transposed = countTransposed(left, right, shorter);
  return (common / shorter + common / longer + (common - transposed) / common) / 3;
}

function markCommon(left: string, right: string, shorter: number, longer: number): number {
  matchedLeft.fill(0, 0, shorter);
  matchedRight.fill(0, 0, longer);
  const reach = Math.max(0, (longer >> 1) - 1);
  let common = 0;
  for (let i = 0; i < shorter; i++) {
    const unit = left.charCodeAt(i);
    const end = Math.min(longer - 1, i + reach);
    for (let j = Math.max(0, i - reach); j <= end; j++) {
      if (matchedRight[j] === 1 || right.charCodeAt(j) !== unit) continue;
      matchedLeft[i] = 1;
      matchedRight[j] = 1;
      common++;
      break;
    }
  }
  return common;
}

function countTransposed(left: string, right: string, shorter: number): number {
  let outOfPlace = 0;
  let j = 0;
  for (let i = 0; i < shorter; i++) {
    if (matchedLeft[i] === 0) continue;
    while (matchedRight[j] === 0) j++;
    if (left.charCodeAt(i) !== right.charCodeAt(j)) outOfPlace++;
    j++;
  }
  return outOfPlace / 2;
}

import type { RecordTable } from '../records/table.ts';
import type { CandidatePairs } from './candidate-pairs.ts';
import { AGREES, type FieldParameters, parentState, UNKNOWN } from './parameters.ts';

/** No value is so rare or so common that its frequency may move a decision by more bits than this. */
const MOST_FREQUENCY_BITS = 10;

/** How many different entities have each value of a field, by value number. */
export type ValueFrequencies = Float64Array;

/** Counts entities, not records, so that a person recorded five times does not make their own name look common. */
export function countFrequencies(table: RecordTable, clusterOf: Int32Array): ValueFrequencies[] {
  const order = Int32Array.from(clusterOf, (_, row) => row).sort((a, b) => clusterOf[a]! - clusterOf[b]! || a - b);
  return table.codes.map((codes, field) => {
    const frequencies = new Float64Array(table.dictionaries[field]!.size + 1);
    const lastCluster = new Int32Array(frequencies.length).fill(-1);
    for (const row of order) {
      const code = codes[row]!;
      if (code === 0 || lastCluster[code] === clusterOf[row]) continue;
      lastCluster[code] = clusterOf[row]!;
      frequencies[code]!++;
    }
    return frequencies;
  });
}

/** Bits to add for exact agreement on one value: agreeing on a rare one says more than on a common one. */
export type FrequencyBits = (code: number) => number;

/**
 * log2(u of exact agreement / frequency of the value), the frequency being that of the other entities, leaning on u where few are
 * known. Source: Winkler 2000, "Frequency-based matching in Fellegi–Sunter model".
 */
export function frequencyBits(parameters: FieldParameters, frequencies: ValueFrequencies): FrequencyBits {
  if (typeof parameters.fixed[0] === 'number') return () => 0;
  const exact = parameters.u[UNKNOWN]![0]!;
  let entities = 0;
  for (const count of frequencies) entities += count;
  const bits = Float64Array.from(frequencies, (count) => {
    const frequency = (Math.max(0, count - 1) + 1) / (Math.max(0, entities - 1) + 1 / exact);
    return Math.max(-MOST_FREQUENCY_BITS, Math.min(MOST_FREQUENCY_BITS, Math.log2(exact / frequency)));
  });
  return (code) => bits[code]! * parameters.weight;
}

/** Adds the frequency bits of every exactly agreeing field to the ratio of each pair's pattern. */
export function scorePairs(
  table: RecordTable,
  pairs: CandidatePairs,
  {
    ratios,
    parameters,
    frequencies,
  }: { ratios: Float64Array; parameters: readonly FieldParameters[]; frequencies: readonly FrequencyBits[] },
): Float64Array {
  const scores = new Float64Array(pairs.size);
  const { fieldCount, levelCounts } = pairs.shape;
  for (let pair = 0; pair < pairs.size; pair++) {
    const offset = pairs.pattern[pair]! * fieldCount;
    let bits = ratios[pairs.pattern[pair]!]!;
    for (let field = 0; field < fieldCount; field++) {
      if (pairs.patterns.levels[offset + field] !== 0) continue;
      if (parentState(parameters[field]!, pairs.patterns.levels, offset, levelCounts) === AGREES) continue;
      bits += frequencies[field]!(table.codes[field]![pairs.left[pair]!]!);
    }
    scores[pair] = bits;
  }
  return scores;
}

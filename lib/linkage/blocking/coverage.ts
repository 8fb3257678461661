import { mix32 } from '../records/hashing.ts';
import type { RecordTable } from '../records/table.ts';
import type { FieldParameters } from '../training/parameters.ts';
import type { BlockingRule } from './rules.ts';

const SIMULATED = 4000;

/**
 * Share of true matches that the rules are expected to join, 0…1: matches are simulated field by field from how often fields are filled and
 * how often they agree among matches (m). A part of a field (its year, its skeleton) is taken to survive in every similar level.
 * Fields are taken as independent, so the truth is likely somewhat lower.
 */
export function estimateCoverage(
  table: RecordTable,
  parameters: readonly FieldParameters[],
  rules: readonly BlockingRule[],
): number {
  const filled = table.codes.map(
    (codes) => codes.reduce((sum, code) => sum + (code === 0 ? 0 : 1), 0) / Math.max(1, table.size),
  );
  let joined = 0;
  for (let match = 0; match < SIMULATED; match++) {
    const states = parameters.map((field, index) => simulatedState(field, { filled: filled[index]!, match, index }));
    if (
      rules.some(({ atoms }) =>
        atoms.every(({ field, slot }) => states[field] === 'equal' || (slot >= 0 && states[field] === 'similar')),
      )
    )
      joined++;
  }
  return joined / SIMULATED;
}

type State = 'equal' | 'similar' | 'other';

function simulatedState(
  { m, levels }: FieldParameters,
  { filled, match, index }: { filled: number; match: number; index: number },
): State {
  if (uniform(match, index * 2) > filled) return 'other';
  const spread = m[0]!;
  const draw = uniform(match, index * 2 + 1);
  if (draw < spread[0]!) return 'equal';
  const unlike = levels.reduce(
    (sum, level, place) => sum + (level === 'different' || level === 'swapped' ? spread[place]! : 0),
    0,
  );
  // Of the similar levels about half keep a given part: a typo in the year spares month and day, and the other way round.
  return draw < spread[0]! + (1 - spread[0]! - unlike) / 2 ? 'similar' : 'other';
}

function uniform(match: number, stream: number): number {
  return (mix32(Math.imul(match + 1, 0x9e3779b1) ^ mix32(stream + 0x7f4a7c15)) >>> 0) / 0x1_0000_0000;
}

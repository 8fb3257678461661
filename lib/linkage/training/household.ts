import type { RecordTable } from '../records/table.ts';
import type { CandidatePairs } from './candidate-pairs.ts';
import { ABSENT_CELL, CELLS, cellBits, type FieldParameters, normalised, type PreparedPatterns } from './parameters.ts';
import { patternRatios } from './expectation-maximisation.ts';
import type { FrequencyBits } from './scoring.ts';

export type HouseholdMode = 'auto' | 'on' | 'off';

/**
 * The third class, *same household, different person*: relatives agree on surname, address, telephone and, as twins, birth date, and two
 * classes would call them one. What makes them two is pinned: given names agree as among strangers, personal numbers are never equal.
 */
export interface HouseholdParameters {
  /** Share of such pairs among all pairs. */
  share: number;
  /** Spread of each field's levels; a pinned field follows chance (u) instead. */
  h: number[][];
  pinned: readonly number[];
  note: string;
}

interface Starting {
  parameters: readonly FieldParameters[];
  prior: number;
  allPairs: number;
  mode: HouseholdMode;
}

export interface LearntHousehold {
  parameters: HouseholdParameters | null;
  prior: number;
  note: string;
}

const FEWEST_RECORDS = 2000;
const FEWEST_PAIRS = 20;
const NEVER = 1e-4;
const ROUNDS = 60;

/**
 * Learns the household class where the fields can show one and the data do. The guard: pinned fields are not fitted, so if pairs that
 * the class claims agree on given names far more than strangers do, it is stealing matches; then birth dates are pinned too, and if
 * that does not help, the class is dropped.
 */
export function learnHousehold(table: RecordTable, patterns: PreparedPatterns, starting: Starting): LearntHousehold {
  const none = (note: string): LearntHousehold => ({ parameters: null, prior: starting.prior, note });
  const roles = rolesOf(table);
  if (starting.mode === 'off') return none('switched off');
  if (roles === undefined) return none('no given name and surname beside a date or identifier');
  if (starting.mode === 'auto' && table.size < FEWEST_RECORDS) return none(`fewer than ${FEWEST_RECORDS} records`);
  for (const pinned of [[roles.given], [roles.given, ...roles.dates]]) {
    const learnt = fit(patterns, { ...starting, pinned, never: roles.identifiers, surname: roles.surname });
    const verdict = judge(patterns, learnt, { ...starting, roles });
    if (verdict.isSound) return { parameters: { ...learnt.household, note: verdict.note }, prior: learnt.prior, note: verdict.note };
    if (pinned.length > roles.dates.length) return none(verdict.note);
  }
  return none('no sound household class');
}

interface Roles {
  given: number;
  surname: number;
  dates: number[];
  identifiers: number[];
}

function rolesOf(table: RecordTable): Roles | undefined {
  const all = (name: string): number[] => table.fields.flatMap(({ type }, index) => (type.name === name ? [index] : []));
  const [given, surname, dates, identifiers] = [all('given_name')[0], all('surname')[0], all('date'), all('identifier')];
  if (given === undefined || surname === undefined || dates.length + identifiers.length === 0) return undefined;
  return { given, surname, dates, identifiers };
}

interface Fitted {
  household: HouseholdParameters;
  prior: number;
  /** Probability of the household class for each pattern. */
  claims: Float64Array;
}

function fit(
  patterns: PreparedPatterns,
  { parameters, prior, allPairs, pinned, never, surname }: Starting & { pinned: number[]; never: number[]; surname: number },
): Fitted {
  const matchBits = patternRatios(patterns, cellBits(parameters), new Set());
  const household: HouseholdParameters = {
    share: prior / 2,
    h: parameters.map((field, index) => startingSpread(field, { never: never.includes(index), isSurname: index === surname })),
    pinned,
    note: '',
  };
  let match = prior;
  const claims = new Float64Array(patterns.size);
  for (let round = 0; round < ROUNDS; round++) {
    const familyBits = patternRatios(patterns, householdBits(parameters, household), new Set());
    const counts = parameters.map(() => new Float64Array(16));
    let [matches, families] = [0, 0];
    for (let row = 0; row < patterns.size; row++) {
      const m = match * 2 ** matchBits[row]!;
      const h = household.share * 2 ** familyBits[row]!;
      const total = m + h + (1 - match - household.share);
      const count = patterns.counts[row]!;
      claims[row] = h / total;
      matches += (count * m) / total;
      families += (count * h) / total;
      for (let field = 0; field < patterns.fieldCount; field++) {
        const cell = patterns.cells[row * patterns.fieldCount + field]!;
        if (cell !== ABSENT_CELL) counts[field]![cell & 15]! += count * claims[row]!;
      }
    }
    household.share = Math.min(0.1, Math.max(families, 1e-3) / allPairs);
    match = Math.min(0.5, Math.max(matches, 0.5) / allPairs);
    household.h = parameters.map((field, index) => learntSpread(field, counts[index]!, never.includes(index)));
  }
  return { household, prior: match, claims };
}

function startingSpread({ m, u }: FieldParameters, { never, isSurname }: { never: boolean; isSurname: boolean }): number[] {
  const lean = isSurname ? 0.8 : 0.4;
  const spread = m[0]!.map((share, level) => lean * share + (1 - lean) * u[0]![level]!);
  if (never) spread[0] = NEVER;
  return normalised(spread);
}

function learntSpread({ u }: FieldParameters, counts: Float64Array, never: boolean): number[] {
  const spread = normalised(u[0]!.map((share, level) => share * 2 + counts[level]!));
  if (never) spread[0] = NEVER;
  return normalised(spread);
}

/** log2(h / u) of every field and cell; pinned fields say nothing for or against strangers. */
function householdBits(parameters: readonly FieldParameters[], { h, pinned }: HouseholdParameters): Float64Array {
  const bits = new Float64Array(parameters.length * CELLS);
  parameters.forEach(({ u, levels }, field) => {
    if (pinned.includes(field)) return;
    u.forEach((chance, state) => {
      for (let level = 0; level < levels.length; level++) {
        bits[field * CELLS + state * 16 + level] = Math.log2(h[field]![level]! / chance[level]!);
      }
    });
  });
  return bits;
}

/** Whether the class is a household: big enough, of one surname, and no likelier than strangers to share a given name. */
function judge(
  patterns: PreparedPatterns,
  { household, claims }: Fitted,
  { parameters, roles }: Starting & { roles: Roles },
): { isSound: boolean; note: string } {
  let pairs = 0;
  for (let row = 0; row < patterns.size; row++) pairs += claims[row]! * patterns.counts[row]!;
  const given = agreementUnder(patterns, claims, roles.given);
  const surname = agreementUnder(patterns, claims, roles.surname);
  const allowed = 0.03 + 4 * parameters[roles.given]!.u[0]![0]!;
  const seen = `${Math.round(pairs)} pairs, surname equal in ${percent(surname)}, given name in ${percent(given)} (allowed ${percent(allowed)})`;
  if (pairs < FEWEST_PAIRS) return { isSound: false, note: `too few household pairs: ${seen}` };
  if (surname < 0.3) return { isSound: false, note: `no family signal: ${seen}` };
  if (given > allowed) return { isSound: false, note: `would take matches away: ${seen}` };
  return { isSound: true, note: `${seen}; pinned: ${household.pinned.map((field) => parameters[field]!.name).join(', ')}` };
}

function agreementUnder(patterns: PreparedPatterns, claims: Float64Array, field: number): number {
  let [agreeing, present] = [0, 0];
  for (let row = 0; row < patterns.size; row++) {
    const cell = patterns.cells[row * patterns.fieldCount + field]!;
    if (cell === ABSENT_CELL) continue;
    const weight = claims[row]! * patterns.counts[row]!;
    present += weight;
    if ((cell & 15) === 0) agreeing += weight;
  }
  return agreeing / Math.max(1e-9, present);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Lowers each score from "match or stranger" to "match or anything else": odds = 1 / (strangers + household). */
export function addHousehold(
  table: RecordTable,
  patterns: PreparedPatterns,
  scored: {
    pairs: CandidatePairs;
    household: HouseholdParameters;
    parameters: readonly FieldParameters[];
    prior: number;
    scores: Float64Array;
    frequencies: readonly FrequencyBits[];
  },
): void {
  const { pairs, household, parameters, prior, scores, frequencies } = scored;
  const family = patternRatios(patterns, householdBits(parameters, household), new Set());
  const match = patternRatios(patterns, cellBits(parameters), new Set());
  const shareBits = Math.log2(household.share / prior);
  for (let pair = 0; pair < pairs.size; pair++) {
    const row = pairs.pattern[pair]!;
    let bits = shareBits + family[row]! - match[row]!;
    for (const field of household.pinned) {
      const cell = patterns.cells[row * patterns.fieldCount + field]!;
      // A rare given name in common is a wonder among relatives as it is among strangers.
      if (cell === 0 || cell === 2 * 16) bits -= frequencies[field]!(table.codes[field]![pairs.left[pair]!]!);
    }
    scores[pair] = -Math.log2(2 ** -scores[pair]! + 2 ** bits);
  }
}

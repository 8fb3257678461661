import type { BlockingRule } from '../blocking/rules.ts';
import type { RecordTable } from '../records/table.ts';
import type { CandidatePairs } from './candidate-pairs.ts';
import { learnFromRules, patternRatios } from './expectation-maximisation.ts';
import { ABSENT_CELL, cellBits, type FieldParameters, type PreparedPatterns } from './parameters.ts';
import { type FamilyPins, familyBits, learntKind, startingKinds } from './relatives.ts';
import type { FrequencyBits } from './scoring.ts';

export type HouseholdMode = 'auto' | 'on' | 'off';

/**
 * The third class, *same household, different person*: relatives agree on surname, address, telephone and, as twins, birth date, and two
 * classes would call them one. What makes them two is pinned: given names agree as among strangers, personal numbers are never equal.
 */
export interface HouseholdParameters {
  kinds: RelativeKind[];
  pinned: readonly number[];
  note: string;
}

export interface RelativeKind {
  /** Share of such pairs among all pairs. */
  share: number;
  /** Spread of each field's levels; a pinned field follows chance (u) instead. */
  h: number[][];
}

interface Starting {
  /** u is learnt, m as the types expect it. */
  parameters: readonly FieldParameters[];
  rules: readonly BlockingRule[];
  allPairs: number;
  mode: HouseholdMode;
}

export interface LearntHousehold {
  household: HouseholdParameters;
  /** m as learnt beside the class, and the share of matches. */
  parameters: FieldParameters[];
  prior: number;
}

const FEWEST_RECORDS = 100;
const FEWEST_PAIRS = 20;
/** Where families are recorded, relatives are many; a class of a few pairs beside many matches is made of odd matches. */
const FEWEST_FOR_EACH_MATCH = 0.25;
const ROUNDS = 60;

/**
 * Learns the household class where the fields can show one and the data do. The guard: pinned fields are not fitted, so if pairs that
 * the class claims agree on given names far more than strangers do, it is stealing matches; then birth dates are pinned too, and if
 * that does not help, the class is dropped.
 */
export function learnHousehold(
  table: RecordTable,
  patterns: PreparedPatterns,
  starting: Starting,
): { learnt: LearntHousehold | undefined; note: string } {
  const roles = rolesOf(table);
  if (starting.mode === 'off') return { learnt: undefined, note: 'switched off' };
  if (roles === undefined) return { learnt: undefined, note: 'no given name and surname beside a date or identifier' };
  if (starting.mode === 'auto' && table.size < FEWEST_RECORDS) {
    return { learnt: undefined, note: `fewer than ${FEWEST_RECORDS} records` };
  }
  let note = '';
  for (const pinned of [[roles.given], [roles.given, ...roles.dates]]) {
    const pins = { pinned, never: roles.identifiers, surname: roles.surname };
    const parameters = starting.parameters.map((field) => ({ ...field, m: field.m.map((spread) => [...spread]) }));
    learnFromRules(patterns, parameters, starting.rules, pins);
    const fitted = fit(patterns, { parameters, pins, allPairs: starting.allPairs });
    const verdict = judge(patterns, fitted, { ...starting, parameters, roles });
    note = verdict.note;
    if (verdict.isSound)
      return { learnt: { parameters, prior: fitted.prior, household: { ...fitted.household, note } }, note };
  }
  return { learnt: undefined, note };
}

interface Roles {
  given: number;
  surname: number;
  dates: number[];
  identifiers: number[];
}

function rolesOf(table: RecordTable): Roles | undefined {
  const all = (name: string): number[] =>
    table.fields.flatMap(({ type }, index) => (type.name === name ? [index] : []));
  const [given, surname, dates, identifiers] = [
    all('given_name')[0],
    all('surname')[0],
    all('date'),
    all('identifier'),
  ];
  if (given === undefined || surname === undefined || dates.length + identifiers.length === 0) return undefined;
  return { given, surname, dates, identifiers };
}

interface Fitted {
  household: HouseholdParameters;
  prior: number;
  /** For each kind of relatives the probability of it for each pattern. */
  claims: Float64Array[];
}

function fit(
  patterns: PreparedPatterns,
  { parameters, pins, allPairs }: { parameters: readonly FieldParameters[]; pins: FamilyPins; allPairs: number },
): Fitted {
  const matchBits = patternRatios(patterns, cellBits(parameters), new Set());
  let match = 0.5 / Math.sqrt(allPairs);
  const starting = startingKinds(parameters, pins);
  let kinds: RelativeKind[] = starting.map(({ h }) => ({ share: 0.25 / Math.sqrt(allPairs), h }));
  const claims = kinds.map(() => new Float64Array(patterns.size));
  for (let round = 0; round < ROUNDS; round++) {
    const bits = kinds.map(({ h }) => patternRatios(patterns, familyBits(parameters, pins, h), new Set()));
    const counts = kinds.map(() => parameters.map(() => new Float64Array(16)));
    const families = kinds.map(() => 0);
    const strangers = 1 - match - kinds.reduce((sum, { share }) => sum + share, 0);
    let matches = 0;
    for (let row = 0; row < patterns.size; row++) {
      const m = match * 2 ** matchBits[row]!;
      const related = kinds.map(({ share }, kind) => share * 2 ** bits[kind]![row]!);
      const relatives = related.reduce((sum, weight) => sum + weight, 0);
      const total = m + relatives + strangers;
      matches += (patterns.counts[row]! * m) / total;
      related.forEach((weight, kind) => {
        const claimed = (patterns.counts[row]! * weight) / total;
        claims[kind]![row] = weight / total;
        families[kind]! += claimed;
        addLevels(counts[kind]!, patterns, { row, claimed });
      });
    }
    match = Math.min(0.4, Math.max(matches, 0.5) / allPairs);
    kinds = kinds.map((_, kind) => ({
      share: Math.min(0.1, Math.max(families[kind]!, 1e-3) / allPairs),
      h: learntKind(parameters, starting[kind]!, { counts: counts[kind]!, never: pins.never }),
    }));
  }
  return { household: { kinds, pinned: pins.pinned, note: '' }, prior: match, claims };
}

function addLevels(
  counts: readonly Float64Array[],
  { cells, fieldCount }: PreparedPatterns,
  { row, claimed }: { row: number; claimed: number },
): void {
  for (let field = 0; field < fieldCount; field++) {
    const cell = cells[row * fieldCount + field]!;
    if (cell !== ABSENT_CELL) counts[field]![cell & 15]! += claimed;
  }
}

/** Whether the class is a household: big enough, of one surname, and no likelier than strangers to share a given name. */
function judge(
  patterns: PreparedPatterns,
  { household, claims, prior }: Fitted,
  { parameters, roles, allPairs, rules }: Starting & { roles: Roles },
): { isSound: boolean; note: string } {
  const related = Float64Array.from(patterns.counts, (_, row) => claims.reduce((sum, kind) => sum + kind[row]!, 0));
  const pairs = pairsUnder(patterns, related);
  // Pairs that were joined by their given names agree on them however unrelated they are: only the others can bear witness.
  const fair = rules.reduce(
    (mask, { atoms }, rule) => (atoms.some(({ field }) => field === roles.given) ? mask : mask | (1 << rule)),
    0,
  );
  const witnesses = related.map((claim, row) => ((patterns.ruleMasks[row]! & fair) === 0 ? 0 : claim));
  const given = agreementUnder(patterns, witnesses, roles.given);
  // One kind may have gone to neighbours or namesakes: the class is a family if any kind of it is one.
  const families = claims.filter((kind) => pairsUnder(patterns, kind) >= FEWEST_PAIRS);
  const surname = Math.max(0, ...families.map((kind) => agreementUnder(patterns, kind, roles.surname)));
  const allowed = 0.03 + 4 * parameters[roles.given]!.u[0]![0]!;
  const seen = `${Math.round(pairs)} pairs, surname equal in ${percent(surname)}, given name in ${percent(given)} (allowed ${percent(allowed)})`;
  if (pairs < FEWEST_PAIRS) return { isSound: false, note: `too few household pairs: ${seen}` };
  if (pairs < FEWEST_FOR_EACH_MATCH * prior * allPairs)
    return { isSound: false, note: `too few beside the matches: ${seen}` };
  if (surname < 0.3) return { isSound: false, note: `no family signal: ${seen}` };
  if (given > allowed) return { isSound: false, note: `would take matches away: ${seen}` };
  return {
    isSound: true,
    note: `${seen}; pinned: ${household.pinned.map((field) => parameters[field]!.name).join(', ')}`,
  };
}

function pairsUnder(patterns: PreparedPatterns, claims: Float64Array): number {
  let pairs = 0;
  for (let row = 0; row < patterns.size; row++) pairs += claims[row]! * patterns.counts[row]!;
  return pairs;
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
  const match = patternRatios(patterns, cellBits(parameters), new Set());
  const relatives = new Float64Array(patterns.size);
  for (const { share, h } of household.kinds) {
    const kind = patternRatios(patterns, familyBits(parameters, household, h), new Set());
    for (let row = 0; row < patterns.size; row++) relatives[row]! += (share / prior) * 2 ** (kind[row]! - match[row]!);
  }
  for (let pair = 0; pair < pairs.size; pair++) {
    const row = pairs.pattern[pair]!;
    let bits = Math.log2(relatives[row]!);
    for (const field of household.pinned) {
      const cell = patterns.cells[row * patterns.fieldCount + field]!;
      // A rare given name in common is a wonder among relatives as it is among strangers.
      if (cell === 0 || cell === 2 * 16) bits -= frequencies[field]!(table.codes[field]![pairs.left[pair]!]!);
    }
    scores[pair] = -Math.log2(2 ** -scores[pair]! + 2 ** bits);
  }
}

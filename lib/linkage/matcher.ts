import type { Tokens } from './fields/field-type.ts';
import { type LinkageModel, openModel, priorAmong } from './model.ts';
import { plainHash, tokensOf } from './records/hashing.ts';
import { levelNames } from './records/patterns.ts';
import type { Field } from './records/table.ts';
import { AGREES, CELLS, cellBits, DISAGREES, type FieldParameters, UNKNOWN } from './training/parameters.ts';
import { familyBits } from './training/relatives.ts';

/** What one field says in a decision: bits for (positive) or against one entity. */
export interface FieldEvidence {
  field: string;
  level: string;
  bits: number;
  /** Part of the bits that comes from how rare the common value is. */
  frequency_bits: number;
}

/** Why two records are, or are not, taken for one. The bits add up to `log2_odds`. */
export interface Explanation {
  probability: number;
  log2_odds: number;
  /** Bits of the starting odds: how unlikely it is that two random records are one entity. */
  prior_bits: number;
  /** Bits taken off because the pair looks like two members of one household; 0 or negative. */
  household_bits: number;
  /** Probability that they are two persons of one household. */
  household_probability: number;
  fields: FieldEvidence[];
}

/** Compares single records under a trained model, as an on-line register does. */
export interface Matcher {
  /** Tokens of a record's plain values, for a model of plain values. */
  read(values: readonly (string | null | undefined)[]): Tokens[];
  compareValues(
    left: readonly (string | null | undefined)[],
    right: readonly (string | null | undefined)[],
  ): Explanation;
  /** Compares hashed records; an empty array is an absent value. */
  compareTokens(left: readonly Tokens[], right: readonly Tokens[]): Explanation;
}

/**
 * A matcher for a model. It holds no records: hand it pairs that share a blocking key.
 * @param population how many records there are; the prior is that of so many. As many as the model learnt from, when left out.
 */
export function createMatcher(model: LinkageModel, { population }: { population?: number | undefined } = {}): Matcher {
  const { fields } = openModel(model);
  const score = createScorer(model, population === undefined ? model.prior : priorAmong(model, population));
  const markSwaps = swapMarker(fields);
  const absent = fields.map((field) => levelNames(field).length);
  const conclude = (left: readonly Tokens[], right: readonly Tokens[], levels: number[]): Explanation => {
    markSwaps(left, right, levels);
    return score(
      levels,
      left.map((tokens) => tokens[0] ?? 0),
    );
  };
  const normalise = (values: readonly (string | null | undefined)[]): (string | null)[] =>
    fields.map(({ type }, field) => {
      const raw = values[field];
      return raw === null || raw === undefined || raw === '' ? null : type.normalise(raw);
    });
  const tokensOfAll = (values: readonly (string | null)[]): Tokens[] =>
    values.map((value, field) =>
      value === null ? new Int32Array(0) : tokensOf(fields[field]!.type, value, plainHash),
    );
  return {
    read: (values) => tokensOfAll(normalise(values)),
    compareValues(left, right) {
      const [a, b] = [normalise(left), normalise(right)];
      const levels = fields.map(({ type }, field) => {
        const [one, other] = [a[field]!, b[field]!];
        if (one === null || other === null) return absent[field]!;
        return one === other ? 0 : type.compareValues(one, other);
      });
      return conclude(tokensOfAll(a), tokensOfAll(b), levels);
    },
    compareTokens(left, right) {
      const levels = fields.map(({ type }, field) => {
        const [one, other] = [left[field]!, right[field]!];
        if (one.length === 0 || other.length === 0) return absent[field]!;
        return one[0] === other[0] ? 0 : type.compareTokens(one, other);
      });
      return conclude(left, right, levels);
    },
  };
}

/** Where two fields hold each other's value the first counts as swapped and the second as absent. */
function swapMarker(
  fields: readonly Field[],
): (left: readonly Tokens[], right: readonly Tokens[], levels: number[]) => void {
  const swaps = fields.flatMap((field, first) =>
    field.swaps_with === undefined ? [] : [{ first, second: field.swaps_with }],
  );
  return (left, right, levels) => {
    for (const { first, second } of swaps) {
      if (levels[first] === 0 || levels[second] === 0) continue;
      const crossed = [left[first]![0], right[second]![0], right[first]![0], left[second]![0]];
      if (crossed.includes(undefined) || crossed[0] !== crossed[1] || crossed[2] !== crossed[3]) continue;
      levels[first] = levelNames(fields[first]!).length - 1;
      levels[second] = levelNames(fields[second]!).length;
    }
  };
}

/** Turns levels, and the exact tokens of the left record, into evidence. */
function createScorer(
  model: LinkageModel,
  prior: number,
): (levels: readonly number[], exact: readonly number[]) => Explanation {
  const { parameters, household } = model;
  const bits = cellBits(parameters);
  const kinds = (household?.kinds ?? []).map(({ share, h }) => ({
    share,
    bits: familyBits(parameters, household!, h),
  }));
  const rarityOf = rarities(model);
  return (levels, exact) => {
    const fields: FieldEvidence[] = [];
    let sum = 0;
    // Relatives grow in number as matches do.
    const related = kinds.map(({ share }) => Math.log2(share / model.prior));
    parameters.forEach((field, index) => {
      const level = levels[index]!;
      if (level === field.levels.length) {
        fields.push({ field: field.name, level: 'absent', bits: 0, frequency_bits: 0 });
        return;
      }
      const state = stateOfParent(parameters, field, levels);
      const cell = index * CELLS + state * 16 + level;
      const rarity = level === 0 && state !== AGREES ? rarityOf(index, exact[index]!) : 0;
      const isPinned = household?.pinned.includes(index) ?? false;
      kinds.forEach((kind, at) => {
        related[at]! += kind.bits[cell]! - bits[cell]! - (isPinned ? rarity : 0);
      });
      const evidence = bits[cell]! + rarity;
      sum += evidence;
      fields.push({ field: field.name, level: field.levels[level]!, bits: evidence, frequency_bits: rarity });
    });
    return concluded({ prior, sum, related, fields });
  };
}

function stateOfParent(
  parameters: readonly FieldParameters[],
  { parent }: FieldParameters,
  levels: readonly number[],
): number {
  if (parent < 0 || levels[parent] === parameters[parent]!.levels.length) return UNKNOWN;
  return levels[parent] === 0 ? AGREES : DISAGREES;
}

/** Bits by which agreement on one value of a field says more than agreement on any. */
function rarities({ parameters, frequencies: learnt }: LinkageModel): (field: number, token: number) => number {
  const frequencies = learnt.map(({ entities, common }) => ({ entities, counts: new Map(common) }));
  return (field, token) => {
    const { fixed, u, weight } = parameters[field]!;
    const { entities, counts } = frequencies[field]!;
    // Nothing is known of this field's values: then none is rare, and none common.
    if (typeof fixed[0] === 'number' || counts.size === 0) return 0;
    const chance = u[UNKNOWN]![0]!;
    const frequency = Math.max(1, counts.get(token) ?? 1) / (Math.max(0, entities - 1) + 1 / chance);
    return Math.max(-10, Math.min(10, Math.log2(chance / frequency))) * weight;
  };
}

interface Sums {
  prior: number;
  sum: number;
  related: readonly number[];
  fields: FieldEvidence[];
}

function concluded({ prior, sum, related, fields }: Sums): Explanation {
  const priorBits = Math.log2(prior / (1 - prior));
  const againstStrangers = 2 ** -(priorBits + sum);
  const againstRelatives = related.reduce((total, bits) => total + 2 ** bits, 0);
  const odds = -Math.log2(againstStrangers + againstRelatives);
  return {
    probability: probabilityOf(odds),
    log2_odds: odds,
    prior_bits: priorBits,
    household_bits: odds - priorBits - sum,
    household_probability: againstRelatives / (1 + againstRelatives + againstStrangers),
    fields,
  };
}

/** Probability of log2 odds. */
export function probabilityOf(log2Odds: number): number {
  return 1 / (1 + 2 ** -log2Odds);
}

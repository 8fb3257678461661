import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  generateCountry,
  normaliseFamilyName,
  normaliseGivenName,
  normaliseName,
  normalisePatronymic,
  withDuplicates,
} from '@zdravo/country-ua';
import {
  correlationClusters,
  createMatcher,
  evaluateClusters,
  keyedHash,
  readModel,
  type Tokens,
  tokensOf,
} from '@zdravo/linkage';
import type { Person } from '../contract.ts';
import { identityRules } from '../identity-rules.ts';
import { blockComposites } from './block-definitions.ts';
import { verdictOf } from './decide.ts';
import founding_model from './founding-model.json' with { type: 'json' };
import { comparable_fields, sketchValues } from './sketch-fields.ts';

const persons = 100_000;
const seed = 'linkage bench';
const rules = identityRules({
  normalise: normaliseName,
  identity_rules: { given_name: normaliseGivenName, family_name: normaliseFamilyName, patronymic: normalisePatronymic },
});

/** As a new installation begins: on tokens alone, under keys of its own, in a country that the model has not seen. */
test('the founding model on 100,000 persons, 4 % of them twice: F1, wrong pairs and what it would merge by itself', () => {
  const { tokens, truth, left, right } = register();
  const matcher = createMatcher(readModel(founding_model), { population: tokens.length });
  const weight = new Float64Array(left.length);
  let [merged, merged_wrongly] = [0, 0];
  left.forEach((one, pair) => {
    const other = right[pair]!;
    const explanation = matcher.compareTokens(tokens[one]!, tokens[other]!);
    weight[pair] = Math.max(-1000, explanation.log2_odds);
    if (verdictOf(explanation, { is_signed_off: true }) !== 'merge') return;
    merged += 1;
    if (truth[one] !== truth[other]) merged_wrongly += 1;
  });
  const clusterOf = correlationClusters(tokens.length, { size: left.length, left, right, weight });
  const { f1, wrong_pairs } = evaluateClusters(clusterOf, truth);
  console.log({ records: tokens.length, f1, wrong_pairs, merged, merged_wrongly });
  assert.ok(f1 >= 0.9988, `F1 ${f1}`);
  assert.ok(wrong_pairs <= 50, `${wrong_pairs} wrong pairs`);
  assert.ok(merged_wrongly <= merged * 0.0005, `${merged_wrongly} of ${merged} merges`);
});

/** Records as tokens, their truth, and all pairs that share a block. */
function register() {
  const hash = keyedHash(Buffer.from('a key of this installation'));
  const known = comparable_fields.map(() => new Map<string, Tokens>());
  const tokenise = (value: string, field: number): Tokens => {
    const before = known[field]!.get(value);
    if (before) return before;
    const { type } = comparable_fields[field]!;
    const normalised = value === '' ? null : type.normalise(value);
    const made = normalised === null ? new Int32Array(0) : tokensOf(type, normalised, hash);
    known[field]!.set(value, made);
    return made;
  };
  const [tokens, people, blocks] = [[] as Tokens[][], new Map<string, number>(), new Map<string, number[]>()];
  const truth: number[] = [];
  const country = generateCountry({ seed, persons });
  for (const { truth_id, person } of withDuplicates(country.persons(0, persons), { seed, share: 0.04 })) {
    const one = person as unknown as Person;
    if (!people.has(truth_id)) people.set(truth_id, people.size);
    truth.push(people.get(truth_id)!);
    for (const composite of new Set(blockComposites(one, rules).map((parts) => parts.join(' '))))
      blocks.set(composite, [...(blocks.get(composite) ?? []), tokens.length]);
    tokens.push(sketchValues(one, rules).map(tokenise));
  }
  return { tokens, truth: Int32Array.from(truth), ...pairsOf(blocks) };
}

function pairsOf(blocks: ReadonlyMap<string, number[]>): { left: Int32Array; right: Int32Array } {
  const pairs = new Set<number>();
  for (const rows of blocks.values())
    if (rows.length <= 64)
      rows.forEach((one, at) => {
        for (const other of rows.slice(at + 1)) pairs.add(one * 2 ** 26 + other);
      });
  const sorted = [...pairs].sort((a, b) => a - b);
  return {
    left: Int32Array.from(sorted, (pair) => Math.floor(pair / 2 ** 26)),
    right: Int32Array.from(sorted, (pair) => pair % 2 ** 26),
  };
}

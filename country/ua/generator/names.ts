import type { Gender } from '../identifiers/tax-id.ts';
import { female_names } from './female-names.ts';
import { male_names } from './male-names.ts';
import { type Random, type Weighted, weighted } from './random.ts';
import { hard_stems, hard_suffixes, place_stems, place_suffixes, whole_surnames } from './surnames-table.ts';

type GivenName = { name: string; weights: number[] };

const given_names = { MALE: byGeneration(male_names), FEMALE: byGeneration(female_names) };
const surnames = weighted(surnameWeights(), ([, weight]) => weight);

/** A given name as common as it was among those born that year. */
export function drawGivenName(random: Random, gender: Gender, birth_year: number): string {
  const generation = birth_year < 1970 ? 0 : birth_year < 2000 ? 1 : 2;
  return random.weighted(given_names[gender][generation]!).name;
}

/** A family name in the man's form. */
export function drawSurname(random: Random): string {
  return random.weighted(surnames)[0];
}

/** Every given name and every family name (in the man's form) that the generator knows. */
export function knownNames(): { male: string[]; female: string[]; surnames: string[] } {
  return {
    male: readGivenNames(male_names).map(nameOf),
    female: readGivenNames(female_names).map(nameOf),
    surnames: surnames.items.map(([name]) => name),
  };
}

function nameOf(given: GivenName): string {
  return given.name;
}

function byGeneration(table: string): Weighted<GivenName>[] {
  const names = readGivenNames(table);
  return [0, 1, 2].map((generation) => weighted(names, (given) => given.weights[generation]!));
}

function readGivenNames(table: string): GivenName[] {
  return table
    .trim()
    .split('\n')
    .map((line) => {
      const [name, ...weights] = line.split(' ') as [string, ...string[]];
      return { name: name === 'Вячеслав' ? 'В’ячеслав' : name, weights: weights.map(Number) };
    });
}

/** Common names fall off like 1/rank; grown ones share what is left by the weight of their suffix. */
function surnameWeights(): [name: string, weight: number][] {
  const weights = new Map<string, number>();
  const add = (name: string, weight: number) => weights.set(name, Math.max(weights.get(name) ?? 0, weight));
  words(whole_surnames).forEach((name, rank) => {
    add(name, 20 + Math.floor(12_000 / (rank + 20)));
  });
  grow(hard_stems, hard_suffixes, add);
  grow(place_stems, place_suffixes, add);
  return [...weights];
}

function grow(stems: string, suffixes: string, add: (name: string, weight: number) => void): void {
  for (const stem of words(stems)) {
    for (const cell of suffixes.split(', ')) {
      const [suffix, weight] = cell.split(' ') as [string, string];
      add(stem.replace(/ь$/, '') + suffix, Number(weight));
    }
  }
}

function words(table: string): string[] {
  return table.trim().split(/\s+/);
}

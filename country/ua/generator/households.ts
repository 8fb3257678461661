import type { Gender } from '../identifiers/tax-id.ts';
import { type Random, weighted } from './random.ts';

/** Somebody of a household before they have a name: places are those within the household. */
export type Member = {
  gender: Gender;
  /** Full years on 1 January of the year the country is seen in. */
  age: number;
  mother: number | null;
  father: number | null;
  spouse: number | null;
  /** The twin born before, when this one is the second of a pair. */
  twin: number | null;
};

type Kind = { kind: keyof typeof builders; weight: number };

/** Kinds of household with weights that together give about Ukraine's ages: 18 % children, 16 % over 65. */
const kinds = weighted<Kind>(
  [
    { kind: 'young_single', weight: 75 },
    { kind: 'young_couple', weight: 60 },
    { kind: 'family', weight: 250 },
    { kind: 'single_parent', weight: 60 },
    { kind: 'three_generations', weight: 50 },
    { kind: 'grown_children', weight: 170 },
    { kind: 'middle_couple', weight: 120 },
    { kind: 'middle_single', weight: 95 },
    { kind: 'old_couple', weight: 125 },
    { kind: 'old_single', weight: 165 },
  ],
  (kind) => kind.weight,
);

const builders = {
  young_single: (random: Random) => [adult(anyGender(random), random.between(18, 34))],
  young_couple: (random: Random) => couple(random, random.between(20, 38)),
  family: (random: Random) => withChildren(random, couple(random, random.between(25, 49)), random.weighted(children)),
  single_parent: (random: Random) => singleParent(random),
  three_generations: (random: Random) => threeGenerations(random),
  grown_children: (random: Random) => withGrownChildren(random, couple(random, random.between(44, 64))),
  middle_couple: (random: Random) => couple(random, random.between(42, 66)),
  middle_single: (random: Random) => [adult(anyGender(random), random.between(35, 64))],
  old_couple: (random: Random) => couple(random, random.between(62, 84)),
  old_single: (random: Random) => [adult(random.chance(780) ? 'FEMALE' : 'MALE', oldAge(random))],
};

const children = weighted([1, 2, 3, 4], (count) => [0, 50, 38, 10, 2][count]!);

/** Draws one household of at most `most` members. */
export function drawHousehold(random: Random, most: number): Member[] {
  const members = builders[random.weighted(kinds).kind](random);
  return members.length <= most ? members : [adult(anyGender(random), random.between(18, 64))];
}

function couple(random: Random, wife_age: number): Member[] {
  const husband_age = Math.max(18, Math.min(95, wife_age + random.between(-2, 6)));
  return [
    { ...adult('FEMALE', wife_age), spouse: 1 },
    { ...adult('MALE', husband_age), spouse: 0 },
  ];
}

function singleParent(random: Random): Member[] {
  const mother = adult('FEMALE', random.between(21, 46));
  return withChildren(random, [mother], random.chance(700) ? 1 : 2);
}

/** A grandmother, sometimes a grandfather too, with the son's or the daughter's family. */
function threeGenerations(random: Random): Member[] {
  const family = withChildren(random, couple(random, random.between(25, 44)), random.chance(600) ? 1 : 2);
  const elder = random.below(2);
  const parent_age = family[elder]!.age + random.between(20, 32);
  family[elder]!.mother = family.length;
  family.push(adult('FEMALE', Math.min(parent_age, 95)));
  if (random.chance(350)) {
    const grandmother = family.length - 1;
    family[elder]!.father = family.length;
    family.push({ ...adult('MALE', Math.min(parent_age + random.between(0, 4), 95)), spouse: grandmother });
    family[grandmother]!.spouse = grandmother + 1;
  }
  return family;
}

function withChildren(random: Random, parents: Member[], count: number): Member[] {
  const youngest = parents[0]!.age - 42;
  const oldest = Math.min(17, parents[0]!.age - 19);
  return addChildren(random, parents, { count, from: Math.max(0, youngest), to: Math.max(0, oldest) });
}

function withGrownChildren(random: Random, parents: Member[]): Member[] {
  const to = Math.min(36, parents[0]!.age - 20);
  return addChildren(random, parents, { count: random.chance(700) ? 1 : 2, from: Math.min(16, to), to });
}

function addChildren(random: Random, parents: Member[], plan: { count: number; from: number; to: number }): Member[] {
  const members = [...parents];
  const father = parents.length > 1 ? 1 : null;
  const taken = new Set<number>();
  for (let child = 0; child < plan.count; child += 1) {
    const age = random.between(plan.from, plan.to);
    if (taken.has(age)) continue;
    taken.add(age);
    const born = { ...adult(random.chance(485) ? 'FEMALE' : 'MALE', age), mother: 0, father };
    members.push(born);
    if (random.chance(15)) members.push(twinOf(random, born, members.length - 1));
  }
  return members;
}

/** Grown-up twins are of one gender, so that the second's tax number follows from the first's. */
function twinOf(random: Random, born: Member, place: number): Member {
  const gender = born.age >= 18 || random.chance(650) ? born.gender : anyGender(random);
  return { ...born, gender, twin: place };
}

function adult(gender: Gender, age: number): Member {
  return { gender, age, mother: null, father: null, spouse: null, twin: null };
}

/** There are fewer of the very old. */
function oldAge(random: Random): number {
  return Math.min(random.between(64, 96), random.between(70, 96));
}

function anyGender(random: Random): Gender {
  return random.chance(500) ? 'FEMALE' : 'MALE';
}

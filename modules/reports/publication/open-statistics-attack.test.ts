import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Constraint, type Model, solve } from 'yalps';
import { hidingClinics, openTens } from './open-statistics.ts';
import { type Cell, publicCells } from './small-cells.ts';

// What the public statistics say of divisions is attacked together with the open files: hidden groups of clinics by age, and
// small divisions, by linear programming as in suppression-attack.test.ts.

const smallest = 10;
const narrowest = 4;
const age_groups = ['0-5', '18-39', '65+'];

type Clinic = { id: string /** Patients by division and age group. */; divisions: number[][] };
type Equation = { among: string[]; bounds: Constraint };
type Telling = (counts: readonly number[]) => number[] | undefined;

const sum = (numbers: readonly number[]) => numbers.reduce((total, one) => total + one, 0);

function cellsOf(clinics: readonly Clinic[]): Cell[] {
  return clinics.flatMap(({ id, divisions }, place) =>
    age_groups.map((age_group, group) => ({
      legal_entity_id: id,
      area: String(place % 2),
      mountain_group: false,
      age_group,
      declaration_count: sum(divisions.map((division) => division[group]!)),
    })),
  );
}

/** Everything that an outsider writes down of one clinic: its open rows, and its divisions as they are told. */
function equations(clinic: Clinic, shown: readonly string[], told: number[] | undefined): Map<string, Equation> {
  const known = new Map<string, Equation>();
  const name = (division: number, group: number) => `${division} ${group}`;
  for (const [group, age_group] of age_groups.entries()) {
    const among = clinic.divisions.map((_, division) => name(division, group));
    const count = sum(clinic.divisions.map((division) => division[group]!));
    known.set(`group ${group}`, { among, bounds: boundsOf(count, shown.includes(age_group)) });
  }
  for (const [division] of clinic.divisions.entries()) {
    const among = age_groups.map((_, group) => name(division, group));
    const bounds = told ? { min: told[division]!, max: told[division]! + 9 } : { min: 0 };
    known.set(`division ${division}`, { among, bounds });
  }
  return known;
}

/** As in the open files, it is no secret which hidden groups are small, or that there is nobody in a group. */
function boundsOf(count: number, is_shown: boolean): Constraint {
  if (is_shown || count === 0) return { equal: count };
  return count < smallest ? { min: 0, max: smallest - 1 } : { min: smallest };
}

/** The least and the most that a sum of unknowns can be. */
function interval(known: Map<string, Equation>, target: readonly string[]): number {
  const variables = new Map<string, Map<string, number>>();
  for (const [name, { among }] of known)
    for (const one of among) variables.set(one, (variables.get(one) ?? new Map()).set(name, 1));
  for (const one of target) variables.get(one)!.set('target', 1);
  const constraints = [...known].map(([name, { bounds }]): [string, Constraint] => [name, bounds]);
  const pushed = (direction: 'minimize' | 'maximize'): number => {
    const model: Model = { direction, objective: 'target', constraints, variables };
    const { status, result } = solve(model);
    if (status === 'unbounded') return Number.POSITIVE_INFINITY;
    assert.equal(status, 'optimal');
    return result;
  };
  return Math.round((pushed('maximize') - pushed('minimize')) * 1e6) / 1e6;
}

/** How narrow the narrowest hidden group and the narrowest of several divisions get, over all clinics. */
function attack(clinics: readonly Clinic[], tell: Telling, isTold: (id: string, hiding: Set<string>) => boolean) {
  const cells = cellsOf(clinics);
  const { rows } = publicCells(cells, smallest);
  const hiding = hidingClinics({ lines: cells, rows });
  const found = { groups: Number.POSITIVE_INFINITY, divisions: Number.POSITIVE_INFINITY, told: 0 };
  for (const clinic of clinics) {
    const present = clinic.divisions.filter((division) => sum(division) > 0);
    const told = isTold(clinic.id, hiding) ? tell(present.map(sum)) : undefined;
    if (told) found.told += 1;
    const one = { ...clinic, divisions: present };
    const shown = rows.filter((row) => row.legal_entity_id === clinic.id).map(({ age_group }) => age_group);
    const known = equations(one, shown, told);
    for (const [group, age_group] of age_groups.entries()) {
      const count = sum(present.map((division) => division[group]!));
      if (count === 0 || count >= smallest || shown.includes(age_group)) continue;
      const target = known.get(`group ${group}`)!.among;
      found.groups = Math.min(found.groups, interval(known, target));
    }
    for (const [division, counts] of present.entries())
      if (present.length > 1 && sum(counts) < smallest)
        found.divisions = Math.min(found.divisions, interval(known, known.get(`division ${division}`)!.among));
  }
  return found;
}

const live: Telling = (counts) => counts.map((count) => count - (count % 10));
const clinic = (id: string, ...divisions: number[][]): Clinic => ({ id, divisions });

const others = [clinic('b', [70, 80, 90]), clinic('c', [3, 80, 90]), clinic('d', [8, 70, 90])];

test('the attack works: tens of every division narrow hidden groups and small divisions', () => {
  // The open rows of a say 49 + 69 = 118; its only division says 110 to 119: the hidden group has one or none.
  const hidden_group = [clinic('a', [1, 49, 69]), ...others];
  assert.ok(attack(hidden_group, live, () => true).groups <= 1);
  // The open rows say 101; the divisions say 100 to 109 and 0 to 9: the small one has one or none.
  const small_division = [clinic('a', [40, 30, 30], [1, 0, 0])];
  assert.ok(attack(small_division, live, () => true).divisions <= 1);
});

test('as they are told, the same clinics keep their secrets', () => {
  const isOpen = (id: string, hiding: Set<string>) => !hiding.has(id);
  for (const clinics of [
    [clinic('a', [1, 49, 69]), ...others],
    [clinic('a', [40, 30, 30], [1, 0, 0])],
    [clinic('a', [40, 39, 30], [9, 0, 0])],
  ]) {
    const { groups, divisions } = attack(clinics, openTens, isOpen);
    assert.ok(groups >= narrowest && divisions >= narrowest, JSON.stringify({ groups, divisions }));
  }
});

const countries = fc.array(
  fc.array(
    fc.array(fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 0, max: 300 })), {
      minLength: 3,
      maxLength: 3,
    }),
    { minLength: 1, maxLength: 4 },
  ),
  { minLength: 4, maxLength: 10 },
);

test('in no country does a division that is told narrow a hidden group, or a small division of several', () => {
  let told = 0;
  fc.assert(
    fc.property(countries, (list) => {
      const clinics = list.map((divisions, i) => clinic(String(i), ...divisions));
      const silent = attack(
        clinics,
        () => undefined,
        () => false,
      );
      const found = attack(clinics, openTens, (id, hiding) => !hiding.has(id));
      assert.equal(found.groups, silent.groups, 'hidden groups are as uncertain as without any division');
      assert.ok(found.divisions >= Math.min(narrowest, silent.divisions), JSON.stringify(list));
      told += found.told;
    }),
    { numRuns: 150 },
  );
  assert.ok(told > 100, `${told} clinics were told`);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Constraint, type Model, solve } from 'yalps';
import { type Cell, type PublicCell, publicCells } from './small-cells.ts';

// The published rows are attacked with linear programming, the way the literature does it (Fischetti and Salazar 2000): every
// equation that they, the country's public number and one clinic's own records give is written down, and each small cell is
// pushed as far down and up as the equations allow. What remains between is what an attacker cannot know.

const smallest = 10;
const narrowest = 4;

type Attacker = { cells: readonly Cell[]; rows: readonly PublicCell[]; insider?: string };

const idOf = (cell: Cell) => `${cell.legal_entity_id}|${cell.mountain_group}|${cell.age_group}`;
const classOf = ({ mountain_group, age_group }: Cell | PublicCell) => `${mountain_group}|${age_group}`;
const isSmall = ({ declaration_count }: Cell) => declaration_count < smallest;

/** What is true and known to the attacker, who even knows which hidden cells are small and which are not. */
function equations({ cells, rows, insider }: Attacker): Map<string, { among: Cell[]; bounds: Constraint }> {
  const shown = new Set(rows.map((row) => `${row.legal_entity_id}|${classOf(row)}`));
  const hidden = cells.filter((cell) => !shown.has(idOf(cell)));
  const known = new Map<string, { among: Cell[]; bounds: Constraint }>();
  for (const cell of hidden) {
    const bounds = isSmall(cell) ? { min: 0, max: smallest - 1 } : { min: smallest };
    const own = { equal: cell.declaration_count };
    known.set(idOf(cell), { among: [cell], bounds: cell.legal_entity_id === insider ? own : bounds });
  }
  const regions = rows.filter(({ level }) => level === 'region');
  const isOfRegion = (cell: Cell, row: PublicCell) =>
    isSmall(cell) && cell.area === row.area && classOf(cell) === classOf(row);
  for (const row of rows) {
    const rest = hidden.filter(
      (cell) => classOf(cell) === classOf(row) && !regions.some((one) => isOfRegion(cell, one)),
    );
    const among = row.level === 'region' ? hidden.filter((cell) => isOfRegion(cell, row)) : rest;
    const bounds = row.level === 'region' ? { equal: row.declaration_count } : { min: row.declaration_count };
    if (row.level !== 'legal_entity') known.set(`${row.level} ${row.area} ${classOf(row)}`, { among, bounds });
  }
  // The country's exact number is public: what is hidden in all is known.
  const total = hidden.reduce((sum, cell) => sum + cell.declaration_count, 0);
  return known.set('country', { among: hidden, bounds: { equal: total } });
}

/** The least and the most that a hidden cell can be. */
function interval(attacker: Attacker, target: Cell): [number, number] {
  const known = equations(attacker);
  const variables = new Map<string, Map<string, number>>();
  for (const [name, { among }] of known)
    for (const cell of among) variables.set(idOf(cell), (variables.get(idOf(cell)) ?? new Map()).set(name, 1));
  variables.get(idOf(target))!.set('target', 1);
  const constraints = [...known].map(([name, { bounds }]): [string, Constraint] => [name, bounds]);
  const pushed = (direction: 'minimize' | 'maximize'): number => {
    const model: Model = { direction, objective: 'target', constraints, variables };
    const { status, result } = solve(model);
    assert.equal(status, 'optimal');
    return Math.round(result * 1e6) / 1e6;
  };
  return [pushed('minimize'), pushed('maximize')];
}

function hiddenSmall({ cells, rows }: Attacker): Cell[] {
  const shown = new Set(rows.map((row) => `${row.legal_entity_id}|${classOf(row)}`));
  return cells.filter((cell) => isSmall(cell) && !shown.has(idOf(cell)));
}

const cell = (legal_entity_id: string, area: string, declaration_count: number, age_group = '0-5'): Cell => ({
  legal_entity_id,
  area,
  mountain_group: false,
  age_group,
  declaration_count,
});

test('the attack works: rows that only hide what is small are broken by subtraction, by extremes and by insiders', () => {
  const country = (count: number): PublicCell => ({
    ...cell('', '', count),
    level: 'country',
    area: null,
    legal_entity_id: null,
  });
  const extremes = [cell('a', 'L', 9), cell('b', 'L', 9), cell('c', 'L', 9)];
  assert.deepEqual(interval({ cells: extremes, rows: [country(27)] }, extremes[0]!), [9, 9]);
  const two = [cell('a', 'L', 400), cell('b', 'L', 4)];
  assert.deepEqual(interval({ cells: two, rows: [country(404)], insider: 'a' }, two[1]!), [4, 4]);
  const withheld = [cell('a', 'L', 4), cell('a', 'L', 50, '65+')];
  const shown: PublicCell = { ...withheld[1]!, level: 'legal_entity' };
  assert.deepEqual(interval({ cells: withheld, rows: [shown] }, withheld[0]!), [4, 4]);
});

test('the same countries as they are published cannot be told', () => {
  for (const cells of [
    [cell('a', 'L', 9), cell('b', 'L', 9), cell('c', 'L', 9), cell('d', 'K', 30), cell('e', 'K', 40)],
    [cell('a', 'L', 400), cell('b', 'L', 4), cell('c', 'L', 300), cell('d', 'K', 30)],
    [
      cell('a', 'L', 4),
      cell('a', 'L', 50, '65+'),
      cell('b', 'L', 60, '65+'),
      cell('c', 'L', 70, '65+'),
      cell('d', 'K', 70, '65+'),
    ],
  ]) {
    const { rows } = publicCells(cells, smallest);
    assert.ok(rows.length > 0 && hiddenSmall({ cells, rows }).length > 0);
    attack({ cells, rows });
  }
});

const countries = fc
  .array(
    fc.record({
      legal_entity_id: fc.integer({ min: 0, max: 14 }).map(String),
      age_group: fc.constantFrom('0-5', '6-17', '65+'),
      declaration_count: fc.oneof(
        { weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }) },
        fc.integer({ min: 10, max: 14 }),
        fc.integer({ min: 10, max: 900 }),
      ),
    }),
    { minLength: 8, maxLength: 36 },
  )
  .map((list) => {
    const unique = new Map(list.map((one) => [`${one.legal_entity_id}|${one.age_group}`, one]));
    return [...unique.values()].map((one) =>
      cell(one.legal_entity_id, String(Number(one.legal_entity_id) % 3), one.declaration_count, one.age_group),
    );
  });

test('no small cell of any country is known to within four, to nobody outside and to no clinic', () => {
  let attacked = 0;
  fc.assert(
    fc.property(countries, (cells) => {
      const { rows } = publicCells(cells, smallest);
      if (rows.length > 0) attacked += attack({ cells, rows });
    }),
    { numRuns: 150 },
  );
  assert.ok(attacked > 1_000, `${attacked} cells were attacked`);
});

/** @returns how many cells were attacked. */
function attack({ cells, rows }: Attacker): number {
  let attacked = 0;
  for (const insider of [undefined, ...new Set(cells.map(({ legal_entity_id }) => legal_entity_id))]) {
    const attacker = { cells, rows, ...(insider === undefined ? {} : { insider }) };
    for (const target of hiddenSmall(attacker)) {
      if (target.legal_entity_id === insider) continue;
      const [least, most] = interval(attacker, target);
      attacked += 1;
      assert.ok(
        most - least >= narrowest,
        `${insider ?? 'anybody'} knows that ${idOf(target)} has ${least} to ${most}: ${JSON.stringify(rows)}`,
      );
    }
  }
  return attacked;
}

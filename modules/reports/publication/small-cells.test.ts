import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Cell, publicCells } from './small-cells.ts';

const cell = (legal_entity_id: string, area: string, declaration_count: number): Cell => ({
  legal_entity_id,
  area,
  mountain_group: false,
  age_group: '0-5',
  declaration_count,
});
const brief = (cells: Cell[]) =>
  publicCells(cells, 10).rows.map((row) => [row.level, row.legal_entity_id ?? row.area, row.declaration_count]);

test('a cell of ten is shown, one of nine is merged into the rest of its region', () => {
  const cells = [cell('a', 'L', 10), cell('b', 'L', 9), cell('c', 'L', 5), cell('d', 'L', 1)];
  assert.deepEqual(brief(cells), [
    ['region', 'L', 15],
    ['legal_entity', 'a', 10],
  ]);
});

test('the rest of a region that is too small, or of two clinics that could subtract themselves, goes to the country', () => {
  const cells = [cell('a', 'L', 40), cell('b', 'L', 9), cell('c', 'L', 9), cell('d', 'K', 3), cell('e', 'K', 12)];
  assert.deepEqual(brief(cells), [
    ['legal_entity', 'a', 40],
    ['country', null, 33],
  ]);
});

test('three small cells whose sum gives two away to the third take a row with them; others stay by themselves', () => {
  const nine_nine_three = [cell('a', 'L', 40), cell('b', 'L', 9), cell('c', 'L', 9), cell('d', 'L', 3)];
  assert.deepEqual(brief(nine_nine_three), [['country', null, 61]]);
  const five_five_five = [cell('a', 'L', 40), cell('b', 'L', 5), cell('c', 'L', 5), cell('d', 'L', 5)];
  assert.deepEqual(brief(five_five_five), [
    ['legal_entity', 'a', 40],
    ['region', 'L', 15],
  ]);
});

test('what is withheld takes the smallest other rows with it: the country’s number is public', () => {
  const old = (id: string, count: number) => ({ ...cell(id, 'L', count), age_group: '65+' });
  const cells = [cell('a', 'L', 4), old('a', 50), old('b', 60), old('c', 70), old('d', 80)];
  const { rows, withheld } = publicCells(cells, 10);
  assert.deepEqual(
    rows.map((row) => row.legal_entity_id),
    ['d'],
  );
  assert.equal(withheld, 184);
});

test('a lone small cell takes the smallest others of its class with it', () => {
  const cells = [cell('a', 'L', 500), cell('b', 'L', 60), cell('c', 'K', 80), cell('d', 'K', 2)];
  assert.deepEqual(brief(cells), [
    ['legal_entity', 'a', 500],
    ['country', null, 142],
  ]);
});

test('fewer than ten in the whole country are withheld', () => {
  assert.deepEqual(publicCells([cell('a', 'L', 4), cell('b', 'K', 5)], 10), { rows: [], withheld: 9 });
});

const anyCells = fc.array(
  fc.record({
    legal_entity_id: fc.integer({ min: 0, max: 30 }).map(String),
    mountain_group: fc.boolean(),
    age_group: fc.constantFrom('0-5', '65+'),
    declaration_count: fc.oneof(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 0, max: 2_000 })),
  }),
  { maxLength: 60 },
);

test('whatever the cells: no row below ten, nothing counted twice or lost, nobody found by difference', () => {
  fc.assert(
    fc.property(anyCells, (list) => {
      const unique = new Map(list.map((one) => [`${one.legal_entity_id}|${one.mountain_group}|${one.age_group}`, one]));
      const cells = [...unique.values()].map(
        (one): Cell => ({ ...one, area: String(Number(one.legal_entity_id) % 4) }),
      );
      const { rows, withheld } = publicCells(cells, 10);
      const sum = (counts: { declaration_count: number }[]) =>
        counts.reduce((total, one) => total + one.declaration_count, 0);
      assert.ok(rows.every((row) => row.declaration_count >= 10));
      assert.equal(sum(rows) + withheld, sum(cells));
      for (const row of rows) {
        if (row.level === 'legal_entity') continue;
        const shown = new Set(
          rows
            .filter((one) => one.mountain_group === row.mountain_group && one.age_group === row.age_group)
            .map((one) => one.legal_entity_id),
        );
        const hidden = cells.filter(
          (one) =>
            one.mountain_group === row.mountain_group &&
            one.age_group === row.age_group &&
            one.declaration_count > 0 &&
            !shown.has(one.legal_entity_id),
        );
        assert.ok(hidden.length >= 3, 'a merged row of two clinics is known to either');
      }
    }),
  );
});

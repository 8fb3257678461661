import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { runCapitation } from '../capitation/run.ts';
import {
  addClinic,
  addDeclaration,
  type Clinic,
  httpOf,
  type ReportsUnderTest,
  startReportsForTest,
} from '../testing.ts';

let under: ReportsUnderTest;
let http: Awaited<ReturnType<typeof httpOf>>;
let clinic: Clinic;

before(async () => {
  under = await startReportsForTest({ settings: { cache_s: 0 } });
  http = await httpOf(under);
  await under.source.platform.query(
    `insert into il.regions (id, name, katottg) values (gen_random_uuid(), 'ЛЬВІВСЬКА', 'UA1') on conflict do nothing`,
  );
  clinic = await addClinic(under, { name: '100%_<b>Клініка' });
  for (let i = 0; i < 12; i++)
    await addDeclaration(under, { clinic, birth_date: '1990-01-01', active_from: '2026-03-31T22:30:00Z' });
  await addDeclaration(under, {
    clinic,
    birth_date: '1990-01-01',
    active_from: '2026-02-10T10:00:00Z',
    ended_at: '2026-04-30T20:59:00Z',
  });
  await under.caughtUp();
});
after(async () => {
  await http?.close();
  await under?.close();
});

/** Asked twice: the first answer may be an old one, behind which a new one is worked out. */
const data = async <T>(url: string) => {
  await http.call('GET', url);
  await new Promise((resolve) => setTimeout(resolve, 50));
  return (await http.call('GET', url)).body.data as T;
};

test('before a month is published nothing is told below the country', async () => {
  const { stats } = await data<{ stats: object }>(`/reports/stats/division/${clinic.division_id}`);
  assert.deepEqual(stats, { declarations: 0, doctors: 1, msps: 1 });
  const { regions } = await data<{ regions: { total: { declarations_total: number } }[] }>('/reports/stats/regions');
  assert.ok(regions.every(({ total }) => total.declarations_total === 0));
  await runCapitation(under.reports.deps, '2026-11-01');
});

test('main numbers, at both spellings', async () => {
  for (const path of ['/reports/stats', '/api/reports/stats'])
    assert.deepEqual(await data(path), { declarations: 12, msps: 1, doctors: 1, pharmacies: 0 });
});

test('regions: sums of open rows, and a period in whole tens', async () => {
  const { regions } = await data<{ regions: { region: { name: string }; total: object; period: object }[] }>(
    '/reports/stats/regions?from_date=2026-04-01&to_date=2026-04-30',
  );
  const lviv = regions.find(({ region }) => region.name === 'ЛЬВІВСЬКА')!;
  assert.deepEqual(lviv.total, {
    declarations_total: 12,
    declarations_created: 10,
    declarations_closed: 0,
    msps: 1,
    doctors: 1,
    pharmacies: 0,
    pharmacists: 0,
  });
  assert.deepEqual((lviv.period as { declarations_created: number }).declarations_created, 10);
});

test('the histogram counts days and months of Kyiv', async () => {
  const months = await data<
    {
      period_name: string;
      declarations_created: number;
      declarations_closed: number;
      declarations_active_end: number;
    }[]
  >('/reports/stats/histogram?from_date=2026-02-01&to_date=2026-04-30&interval=MONTH');
  assert.deepEqual(
    months.map((row) => [
      row.period_name,
      row.declarations_created,
      row.declarations_closed,
      row.declarations_active_end,
    ]),
    [
      ['2026-02', 1, 0, 1],
      ['2026-03', 0, 0, 1],
      ['2026-04', 12, 1, 12],
    ],
  );
  assert.equal(
    (await http.call('GET', '/reports/stats/histogram?from_date=2026-02-01&to_date=2026-01-01&interval=DAY')).status,
    422,
  );
  assert.equal(
    (await http.call('GET', '/reports/stats/histogram?from_date=1900-01-01&to_date=2026-01-01&interval=DAY')).status,
    422,
  );
  assert.equal(
    (await http.call('GET', '/reports/stats/histogram?from_date=2026-02-30&to_date=2026-03-01&interval=DAY')).status,
    422,
  );
  assert.equal(
    (await http.call('GET', '/reports/stats/histogram?from_date=2026-02-01&to_date=2026-03-01&interval=WEEK')).status,
    422,
  );
});

test('divisions on the map: inside the rectangle, by type and by name with its wildcards taken literally', async () => {
  const box = 'lefttop_latitude=50&lefttop_longitude=23&rightbottom_latitude=49&rightbottom_longitude=24';
  assert.equal((await data<unknown[]>(`/reports/stats/divisions?${box}`)).length, 2);
  assert.equal((await data<unknown[]>(`/api/reports/stats/divisions?${box.replace('=23', '=23.5')}`)).length, 0);
  assert.equal((await data<unknown[]>(`/reports/stats/divisions/map?${box}&type=FAP`)).length, 0);
  assert.equal((await data<unknown[]>('/reports/stats/divisions?name=%25')).length, 0);
  assert.equal((await http.call('GET', '/reports/stats/divisions?lefttop_latitude=50')).status, 422);
  assert.equal((await http.call('GET', '/reports/stats/divisions?lefttop_latitude=500')).status, 422);
});

test('one division, and one that does not exist; what happens after the month changes nothing before the next', async () => {
  for (let i = 0; i < 10; i++) await addDeclaration(under, { clinic, birth_date: '1990-01-01' });
  await under.caughtUp();
  assert.equal((await data<{ declarations: number }>('/reports/stats')).declarations, 22);
  assert.deepEqual(await data(`/reports/stats/division/${clinic.division_id}`), {
    division: { id: clinic.division_id, name: 'Амбулаторія' },
    stats: { declarations: 10, doctors: 1, msps: 1 },
  });
  assert.equal((await http.call('GET', '/reports/stats/division/99999999-9999-4999-8999-999999999999')).status, 404);
});

test('doctors are found by the beginnings of their names, by speciality and place; office staff never arrives', async () => {
  const found = async (query: string) => (await data<unknown[]>(`/api/stats/employees?${query}`)).length;
  assert.equal(await found('full_name=%D0%BB%D1%96%D0%BA%20%D0%BE%D0%BA%D1%81'), 1);
  assert.equal(await found('full_name=%D0%BB%D1%96%D0%BA%25'), 0);
  assert.equal(await found(`speciality=FAMILY_DOCTOR&settlement=${encodeURIComponent('турка')}`), 1);
  assert.equal(await found('speciality=PEDIATRICIAN'), 0);
  assert.equal((await http.call('GET', "/api/stats/employees?speciality='--")).status, 422);
  const { source } = under;
  await source.platform.query(
    `insert into prm.employees (id, party_id, legal_entity_id, employee_type, position, start_date, status, inserted_by, updated_by)
     select gen_random_uuid(), party_id, legal_entity_id, 'HR', 'P1', '2020-01-01', 'APPROVED', inserted_by, updated_by from prm.employees limit 1`,
  );
  await under.caughtUp();
  assert.equal((await under.replica.query(`select from prm.employees where employee_type = 'HR'`)).rowCount, 0);
});

test('a clinic with a hidden group is not told by division, nor counted in what its region began', async () => {
  const hiding = await addClinic(under, { area: 'ОДЕСЬКА' });
  for (let i = 0; i < 60; i++)
    await addDeclaration(under, { clinic: i < 25 ? hiding : clinic, birth_date: i < 4 ? '1930-01-01' : '1990-01-01' });
  for (let i = 0; i < 6; i++) await addDeclaration(under, { clinic, birth_date: '1930-01-01', mountain: true });
  await under.caughtUp();
  under.clock.set('2026-12-02T10:00:00Z');
  await runCapitation(under.reports.deps, '2026-12-01');
  for (const { division_id, mountain_division_id } of [hiding, clinic])
    for (const id of [division_id, mountain_division_id]) {
      const { stats } = await data<{ stats: { declarations: number } }>(`/reports/stats/division/${id}`);
      assert.equal(stats.declarations, 0);
    }
  const { regions } = await data<{ regions: { total: { declarations_created: number } }[] }>('/reports/stats/regions');
  assert.ok(regions.every(({ total }) => total.declarations_created === 0));
});

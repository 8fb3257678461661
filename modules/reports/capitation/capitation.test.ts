import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { PublicFiles } from '../publication/public-files.ts';
import { addClinic, addDeclaration, type Clinic, type ReportsUnderTest, startReportsForTest } from '../testing.ts';
import { explainDeclaration } from './explain.ts';
import { finishRun, runCapitation } from './run.ts';

let under: ReportsUnderTest;
let clinic: Clinic;
let empty: Clinic;
const failing: { before?: boolean; after?: boolean } = {};
const bucket = new Map<string, Uint8Array>();
const files: PublicFiles = {
  put: async (name, bytes) => {
    if (failing.before) throw new Error('the bucket does not answer');
    bucket.set(name, bytes);
    if (failing.after) throw new Error('the answer of the bucket was lost');
  },
  url: (name) => `https://files.example/${name}`,
};

before(async () => {
  under = await startReportsForTest({ files });
  clinic = await addClinic(under, { edrpou: '10000001' });
  empty = await addClinic(under, { edrpou: '10000002', name: 'Порожня' });
});
after(() => under?.close());

/** Planted for billing on 2026-11-01. */
const planted: [birth_date: string, expected_age: number, group: string][] = [
  ['2022-11-01', 4, '0-5'],
  ['2021-11-01', 5, '0-5'],
  ['2020-11-01', 6, '6-17'],
  ['2020-11-02', 5, '0-5'],
  ['2020-10-31', 6, '6-17'],
  ['2009-11-01', 17, '6-17'],
  ['2008-11-02', 17, '6-17'],
  ['2008-11-01', 18, '18-39'],
  ['2008-10-31', 18, '18-39'],
  ['1986-11-02', 39, '18-39'],
  ['1986-11-01', 40, '40-64'],
  ['1962-11-01', 64, '40-64'],
  ['1961-11-02', 64, '40-64'],
  ['1961-11-01', 65, '65+'],
  ['1961-10-31', 65, '65+'],
  ['1960-11-01', 66, '65+'],
  ['2020-02-29', 6, '6-17'],
  ['1926-12-31', 99, '65+'],
];
const ids: string[] = [];

test('ages on, before and after the birthday and of 29 February fall into the group of the billing date', async () => {
  for (const [birth_date] of planted) ids.push(await addDeclaration(under, { clinic, birth_date }));
  // Time zones and days: Kyiv is UTC+2 on 1 November, so the month begins at 22:00Z of 31 October.
  await addDeclaration(under, {
    clinic,
    birth_date: '1990-01-01',
    mountain: true,
    active_from: '2026-10-31T21:59:59.999Z',
  });
  ids.push(await addDeclaration(under, { clinic, birth_date: '1990-01-01', active_from: '2026-10-31T22:00:00Z' }));
  ids.push(await addDeclaration(under, { clinic, birth_date: '1990-01-01', ended_at: '2026-10-31T21:59:59Z' }));
  await addDeclaration(under, { clinic, birth_date: '1990-01-01', mountain: true, ended_at: '2026-11-01T08:00:00Z' });
  await addDeclaration(under, { clinic, birth_date: '1990-01-01', without: 'person' });
  await addDeclaration(under, { clinic, birth_date: '1990-01-01', without: 'division' });
  await addDeclaration(under, { clinic, birth_date: '1940-05-05', deceased_on: '2026-10-15' });
  await addDeclaration(under, { clinic, birth_date: '1870-05-05' });
  await under.caughtUp();
  const run = await runCapitation(under.reports.deps, '2026-11-01');
  assert.equal(run.state, 'published');
  for (const [i, [birth_date, age, group]] of planted.entries()) {
    const explained = await explainDeclaration(under.reports.deps.db, run.id, ids[i]!);
    assert.deepEqual([explained.age, explained.age_group, explained.counts], [age, group, true], birth_date);
    assert.match(explained.text, /rule \d decided/);
    assert.match(
      explained.text,
      new RegExp(`^This patient counts ${explained.coefficient} because they were ${age} on 2026`),
    );
  }
});

test('what began at the billing moment or ended before it does not count; what ended on the day does', async () => {
  const { db } = under.reports.deps;
  const run = await db.selectFrom('reports.capitation_runs').selectAll().executeTakeFirstOrThrow();
  for (const id of ids.slice(-2)) {
    const explained = await explainDeclaration(db, run.id, id);
    assert.deepEqual([explained.counts, explained.reason], [false, 'not_active']);
  }
  const lines = await db.selectFrom('reports.capitation_lines').selectAll().where('run_id', '=', run.id).execute();
  const mountain = lines.filter((line) => line.mountain_group);
  assert.deepEqual(
    mountain.map(({ age_group, declaration_count, amount_minor }) => [age_group, declaration_count, amount_minor]),
    [['18-39', 2, 7708]],
  );
  assert.equal(
    lines.reduce((sum, line) => sum + line.declaration_count, 0),
    planted.length + 2,
  );
});

test('what cannot be counted is listed with its reason', async () => {
  const rows = await under.reports.deps.db
    .selectFrom('reports.capitation_errors')
    .select('code')
    .orderBy('code')
    .execute();
  assert.deepEqual(
    rows.map(({ code }) => code),
    ['division_missing', 'input_not_allowed', 'person_deceased', 'person_missing'],
  );
});

test('a clinic without declarations is in the report', () => {
  assert.match(Buffer.from(bucket.get('capitation/2026-11-01/legal_entities.csv')!).toString(), /10000002,Порожня/);
  assert.ok(empty);
});

test('a published month is not computed again, a month in the future and what is no month are refused', async () => {
  const { deps } = under.reports;
  await assert.rejects(runCapitation(deps, '2026-11-01'), { code: 'capitation_published' });
  for (const month of ['2026-12-01', '2026-11-02', '2026-13-01', 'x', '']) {
    await assert.rejects(runCapitation(deps, month), { code: 'validation_failed' }, month);
  }
  await assert.rejects(runCapitation(deps, '2018-06-01'), { code: 'no_rates_in_force' });
});

test('corrections of a closed month are lines of their own in the next', async () => {
  under.clock.set('2026-12-02T10:00:00Z');
  await addDeclaration(under, { clinic, birth_date: '2024-01-01', active_from: '2026-10-01T10:00:00Z' });
  await under.caughtUp();
  const run = await runCapitation(under.reports.deps, '2026-12');
  const lines = await under.reports.deps.db
    .selectFrom('reports.capitation_lines')
    .selectAll()
    .where('run_id', '=', run.id)
    .where('kind', '=', 'correction')
    .execute();
  assert.deepEqual(
    lines.map(({ for_month, age_group, declaration_count, amount_minor }) => [
      for_month,
      age_group,
      declaration_count,
      amount_minor,
    ]),
    [['2026-11-01', '0-5', 1, 12333]],
  );
});

test('a bucket that fails, before or after the bytes arrived, leaves a run that ends by itself with the same bytes', async () => {
  under.clock.set('2027-01-02T10:00:00Z');
  const { deps } = under.reports;
  const open = () =>
    deps.db.selectFrom('reports.capitation_runs').selectAll().where('billing_month', '=', '2027-01-01').execute();
  for (const name of ['before', 'after'] as const) {
    failing[name] = true;
    await assert.rejects(runCapitation(deps, '2027-01-01'));
    delete failing[name];
    const [run] = await open();
    assert.equal(run!.state, 'publishing');
  }
  const [unfinished] = await open();
  const [first, second] = await Promise.allSettled([1, 2].map(() => finishRun(deps, unfinished as never)));
  const outcomes = [first, second].map((one) =>
    one!.status === 'fulfilled' ? 'published' : (one as PromiseRejectedResult).reason.code,
  );
  assert.deepEqual(outcomes.sort(), ['capitation_running', 'published']);
  const [run] = await open();
  assert.deepEqual(
    Buffer.from(bucket.get('capitation/2027-01-01/manifest.json')!),
    Buffer.from(run!.manifest as never),
  );
});

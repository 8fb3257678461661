import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { plantedCases } from '@zdravo/country-ua';
import { errorsOf, exportDmn, runTestCases, validateModel } from '@zdravo/decisions';
import { birthMonth, httpOf, type ReportsUnderTest, startReportsForTest } from '../testing.ts';
import { findSignals } from './find-signals.ts';
import { signal_kinds, signal_test_cases, signalsModel } from './model.ts';

let under: ReportsUnderTest;
let http: Awaited<ReturnType<typeof httpOf>>;
const seeds = ['signals', 'more signals', 'other signals'];
const cases = seeds.flatMap(plantedCases).map((one) => ({ ...one, legal_entity_id: randomUUID() as string }));

before(async () => {
  under = await startReportsForTest();
  http = await httpOf(under);
  for (const one of cases) await plant(one);
});
after(async () => {
  await http?.close();
  await under?.close();
});

/** Straight into the replica: tens of thousands of rows that say nothing of how they got there. */
async function plant({ doctors, legal_entity_id }: (typeof cases)[number]): Promise<void> {
  for (const declarations of doctors) {
    const rows = declarations.map((one) => ({
      id: randomUUID(),
      pseudonym: randomUUID(),
      birth_month: birthMonth(one.birth_date),
      phone_fanout: one.phone_fanout,
      deceased_days_ago: one.deceased_days_ago ?? null,
      begun_hours_ago: one.begun_hours_ago,
      begun_at_hour: one.begun_at_hour ?? null,
    }));
    await under.replica.query(
      `with planted as (select * from jsonb_to_recordset($1) as p (id uuid, pseudonym uuid, birth_month date, phone_fanout int,
         deceased_days_ago int, begun_hours_ago int, begun_at_hour int)),
       facts as (insert into mpi.person_facts select pseudonym, birth_month, 'FEMALE', current_date - deceased_days_ago, phone_fanout from planted)
       insert into ops.declaration_heads select id, 1, 'active', pseudonym, $2, $3, $4, '2018-01-01', '2040-01-01',
         case when begun_at_hour is null then now() - make_interval(hours => begun_hours_ago)
           else ((current_date - 3)::timestamp + make_interval(hours => begun_at_hour)) at time zone 'Europe/Kyiv' end, now() from planted`,
      [JSON.stringify(rows), legal_entity_id, randomUUID(), randomUUID()],
    );
  }
}

type Signal = { id: string; kind: string; score: string; explanation: string; legal_entity_id: string; state: string };

test('the tables that come with the platform have no error and pass their test cases', () => {
  assert.deepEqual(errorsOf(validateModel(signalsModel())), []);
  const report = runTestCases(signalsModel(), signal_test_cases);
  assert.equal(report.failed, 0, JSON.stringify(report.results.filter((one) => !one.passed)));
});

test('every planted fraud is found with its kind, and no honest case that looks like it', async (t) => {
  await findSignals(under.reports.deps);
  const { body } = await http.call('GET', '/api/signals?page_size=500');
  const found = new Set((body.data as Signal[]).map(({ kind, legal_entity_id }) => `${kind} ${legal_entity_id}`));
  for (const kind of signal_kinds) t.diagnostic(quality(kind, found));
  for (const { kind, is_fraud, legal_entity_id } of cases)
    assert.equal(found.has(`${kind} ${legal_entity_id}`), is_fraud, `${kind}, ${is_fraud ? 'fraud' : 'honest'}`);
  assert.deepEqual(new Set((body.data as Signal[]).map(({ kind }) => kind)), new Set(signal_kinds));
});

/** Precision and recall over the planted cases of a kind; a case is found when its clinic has a signal of that kind. */
function quality(kind: string, found: ReadonlySet<string>): string {
  const of_kind = cases.filter((one) => one.kind === kind);
  const flagged = of_kind.filter(({ legal_entity_id }) => found.has(`${kind} ${legal_entity_id}`));
  const right = flagged.filter(({ is_fraud }) => is_fraud).length;
  const frauds = of_kind.filter(({ is_fraud }) => is_fraud).length;
  const share = (part: number, whole: number) => (part / whole).toFixed(2);
  return `${kind}: precision ${share(right, flagged.length)}, recall ${share(right, frauds)} over ${of_kind.length} cases`;
}

test('a signal says which rules gave its score, and moves through the queue; found again it keeps what was decided', async () => {
  const { body } = await http.call('GET', '/api/signals?kind=doctor_load&state=new');
  const [signal] = body.data as Signal[];
  assert.match(signal!.explanation, /rule 2 decided/);
  const dismissed = await http.call('PATCH', `/api/signals/${signal!.id}`, {
    state: 'dismissed',
    note: 'a clinic of islands',
  });
  assert.equal(dismissed.status, 200, JSON.stringify(dismissed.body));
  const again = await http.call('PATCH', `/api/signals/${signal!.id}`, { state: 'confirmed' });
  assert.equal(again.status, 409);
  await findSignals(under.reports.deps);
  const list = await http.call('GET', '/api/signals?kind=doctor_load&state=dismissed');
  assert.equal((list.body.data as Signal[]).length, 1);
  assert.equal(
    (await http.call('PATCH', '/api/signals/99999999-9999-4999-8999-999999999999', { state: 'in_work' })).status,
    404,
  );
  assert.equal((await http.call('PATCH', `/api/signals/${signal!.id}`, { state: 'x' })).status, 422);
});

test('hits say which rules give the signals that stand', async () => {
  const [table] = (await http.call('GET', '/api/decision_tables?key=fraud_signals')).body.data as { id: string }[];
  const { body } = await http.call('GET', `/api/decision_tables/${table!.id}/revisions/1/hits`);
  const load = (body.data as { table: string; rows: number; rules: number[] }[]).find(
    (one) => one.table === 'doctor_load',
  );
  const signals = (await http.call('GET', '/api/signals?kind=doctor_load&page_size=500')).body.data as Signal[];
  assert.equal(load!.rows, signals.length);
  const byRule = (rule: number) =>
    signals.filter(({ explanation }) => explanation.includes(`rule ${rule} decided`)).length;
  assert.deepEqual(load!.rules, [1, 2, 3].map(byRule));
});

test('scores that cannot be worked out hide no signal: the search fails with the cell, what was found stays', async () => {
  const before = (await http.call('GET', '/api/signals?page_size=500')).body.data;
  const author = { user_id: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa' };
  const [table] = (await http.call('GET', '/api/decision_tables?key=fraud_signals')).body.data as { id: string }[];
  const path = `/api/decision_tables/${table!.id}`;
  const dmn = exportDmn(signalsModel()).replace('<text>40</text>', '<text>40 / (limit - 1800)</text>');
  assert.equal((await http.call('POST', `${path}/revisions`, { dmn }, author)).status, 201);
  const test_cases = signal_test_cases.filter(({ decision }) => decision === 'out_of_hours');
  assert.equal((await http.call('PUT', `${path}/test_cases`, { test_cases }, author)).status, 200);
  await http.call('PATCH', `${path}/revisions/2/actions/test`, undefined, author);
  const day = { effective_from: under.clock.today() };
  const published = await http.call('PATCH', `${path}/revisions/2/actions/publish`, day);
  assert.equal(published.status, 200, JSON.stringify(published.body));
  await assert.rejects(findSignals(under.reports.deps), {
    code: 'signals_failed',
    message: /^The scores in force do not decide doctor_load\. doctor_load: DIVISION_BY_ZERO: /,
  });
  assert.deepEqual((await http.call('GET', '/api/signals?page_size=500')).body.data, before);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  addClinic,
  addDeclaration,
  type Clinic,
  httpOf,
  type ReportsUnderTest,
  startReportsForTest,
} from '../testing.ts';
import { runCapitation } from './run.ts';

let under: ReportsUnderTest;
let http: Awaited<ReturnType<typeof httpOf>>;
let ours: Clinic;
let theirs: Clinic;
let declaration: string;
let report: string;

before(async () => {
  under = await startReportsForTest();
  http = await httpOf(under);
  ours = await addClinic(under, { edrpou: '30000001' });
  theirs = await addClinic(under, { edrpou: '30000002' });
  declaration = await addDeclaration(under, { clinic: theirs, birth_date: '2022-01-01', mountain: true });
  await addDeclaration(under, { clinic: ours, birth_date: '1990-01-01' });
  await addDeclaration(under, { clinic: theirs, birth_date: '1990-01-01', without: 'division' });
  await under.caughtUp();
  report = (await runCapitation(under.reports.deps, '2026-11-01')).id;
});
after(async () => {
  await http?.close();
  await under?.close();
});

const clinic = (one: Clinic) => ({ client_type: 'MSP', client_id: one.legal_entity_id });
type Line = { edrpou: string; amount_minor: number };

test('the payer sees every line and filters them; a clinic sees its own whatever it asks for', async () => {
  const lines = async (query: string, as = {}) =>
    (
      (await http.call('GET', `/api/capitation_report_details?report_id=${report}${query}`, undefined, as)).body
        .data as Line[]
    ).map(({ edrpou, amount_minor }) => [edrpou, amount_minor]);
  assert.deepEqual((await lines('')).sort(), [
    ['30000001', 3083],
    ['30000002', 15417],
  ]);
  assert.deepEqual(await lines('&edrpou=30000001'), [['30000001', 3083]]);
  assert.deepEqual(await lines(`&legal_entity_id=${theirs.legal_entity_id}`), [['30000002', 15417]]);
  assert.deepEqual(await lines('', clinic(ours)), [['30000001', 3083]]);
  assert.deepEqual(await lines('&edrpou=30000002', clinic(ours)), []);
  assert.equal((await http.call('GET', '/api/capitation_report_details?edrpou=x')).status, 422);
});

test('a clinic is told why its patient counts, and of another clinic’s patient as if there were none', async () => {
  const path = `/api/capitation_reports/${report}/declarations/${declaration}`;
  const { body } = await http.call('GET', path, undefined, clinic(theirs));
  const { counts, age_group, coefficient, amount_minor } = body.data as Record<string, unknown>;
  assert.deepEqual(
    { counts, age_group, coefficient, amount_minor },
    { counts: true, age_group: '0-5', coefficient: '4', amount_minor: 15417 },
  );
  const foreign = await http.call('GET', path, undefined, clinic(ours));
  const missing = await http.call(
    'GET',
    path.replace(/.$/, (last) => (last === '0' ? '1' : '0')),
    undefined,
    clinic(ours),
  );
  assert.deepEqual([foreign.status, missing.status], [404, 404]);
  assert.deepEqual(foreign.body.error, missing.body.error);
  assert.equal((await http.call('GET', path.replace(report, '99999999-9999-4999-8999-999999999999'))).status, 404);
});

test('errors are of the clinic that asks; the published list is for all', async () => {
  const errors = async (as: object) =>
    ((await http.call('GET', `/api/capitation_reports/${report}/errors`, undefined, as)).body.data as unknown[]).length;
  assert.deepEqual([await errors({}), await errors(clinic(theirs)), await errors(clinic(ours))], [1, 1, 0]);
  const { body } = await http.call('GET', '/reports/log');
  assert.deepEqual(
    (body.data as { public_url: string }[]).map(({ public_url }) => public_url),
    ['https://files.example/capitation/2026-11-01/capitation.csv'],
  );
});

test('a month is started over the API once; bodies that are no month are refused', async () => {
  for (const body of [
    {},
    { billing_month: 11 },
    { billing_month: '2027-01' },
    { billing_month: '2026-10', x: 1 },
    [],
    null,
  ])
    assert.ok(
      [400, 422].includes((await http.call('POST', '/api/capitation_reports', body)).status),
      JSON.stringify(body),
    );
  const both = await Promise.all(
    [1, 2].map(() => http.call('POST', '/api/capitation_reports', { billing_month: '2026-10' })),
  );
  assert.ok(both.every(({ status }) => status === 202 || status === 409));
  for (let attempt = 0; attempt < 100; attempt++) {
    const { body } = await http.call('GET', '/api/capitation_reports?billing_date=2026-10-01');
    const list = body.data as { state: string }[];
    assert.equal(list.length, 1);
    if (list[0]!.state === 'published') return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('the run did not end within 5 s');
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { capitation_rates } from '@zdravo/country-ua';
import { exportDmn } from '@zdravo/decisions';
import { runCapitation } from '../capitation/run.ts';
import {
  addClinic,
  addDeclaration,
  type Clinic,
  httpOf,
  type ReportsUnderTest,
  startReportsForTest,
} from '../testing.ts';
import { capitationModel } from './capitation-model.ts';

let under: ReportsUnderTest;
let http: Awaited<ReturnType<typeof httpOf>>;
let clinic: Clinic;
let table_id: string;
const ann = { user_id: 'aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa' };
const bob = { user_id: 'bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb' };
const capitation = { mountain_group: false, age: 5 };
type Finding = { code: string; place: Record<string, string | number> };
const dearer = (base_rate_minor_per_year: number) =>
  exportDmn(capitationModel({ ...capitation_rates[0]!, base_rate_minor_per_year }));

before(async () => {
  under = await startReportsForTest();
  http = await httpOf(under);
  clinic = await addClinic(under);
  for (let i = 0; i < 3; i++) await addDeclaration(under, { clinic, birth_date: '1990-01-01' });
  await under.caughtUp();
  await runCapitation(under.reports.deps, '2026-11-01');
  const { body } = await http.call('GET', '/api/decision_tables?key=capitation');
  table_id = (body.data as { id: string }[])[0]!.id;
});
after(async () => {
  await http?.close();
  await under?.close();
});

const path = (rest = '') => `/api/decision_tables/${table_id}${rest}`;
const codeOf = (body: { error?: { code?: string; invalid?: { rules: { rule: string }[] }[] } }) =>
  body.error?.invalid?.[0]?.rules[0]?.rule ?? body.error?.code;

test('a draft is tested, seen in money, published by someone else, and decides from its day', async () => {
  const drafted = await http.call('POST', path('/revisions'), { dmn: dearer(74_000) }, ann);
  assert.deepEqual([drafted.status, (drafted.body.data as { number: number }).number], [201, 2]);

  const dry = await http.call('GET', path('/revisions/2/dry_run'));
  const { before_minor, after_minor, regions } = dry.body.data as {
    before_minor: number;
    after_minor: number;
    regions: object[];
  };
  assert.deepEqual([before_minor, after_minor], [9_250, 18_500]);
  const region = { name: 'ЛЬВІВСЬКА', before_minor, after_minor, difference_minor: 9_250 };
  assert.deepEqual(regions, [region]);

  const untested = await http.call(
    'PATCH',
    path('/revisions/2/actions/publish'),
    { effective_from: '2026-12-01' },
    bob,
  );
  assert.deepEqual([untested.status, codeOf(untested.body)], [409, 'not_tested']);

  const failing = await http.call('PATCH', path('/revisions/2/actions/test'), undefined, ann);
  assert.ok((failing.body.data as { failed: number }).failed > 0);
  const { test_cases } = (await http.call('GET', path())).body.data as {
    test_cases: { expected: { output: { base_rate_minor_per_year: string } } }[];
  };
  for (const one of test_cases) one.expected.output.base_rate_minor_per_year = '74000';
  assert.equal((await http.call('PUT', path('/test_cases'), { test_cases }, ann)).status, 200);
  const passing = await http.call('PATCH', path('/revisions/2/actions/test'), undefined, ann);
  assert.equal((passing.body.data as { failed: number }).failed, 0);

  const by_author = await http.call(
    'PATCH',
    path('/revisions/2/actions/publish'),
    { effective_from: '2026-12-01' },
    ann,
  );
  assert.deepEqual([by_author.status, codeOf(by_author.body)], [409, 'four_eyes']);
  const past = await http.call('PATCH', path('/revisions/2/actions/publish'), { effective_from: '2026-01-01' }, bob);
  assert.deepEqual([past.status, codeOf(past.body)], [422, 'effective_date']);
  const published = await http.call(
    'PATCH',
    path('/revisions/2/actions/publish'),
    { effective_from: '2026-12-01' },
    bob,
  );
  assert.equal(published.status, 200, JSON.stringify(published.body));

  const decided = async () => {
    const { body } = await http.call('POST', path('/decisions'), { decision: 'capitation', inputs: capitation });
    return body.data as { id: string; revision: number; verdict: { output: { base_rate_minor_per_year: string } } };
  };
  assert.equal((await decided()).revision, 1);
  under.clock.set('2026-12-01T08:00:00Z');
  const after_day = await decided();
  assert.deepEqual([after_day.revision, after_day.verdict.output.base_rate_minor_per_year], [2, '74000']);
});

test('a published revision never changes; a rollback is a later one with the old content', async () => {
  const edited = await http.call('PUT', path('/revisions/2'), { dmn: dearer(1) }, ann);
  assert.deepEqual([edited.status, codeOf(edited.body)], [409, 'revision_state']);
  await assert.rejects(
    under.replica.query(`update reports.decision_revisions set dmn = '' where number = 2`),
    /never changes/,
  );
  const back = await http.call('POST', path('/revisions'), { restores: 1 }, ann);
  assert.deepEqual((back.body.data as { number: number; restores: number }).restores, 1);
});

test('history is kept: replayed by its own revision, counted by rule and by cell in every table behind it', async () => {
  const list = await http.call('GET', path('/decisions?revision=1'));
  const [first] = list.body.data as { id: string }[];
  const { body } = await http.call('GET', `/api/decisions/${first!.id}/replay`);
  assert.equal((body.data as { same: boolean }).same, true);
  const counted = await http.call('GET', path('/revisions/1/hits'));
  // A caller's child of five, and the month's three patients of 36, all in the plain.
  assert.deepEqual(
    (counted.body.data as { table: string; rows: number; rules: number[]; cells: number[][] }[]).map(
      ({ table, rows, rules, cells }) => [table, rows, rules, cells.flat()],
    ),
    [
      ['age_group', 4, [1, 0, 3, 0, 0], [1, 0, 3, 0, 0]],
      ['age_coefficient', 4, [1, 0, 3, 0, 0], [1, 0, 3, 0, 0]],
      ['mountain_coefficient', 4, [0, 4], [0, 4]],
      ['capitation', 4, [4], [4]],
    ],
  );
});

test('an experiment lets a challenger decide for a stable share of the subjects, and ends', async () => {
  const input = { champion: 2, challengers: [{ revision: 1, share: 5_000 }] };
  const started = await http.call('POST', path('/experiments'), input, bob);
  assert.equal(started.status, 201, JSON.stringify(started.body));
  const second = await http.call('POST', path('/experiments'), input, bob);
  assert.deepEqual([second.status, codeOf(second.body)], [409, 'experiment_running']);
  const nobody = await http.call('POST', path('/decisions'), { decision: 'capitation', inputs: capitation });
  assert.equal(nobody.status, 422);
  const revisionFor = async (subject: string) => {
    const { body } = await http.call('POST', path('/decisions'), {
      decision: 'capitation',
      inputs: capitation,
      subject,
    });
    return (body.data as { revision: number }).revision;
  };
  const first = await Promise.all(Array.from({ length: 20 }, (_, i) => revisionFor(`subject ${i}`)));
  const again = await Promise.all(Array.from({ length: 20 }, (_, i) => revisionFor(`subject ${i}`)));
  assert.deepEqual(first, again);
  assert.deepEqual([...new Set(first)].sort(), [1, 2]);
  const { id } = started.body.data as { id: string };
  const shown = (await http.call('GET', path('/experiments'))).body.data as {
    id: string;
    challengers: object[];
    decisions: { revision: number; count: number }[];
    ended_at: string | null;
  }[];
  assert.deepEqual([shown.length, shown[0]!.id, shown[0]!.ended_at], [1, id, null]);
  assert.deepEqual(shown[0]!.challengers, [{ revision: 1, share: 5_000 }]);
  assert.equal(
    shown[0]!.decisions.reduce((sum, { count }) => sum + count, 0),
    40,
  );
  assert.equal((await http.call('PATCH', path(`/experiments/${id}/actions/end`), undefined, bob)).status, 200);
  assert.equal((await http.call('PATCH', path(`/experiments/${id}/actions/end`), undefined, bob)).status, 404);
  const unpublished = await http.call(
    'POST',
    path('/experiments'),
    { champion: 3, challengers: [{ revision: 1, share: 1 }] },
    bob,
  );
  assert.equal(unpublished.status, 422);
  const challenger = {
    champion: 2,
    challengers: [
      { revision: 1, share: 1 },
      { revision: 3, share: 1 },
    ],
  };
  const not_published = await http.call('POST', path('/experiments'), challenger, bob);
  assert.equal(not_published.body.error!.invalid![0]!.entry, '$.challengers[1].revision');
  const { rows: audited } = await under.replica.query(
    `select action, actor_id from reports.audit_log where action like 'experiment.%' order by recorded_at`,
  );
  assert.deepEqual(audited, [
    { action: 'experiment.start', actor_id: bob.user_id },
    { action: 'experiment.end', actor_id: bob.user_id },
  ]);
  const too_much = await http.call(
    'POST',
    path('/experiments'),
    {
      champion: 2,
      challengers: [
        { revision: 1, share: 6_000 },
        { revision: 1, share: 6_000 },
      ],
    },
    bob,
  );
  assert.deepEqual([too_much.status, codeOf(too_much.body)], [422, 'experiment_shares']);
  const itself = await http.call(
    'POST',
    path('/experiments'),
    { ...input, challengers: [{ revision: 2, share: 1 }] },
    bob,
  );
  assert.deepEqual([itself.status, codeOf(itself.body)], [422, 'unique']);
});

test('bad documents, rows and tables are refused with their place, and nothing changes', async () => {
  const before_all = (await http.call('GET', path())).body.data as { revisions: unknown[] };
  const gap = dearer(1).replace('&gt;= 65', '&gt;= 66');
  const cases: [dmn: string, rule: string][] = [
    ['<definitions', 'dmn_syntax'],
    ['<!DOCTYPE x [<!ENTITY a "b">]><definitions/>', 'dmn_doctype'],
    ['{}', 'dmn_syntax'],
  ];
  for (const [dmn, rule] of cases) {
    const { status, body } = await http.call('POST', path('/revisions'), { dmn }, ann);
    assert.deepEqual([status, codeOf(body)], [422, rule]);
  }
  const drafted = await http.call('POST', path('/revisions'), { dmn: gap }, ann);
  const { number } = drafted.body.data as { number: number };
  const { findings } = (await http.call('GET', path(`/revisions/${number}`))).body.data as {
    findings: { code: string; place: { table: string } }[];
  };
  assert.deepEqual([findings[0]!.code, findings[0]!.place.table], ['GAP', 'age_group']);
  const rows: [inputs: unknown, rule: string][] = [
    [{ age: 5 }, 'input_missing'],
    [{ ...capitation, income: 1 }, 'input_unknown'],
    [{ ...capitation, age: '5' }, 'input_type'],
    [{ ...capitation, age: 151 }, 'input_not_allowed'],
    [{ ...capitation, age: 1.5 }, 'input_type'],
  ];
  for (const [inputs, rule] of rows) {
    const { status, body } = await http.call('POST', path('/decisions'), { decision: 'capitation', inputs });
    assert.deepEqual([status, codeOf(body)], [422, rule], JSON.stringify(inputs));
  }
  const unknown = await http.call('POST', path('/decisions'), { decision: 'x', inputs: {} });
  assert.deepEqual([unknown.status, codeOf(unknown.body)], [422, 'unknown_decision']);
  assert.equal((await http.call('GET', '/api/decision_tables/99999999-9999-4999-8999-999999999999')).status, 404);
  const taken = await http.call('POST', '/api/decision_tables', { key: 'capitation', title: 'x', dmn: dearer(1) }, ann);
  assert.deepEqual([taken.status, codeOf(taken.body)], [409, 'decision_table_exists']);
  const after_all = (await http.call('GET', path())).body.data as { revisions: { state: string }[] };
  assert.equal(after_all.revisions.filter(({ state }) => state === 'published').length, 2);
  assert.ok(after_all.revisions.length >= before_all.revisions.length);
});

test('a table with a gap that no test case meets is a draft, and stays one: the test names gap and cell', async () => {
  const { number, findings } = await drafted(dearer(74_000).replace('[40..64]', '[40..49], [51..64]'));
  assert.deepEqual(
    findings.map(({ code, place }) => [code, place['table'], place['cell']]),
    [['GAP', 'age_group', 'age']],
  );
  const tested = await http.call('PATCH', path(`/revisions/${number}/actions/test`), undefined, ann);
  assert.deepEqual([tested.status, codeOf(tested.body)], [409, 'not_tested']);
  assert.match(tested.body.error!.message!, /^GAP: no rule matches age: 50 \(table age_group, rule 4, cell age\)$/);
  const published = await http.call(
    'PATCH',
    path(`/revisions/${number}/actions/publish`),
    { effective_from: '2027-01-01' },
    bob,
  );
  assert.deepEqual([published.status, codeOf(published.body)], [409, 'not_tested']);
});

test('a cell that always divides by zero is a finding with its place; one that may is a failed test case', async () => {
  const always = await drafted(dearer(74_000).replace('<text>1</text>', '<text>1 / 0</text>'));
  assert.deepEqual(
    always.findings.map(({ code, place }) => [code, place['table'], place['rule'], place['cell']]),
    [['DIVISION_BY_ZERO', 'age_coefficient', 3, 'age_coefficient']],
  );
  for (const question of ['dry_run', 'hits']) {
    const { status, body } = await http.call('GET', path(`/revisions/${always.number}/${question}`));
    assert.deepEqual([status, codeOf(body)], [422, 'division_by_zero'], question);
  }
  const refused = await http.call('PATCH', path(`/revisions/${always.number}/actions/test`), undefined, ann);
  assert.deepEqual([refused.status, codeOf(refused.body)], [422, 'division_by_zero']);
  const sometimes = await drafted(
    dearer(74_000).replace('<text>74000</text>', '<text>74000 + 0 / (age_coefficient - 4)</text>'),
  );
  const { status, body } = await http.call(
    'PATCH',
    path(`/revisions/${sometimes.number}/actions/test`),
    undefined,
    ann,
  );
  const report = body.data as { failed: number; results: { name: string; passed: boolean; error?: string }[] };
  assert.deepEqual([status, report.failed], [200, 6]);
  const failed = report.results.filter(({ passed }) => !passed);
  assert.deepEqual(
    failed.map(({ name, error }) => `${name}: ${error}`),
    [0, 4, 5].flatMap((age) => [`age ${age}, mountains: DIVISION_BY_ZERO`, `age ${age}, plain: DIVISION_BY_ZERO`]),
  );
});

test('rates that came into force and do not decide, or make no money, fail the month with the place; the last report stays', async () => {
  const { deps } = under.reports;
  const before = under.published.get('capitation/2026-11-01/manifest.json');
  const broken: [cell: string, failure: RegExp][] = [
    ['-74000', /^rates_failed: The rates in force on 2027-01-01 do not decide age \d+: NOT_A_RATE\. .*rule/s],
    ['74000 + 0 / (age_coefficient - 1)', /^rates_failed: .* do not decide age \d+: DIVISION_BY_ZERO\. .*capitation/s],
  ];
  for (const [i, [cell, failure]] of broken.entries()) {
    const { number } = await drafted(dearer(74_000).replace('<text>74000</text>', `<text>${cell}</text>`));
    assert.equal((await http.call('GET', path(`/revisions/${number}/dry_run`))).body.data['undecided_declarations'], 3);
    const one = { decision: 'age_group', inputs: { age: 5 }, name: 'one', expected: { output: '0-5' } };
    await http.call('PUT', path('/test_cases'), { test_cases: [one] }, ann);
    await http.call('PATCH', path(`/revisions/${number}/actions/test`), undefined, ann);
    const publication = { effective_from: `2026-12-0${i + 2}` };
    const published = await http.call('PATCH', path(`/revisions/${number}/actions/publish`), publication, bob);
    assert.equal(published.status, 200, JSON.stringify(published.body));
    under.clock.set('2027-01-02T10:00:00Z');
    await assert.rejects(runCapitation(deps, '2027-01-01'), { code: 'rates_failed' });
    const { body } = await http.call('GET', '/api/capitation_reports?billing_date=2027-01-01');
    const [report] = body.data as { state: string; failure: string }[];
    assert.equal(report!.state, 'failed');
    assert.match(report!.failure, failure);
    under.clock.set('2026-11-23T10:00:00Z');
  }
  assert.equal(under.published.get('capitation/2026-11-01/manifest.json'), before);
  assert.ok(![...under.published.keys()].some((name) => name.includes('2027-01-01')));
});

test('a group with two rates has no line of its own: the month fails and names group and ages', async () => {
  await addDeclaration(under, { clinic, birth_date: '2020-01-01' });
  await under.caughtUp();
  const { number } = await drafted(
    dearer(74_000).replace(/<text>age_group<\/text>(?=\s*<\/outputEntry>)/, '<text>"all"</text>'),
  );
  await http.call('PATCH', path(`/revisions/${number}/actions/test`), undefined, ann);
  const publication = { effective_from: '2026-12-09' };
  const published = await http.call('PATCH', path(`/revisions/${number}/actions/publish`), publication, bob);
  assert.equal(published.status, 200, JSON.stringify(published.body));
  under.clock.set('2027-01-02T10:00:00Z');
  await assert.rejects(runCapitation(under.reports.deps, '2027-01-01'), {
    code: 'rates_failed',
    message:
      'The rates in force on 2027-01-01 give the group all one rate at age 7 and another at age 37. Nothing was published.',
  });
});

async function drafted(dmn: string): Promise<{ number: number; findings: Finding[] }> {
  const { status, body } = await http.call('POST', path('/revisions'), { dmn }, ann);
  assert.equal(status, 201, JSON.stringify(body));
  const { number } = body.data as { number: number };
  const shown = await http.call('GET', path(`/revisions/${number}`));
  return { number, findings: (shown.body.data as { findings: Finding[] }).findings };
}

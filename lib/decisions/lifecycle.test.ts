import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  assignVariant,
  compileModel,
  compileRevision,
  countHits,
  createHitCounters,
  type DecisionModel,
  decideAndRecord,
  draftRevision,
  editRevision,
  mergeHitCounters,
  publishRevision,
  type Revision,
  recordTests,
  replay,
  restoreRevision,
  revisionInForce,
  runTestCases,
  type TestCase,
} from './index.ts';
import { smallModel } from './testing/small-models.ts';

const rates = (child: string): DecisionModel =>
  smallModel(
    { age: 'integer' },
    [
      ['< 18', child],
      ['>= 18', '1.0'],
    ],
    { output: 'number' },
  );
const cases: TestCase[] = [
  { name: 'a child', decision: 'verdict', inputs: { age: 17 }, expected: { output: '4' } },
  { name: 'an adult', decision: 'verdict', inputs: { age: 18 }, expected: { output: '1.0' } },
  { name: 'no age', decision: 'verdict', inputs: {}, expected: { error: 'INPUT_MISSING' } },
];
const act = (by: string) => ({ by, at: '2026-01-10T08:00:00Z' });

function published(revisions: Revision[], model: DecisionModel, effective_from: string): Revision {
  const expected = model.tables[0]!.rules[0]!.outputs[0]!;
  const own = cases.map((item, i) => (i === 0 ? { ...item, expected: { output: expected } } : item));
  const tested = recordTests(draftRevision(revisions, model, act('ann')), runTestCases(model, own), act('ann'));
  return publishRevision(tested, { ...act('bob'), effective_from, today: '2026-01-10' });
}

test('test cases compare numbers by value, expect errors and name the rules nobody tested', () => {
  const report = runTestCases(rates('4.0'), cases.slice(0, 1));
  assert.deepEqual([report.passed, report.failed, report.untested_rules], [1, 0, { verdict: [2] }]);
  assert.deepEqual(runTestCases(rates('4.0'), cases).untested_rules, {});
  const failing = runTestCases(rates('3.9'), cases);
  assert.deepEqual([failing.passed, failing.failed], [2, 1]);
  assert.match(failing.results[0]!.explanation!, /rule 1 decided/);
});

test('a revision is in force only tested, by a second person, and not for days past', () => {
  const draft = draftRevision([], rates('4.0'), act('ann'));
  const publication = { ...act('bob'), effective_from: '2026-02-01', today: '2026-01-10' };
  assert.throws(() => publishRevision(draft, publication), { code: 'NOT_TESTED' });
  const tested = recordTests(draft, runTestCases(draft.model, cases), act('ann'));
  assert.throws(() => publishRevision(tested, { ...publication, by: 'ann' }), { code: 'FOUR_EYES' });
  assert.throws(() => publishRevision(tested, { ...publication, effective_from: '2026-01-09' }), {
    code: 'EFFECTIVE_DATE',
  });
  assert.throws(() => publishRevision(tested, { ...publication, effective_from: '2026-02-30' }), {
    code: 'EFFECTIVE_DATE',
  });
  assert.equal(
    publishRevision(tested, { ...publication, effective_from: '2018-01-01', reason: 'first rates' }).state,
    'published',
  );
  const in_force = publishRevision(tested, publication);
  assert.throws(() => editRevision(in_force, rates('5'), act('eve')), { code: 'REVISION_STATE' });
  assert.throws(() => publishRevision(in_force, publication), { code: 'REVISION_STATE' });
});

test('tests count only for the content they ran against', () => {
  const draft = draftRevision([], rates('4.0'), act('ann'));
  const report = runTestCases(draft.model, cases);
  assert.throws(() => recordTests(editRevision(draft, rates('5'), act('ann')), report, act('ann')), {
    code: 'NOT_TESTED',
  });
  const tested = recordTests(draft, report, act('ann'));
  const smuggled = { ...tested, model: rates('400') };
  assert.throws(() => publishRevision(smuggled, { ...act('bob'), effective_from: '2026-02-01', today: '2026-01-10' }), {
    code: 'NOT_TESTED',
  });
  assert.throws(() => recordTests(draft, runTestCases(draft.model, []), act('ann')), { code: 'NOT_TESTED' });
  const gap = smallModel({ age: 'integer' }, [['< 18', '4']], { output: 'number' });
  const with_gap = draftRevision([], gap, act('ann'));
  assert.throws(() => recordTests(with_gap, runTestCases(gap, cases.slice(0, 1)), act('ann')), { code: 'NOT_TESTED' });
});

test('the revision in force changes on its day; a rollback is a later revision with the old content', () => {
  const first = published([], rates('4.0'), '2026-02-01');
  const second = published([first], rates('5.0'), '2026-03-01');
  const restored = restoreRevision([first, second], 1, act('ann'));
  assert.deepEqual(
    [restored.number, restored.state, restored.restores, restored.digest],
    [3, 'draft', 1, first.digest],
  );
  const third = published([first, second], restored.model, '2026-03-01');
  const all = [third, second, first, restored];
  const number = (date: string) => revisionInForce(all, date).number;
  assert.throws(() => number('2026-01-31'), { code: 'NO_REVISION_IN_FORCE' });
  assert.deepEqual(['2026-02-01', '2026-02-28', '2026-03-01', '2030-01-01'].map(number), [1, 1, 3, 3]);
  assert.throws(() => restoreRevision([restored], 3, act('ann')), { code: 'REVISION_STATE' });
});

test('a decision is replayed by the revision that made it, also after others came', () => {
  const first = published([], rates('4.0'), '2026-02-01');
  const request = { decision: 'verdict', inputs: { age: 17 }, decided_at: '2026-02-03T00:00:00Z' };
  const record = JSON.parse(JSON.stringify(decideAndRecord(compileRevision(first), request)));
  const second = published([first], rates('5.0'), '2026-03-01');
  const replayed = replay(record, [first, second]);
  assert.equal(replayed.same, true);
  assert.deepEqual(replayed.explanation.rules[1]!.failed, { cell: 'age', test: '>= 18', value: '17' });
  assert.equal(replay({ ...record, verdict: { ...record.verdict, output: '40' } }, [first]).same, false);
  assert.throws(() => replay(record, [{ ...first, digest: second.digest }]), { code: 'REVISION_STATE' });
  assert.throws(() => replay(record, []), { code: 'REVISION_STATE' });
});

test('subjects keep their variant, in the shares asked for, when a share grows', () => {
  const experiment = (share: number) => ({
    id: 'rates 2026',
    champion: 'old',
    challengers: [{ variant: 'new', share }],
  });
  const subjects = Array.from({ length: 20_000 }, (_, i) => `subject-${i}`);
  const small = subjects.filter((subject) => assignVariant(experiment(1_000), subject) === 'new');
  const large = new Set(subjects.filter((subject) => assignVariant(experiment(3_000), subject) === 'new'));
  assert.ok(Math.abs(small.length / 20_000 - 0.1) < 0.01, String(small.length));
  assert.ok(Math.abs(large.size / 20_000 - 0.3) < 0.015, String(large.size));
  assert.ok(small.every((subject) => large.has(subject)));
  assert.equal(assignVariant(experiment(0), 'x'), 'old');
  assert.equal(assignVariant(experiment(10_000), 'x'), 'new');
  for (const share of [-1, 10_001, 0.5, Number.NaN])
    assert.throws(() => assignVariant(experiment(share), 'x'), { code: 'EXPERIMENT_SHARES' });
});

test('counters know how often each rule decided and each cell matched', () => {
  const model = smallModel(
    { age: 'integer', m: 'boolean' },
    [
      ['< 18', 'true', '"a"'],
      ['-', '? != m', '"never"'],
      ['>= 18', '-', '"b"'],
    ],
    {
      hit_policy: 'F',
    },
  );
  const compiled = compileModel(model).table('verdict');
  const counters = createHitCounters(compiled);
  const rows = [
    { age: 1, m: true },
    { age: 1, m: false },
    { age: 20, m: true },
  ];
  for (const row of rows) countHits(compiled, counters, row);
  assert.deepEqual(counters, {
    table: 'verdict',
    rows: 3,
    defaults: 0,
    none: 1,
    rules: [1, 0, 1],
    cells: [
      [2, 2],
      [3, 0],
      [1, 3],
    ],
  });
  assert.deepEqual(mergeHitCounters(counters, counters).cells[0], [4, 4]);
});

test('counts of cells are the counts of single explanations', () => {
  const compiled = compileModel(
    smallModel(
      { n: 'integer' },
      [
        ['< 3', '"x"'],
        ['[2..5]', '"y"'],
        ['not(4)', '"z"'],
      ],
      { hit_policy: 'R' },
    ),
  ).table('verdict');
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 7 })), (values) => {
      const counters = createHitCounters(compiled);
      for (const n of values) countHits(compiled, counters, { n });
      const tests = [(n: number) => n < 3, (n: number) => n >= 2 && n <= 5, (n: number) => n !== 4];
      assert.deepEqual(
        counters.cells,
        tests.map((passes) => [values.filter(passes).length]),
      );
      assert.deepEqual(
        counters.rules,
        counters.cells.map(([count]) => count),
      );
    }),
  );
});

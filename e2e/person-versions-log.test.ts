import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Neighbours } from '@zdravo/dev/platform';
import { type Failure, failingCalls } from './failing-calls.ts';
import { startVersionsStage, type VersionsStage } from './versions-stage.ts';

// Versions of persons on their way to the log.

let on: VersionsStage;

type Step = 'putPersonVersionBatch' | 'findPersonVersionBatches';
let failure: Failure<Step> | undefined;
const failing = failingCalls<Step>(() => failure);

function interpose({ ops, ...others }: Neighbours): Neighbours {
  return {
    ...others,
    ops: {
      ...ops,
      putPersonVersionBatch: failing('putPersonVersionBatch', ops.putPersonVersionBatch),
      findPersonVersionBatches: failing('findPersonVersionBatches', ops.findPersonVersionBatches),
    },
  };
}

before(async () => {
  on = await startVersionsStage({ interpose });
});
after(() => on?.stage.close());

/** Batches of the index, and the leaves that each has, waiting or placed. */
async function leavesOfBatches(): Promise<number[]> {
  const batches = await on.mpi('select id from mpi.version_batches order by position');
  const leaves = await on.stage.query(
    'ops',
    `select record_id from ops.log_entries where kind = 'person_versions' union all select record_id from ops.pending_leaves where kind = 'person_versions'`,
  );
  assert.ok(leaves.every((leaf) => batches.some(({ id }) => id === leaf['record_id'])));
  return batches.map(({ id }) => leaves.filter((leaf) => leaf['record_id'] === id).length);
}

test('what was signed is in a batch and the batch in the log; the audit counts them and finds all whole', async () => {
  await on.takeBatches();
  await on.logBatches();
  const { code, output } = await on.runCommand();
  assert.equal(code, 0, output);
  assert.match(output, /^WHOLE, as far as it was read: [\s\S]*, 5 versions of persons in [12] batches\./);
  assert.deepEqual(await on.audit(), []);
});

for (const step of ['findPersonVersionBatches', 'putPersonVersionBatch'] as const)
  for (const moment of ['before', 'after'] as const)
    test(`the line breaks ${moment} ${step}: the next run brings the batch, and it has one leaf`, async () => {
      await on.writeAgain(0);
      await on.takeBatches();
      failure = { step, moment };
      try {
        await assert.rejects(on.logBatches(), /the line was cut/);
      } finally {
        failure = undefined;
      }
      await Promise.all([on.logBatches(), on.logBatches()]);
      assert.deepEqual(new Set(await leavesOfBatches()), new Set([1]));
      assert.deepEqual(await on.audit({ full: moment === 'after' }), []);
    });

test('another batch under an id that has its leaf is refused, and nothing of it is kept', async () => {
  const [batch] = await on.stage.platform.mpi.listVersionBatches({ query: { limit: 1 } }, { request_id: 'test' });
  const { id, position: _position, ...body } = batch!;
  const put = (changes: object) =>
    on.stage.platform.ops.putPersonVersionBatch(
      { params: { id }, body: { ...body, ...changes } },
      { request_id: 'test' },
    );
  await put({});
  for (const changes of [
    { root: '0'.repeat(64) },
    { count: 9 },
    { is_last: false },
    { taken_at: '2020-01-01T00:00:00.000000Z' },
  ])
    await assert.rejects(put(changes), { status: 409, code: 'person_version_batch_differs' });
  await assert.rejects(put({ root: 'secret' }), { status: 422 });
  assert.deepEqual(new Set(await leavesOfBatches()), new Set([1]));
});

test('what waits longer than it may is told: a version for its batch, a batch for its leaf', async () => {
  await on.writeAgain(0);
  await on.takeBatches();
  await on.writeAgain(0);
  const impatient = { longest_wait_s: 0 };
  const findings = await on.audit(impatient);
  // The timers of the running platform may be faster by a step.
  assert.match(
    findings.join('\n'),
    /1 versions of persons wait for a batch, the first since 20.*\[record_late\]|No leaf stands for it/,
  );
  await on.takeBatches();
  const unlogged = await on.audit(impatient);
  assert.ok(
    unlogged.every((line) => /Batch .* No leaf stands for it, and it was taken .*\[record_unlogged\]$/.test(line)),
  );
  assert.deepEqual(await on.audit(), []);
  await on.logBatches();
  assert.deepEqual(await on.audit(impatient), []);
});

test('a leaf that cannot be read any more is named, and does not end the audit', async () => {
  const entry = (text: string) =>
    on.stage.query(
      'ops',
      `update ops.log_entries set entry = convert_to(replace(convert_from(entry, 'UTF8'), $1, $2), 'UTF8')
       where leaf_index = (select max(leaf_index) from ops.log_entries where kind = 'person_versions')`,
      text === 'broken' ? ['"h":"', '"h":{"'] : ['"h":{"', '"h":"'],
    );
  await entry('broken');
  const findings = await on.audit();
  await entry('whole');
  assert.match(findings.join('\n'), /\[entry_differs\]/);
  assert.match(
    findings.join('\n'),
    /calls itself a batch of versions of persons, and cannot be read.*\[record_altered\]/,
  );
});

test('a leaf whose label was altered is not overlooked', async () => {
  const relabel = (kind: string, other: string) =>
    on.stage.query(
      'ops',
      'update ops.log_entries set kind = $2 where leaf_index = (select max(leaf_index) from ops.log_entries where kind = $1)',
      [kind, other],
    );
  await relabel('person_versions', 'document');
  const findings = await on.audit();
  await relabel('document', 'person_versions');
  assert.match(findings.join('\n'), /The database labels its leaf as that of another record.*\[record_misplaced\]/);
});

test('a batch that the index never took is a leaf without a batch', async () => {
  const body = { root: 'a'.repeat(64), count: 3, is_last: true, taken_at: '2026-01-01T00:00:00.000000Z' };
  const id = crypto.randomUUID();
  await on.stage.platform.ops.putPersonVersionBatch({ params: { id }, body }, { request_id: 'test' });
  const findings = await on.audit();
  assert.equal(findings.length, 1, findings.join());
  assert.match(
    findings[0]!,
    new RegExp(`Batch ${id} of 3 versions of persons, taken 2026-01-01.*\\[record_missing\\]$`),
  );
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { generateCountry, withDuplicates } from '@zdravo/country-ua';
import { Problem } from '@zdravo/kit/problem';
import { testLogger } from '@zdravo/kit/testing';
import type { Person } from '../contract.ts';
import { bulkLoadPersons } from '../index.ts';
import { context, type MpiUnderTest, startMpiForTest } from '../testing.ts';
import { createLinker, type Linker } from './linker.ts';

let under_test: MpiUnderTest;
let linker: Linker;
const records = [
  ...withDuplicates(generateCountry({ seed: 5, persons: 1500 }).persons(0, 1500), { seed: 5, share: 0.1 }),
];

before(async () => {
  under_test = await startMpiForTest();
  linker = await createLinker({ ...under_test.options, log: testLogger('linker') });
  const loaded = records.map((record) => ({
    id: record.record_id,
    person: record.person as unknown as Person,
    source: { type: 'declaration_request', id: randomUUID() },
  }));
  await bulkLoadPersons(under_test.options, loaded);
});
after(async () => {
  await linker?.close();
  await under_test?.close();
});

const signOff = (id: string) => under_test.client.putModelSignOff({ params: { id }, body: {} }, context);
const hasCode = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;

/** Duplicates and strangers with their truth, seeded or decided. */
async function knownPairs(): Promise<void> {
  const pairs = records.flatMap((record, at) => {
    const next = records[at + 1];
    if (!next) return [];
    const same = next.truth_id === record.truth_id;
    return same || at % 20 === 0 ? [[record.record_id, next.record_id, same ? 'same' : 'different'] as const] : [];
  });
  for (const [at, [one, other, truth]] of pairs.entries()) {
    const columns =
      at % 2 === 0
        ? "expected, status) values ('possible_duplicate', $1, $2, $3, 'new')"
        : "outcome, status, decided_at) values ('possible_duplicate', $1, $2, $3, 'decided', now())";
    await under_test.superuser.query(`insert into mpi.review_items (kind, low_id, high_id, ${columns}`, [
      ...[one, other].sort(),
      truth,
    ]);
  }
}

const servingId = async () =>
  (await under_test.superuser.query<{ id: string }>("select id from mpi.linkage_models where state = 'serving'"))
    .rows[0]!.id;

test('the founding model is signed off only when it was measured on known pairs of every kind and would merge none wrongly', async () => {
  await linker.drain();
  await linker.measure();
  const id = await servingId();
  await assert.rejects(signOff(id), hasCode('model_not_proven'));
  await knownPairs();
  await assert.rejects(signOff(id), hasCode('model_not_proven'), 'known, and not measured yet');
  const standing = await linker.measure();
  for (const kind of ['reviewed', 'seeded', 'same', 'different'] as const) assert.ok(standing[kind] >= 50, kind);
  assert.equal(standing.wrong_merges, 0);
  const set = (figures: object) =>
    under_test.superuser.query('update mpi.linkage_models set figures = $2 where id = $1', [
      id,
      JSON.stringify({ standing: { ...standing, ...figures } }),
    ]);
  for (const figures of [{ wrong_merges: 1 }, { different: 49 }, { surprise: standing.surprise_of_share }]) {
    await set(figures);
    await assert.rejects(signOff(id), hasCode('model_not_proven'), JSON.stringify(figures));
  }
  await set({});
  assert.equal((await signOff(id)).state, 'serving');
  await under_test.superuser.query('update mpi.linkage_models set signed_off_by = null, signed_off_at = null');
  await under_test.superuser.query('delete from mpi.review_items');
});

test('a candidate is learnt from sketches, and signed off only when it beat the serving model on known pairs', async () => {
  const first = await linker.train();
  assert.ok(first.figures.records >= records.length);
  await assert.rejects(signOff(first.id), hasCode('model_not_proven'));
  await knownPairs();
  const second = await linker.train();
  assert.ok(second.figures.reviewed.pairs >= 50 && second.figures.seeded.pairs >= 50);
  const better = [second.figures.reviewed, second.figures.seeded].every(
    (one) => one.surprise < one.surprise_of_serving,
  );
  if (better) assert.equal((await signOff(second.id)).state, 'serving');
  else await assert.rejects(signOff(second.id), hasCode('model_not_better'));
});

test('the monthly job learns a candidate from everybody’s sketches, which decides nothing', async () => {
  const candidates = async () =>
    (
      await under_test.superuser.query<{ id: string; records: number }>(
        "select id, (figures ->> 'records')::int as records from mpi.linkage_models where state = 'candidate'",
      )
    ).rows;
  const before = new Set((await candidates()).map(({ id }) => id));
  const serving = await servingId();
  await linker.jobs.find(({ name }) => name === 'train_linkage_model')!.run({}, { signal: undefined });
  const learnt = (await candidates()).filter(({ id }) => !before.has(id));
  assert.equal(learnt.length, 1);
  assert.ok(learnt[0]!.records >= records.length);
  assert.equal(await servingId(), serving);
});

test('a candidate that does worse is refused, one that does better takes the place, and the place is only one', async () => {
  const worse = await linker.train();
  const figures = (surprise: number) =>
    JSON.stringify({
      ...worse.figures,
      reviewed: { pairs: 60, surprise, surprise_of_serving: 0.1 },
      seeded: { pairs: 60, surprise, surprise_of_serving: 0.1 },
    });
  const set = (id: string, surprise: number) =>
    under_test.superuser.query('update mpi.linkage_models set figures = $2 where id = $1', [id, figures(surprise)]);
  await set(worse.id, 0.2);
  await assert.rejects(signOff(worse.id), hasCode('model_not_better'));
  await set(worse.id, 0.05);
  await signOff(worse.id);
  await signOff(worse.id);
  const { rows } = await under_test.superuser.query("select id from mpi.linkage_models where state = 'serving'");
  assert.deepEqual(rows, [{ id: worse.id }]);
  await assert.rejects(signOff(randomUUID()), hasCode('not_found'));
  assert.equal((await linker.relink({ workers: 1 })).is_done, true);
});

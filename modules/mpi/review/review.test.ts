import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { type Client, createClient, inProcessTransport } from '@zdravo/kit/client';
import { createFileKeyProvider } from '@zdravo/kit/keys';
import { Problem } from '@zdravo/kit/problem';
import { testLogger } from '@zdravo/kit/testing';
import { type MpiUnderTest, somebody, startMpiForTest } from '../testing.ts';
import { contract } from './contract.ts';
import { createReview, type Review } from './review.ts';

let under_test: MpiUnderTest;
let review: Review;
let client: Client<typeof contract>;
const [ann, ben, cem] = [randomUUID(), randomUUID(), randomUUID()];
const by = (actor_id: string) => ({ request_id: 'test', actor_id, purpose: 'review' });

before(async () => {
  under_test = await startMpiForTest();
  const { database_url, keys_database_url } = under_test.options;
  const key_provider = await createFileKeyProvider(under_test.key_file);
  review = await createReview({
    database_url,
    keys_database_url,
    key_provider,
    callers: { il: 'secret' },
    log: testLogger('review'),
  });
  await review.app.ready();
  client = createClient(contract, inProcessTransport(review.app), { caller: 'il', secret: 'secret' });
});
after(async () => {
  await review?.close();
  await under_test?.close();
});
beforeEach(() => under_test.superuser.query('truncate mpi.review_items cascade'));

/** An open question about two persons, ready to be looked at. */
async function question(probability = 0.9): Promise<string> {
  const names = { first_name: 'Олена', last_name: 'Коваль' };
  const one = await under_test.put(
    somebody({ ...names, tax_id: '3153153153', birth_settlement: randomUUID() }),
    randomUUID(),
  );
  const other = await under_test.put(
    somebody({ ...names, last_name: 'Ковальчук', second_name: 'Петрівна' }),
    randomUUID(),
  );
  const { rows } = await under_test.superuser.query<{ id: string }>(
    `insert into mpi.review_items (kind, low_id, high_id, probability) values ('possible_duplicate', least($1::uuid, $2), greatest($1::uuid, $2), $3) returning id`,
    [one.id, other.id, probability],
  );
  await prepare();
  return rows[0]!.id;
}

const prepare = () =>
  under_test.mpi.jobs.find((job) => job.name === 'prepare_review_sheets')!.run({}, { signal: undefined });
const assignment = async (reviewer: string) => (await client.putAssignment({ body: {} }, by(reviewer))).item;
const vote = (id: string, reviewer: string, voice: 'same' | 'different') =>
  client.putVote({ params: { id }, body: { vote: voice } }, by(reviewer));
const hasCode = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;
const count = async (query: string) => (await under_test.superuser.query(query)).rowCount;

test('two reviewers who agree decide; the merge is proposed to the platform with its evidence', async () => {
  const id = await question();
  assert.equal((await assignment(ann))!.id, id);
  assert.equal((await vote(id, ann, 'same')).status, 'new');
  assert.equal(await assignment(ann), null, 'nobody looks twice');
  await assignment(ben);
  assert.deepEqual(await vote(id, ben, 'same'), { id, status: 'decided', outcome: 'same' });
  assert.equal(
    await count(`select from mpi.link_proposals where reason = 'reviewed' and evidence->>'review_item_id' = '${id}'`),
    1,
  );
  assert.equal(await count(`select from mpi.outbox where type = 'person.merge_proposed'`), 1);
});

test('a disagreement is for a third; one reviewer has one voice, and none without an assignment', async () => {
  const id = await question();
  await assert.rejects(vote(id, cem, 'same'), hasCode('not_found'));
  await assignment(ann);
  await vote(id, ann, 'same');
  assert.equal((await vote(id, ann, 'same')).status, 'new', 'the same voice twice is one');
  await assert.rejects(vote(id, ann, 'different'), hasCode('voted_otherwise'));
  await assignment(ben);
  assert.equal((await vote(id, ben, 'different')).status, 'new');
  await assignment(cem);
  assert.equal((await vote(id, cem, 'different')).outcome, 'different');
});

test('voices at the same moment decide once', async () => {
  const id = await question();
  for (const reviewer of [ann, ben, cem]) await assignment(reviewer);
  const proposals = await count('select from mpi.link_proposals');
  await Promise.allSettled([ann, ben, cem].map((reviewer) => vote(id, reviewer, 'same')));
  assert.equal(await count('select from mpi.link_proposals'), proposals! + 1);
});

test('fields are shown only when asked for, each on record; agreement shows without any value', async () => {
  const id = await question();
  await assignment(ann);
  const pair = await client.getPair({ params: { id }, query: {} }, by(ann));
  assert.deepEqual(pair.fields, {});
  assert.deepEqual(
    [pair.agreement['first_name'], pair.agreement['last_name'], pair.agreement['tax_id']],
    ['equal', 'different', 'absent'],
  );
  const shown = await client.getPair({ params: { id }, query: { fields: 'last_name' } }, by(ann));
  assert.deepEqual([...shown.fields['last_name']!].sort(), ['Коваль', 'Ковальчук']);
  assert.equal(
    await count(`select from mpi.read_audit where action = 'review.shown.last_name' and resource_id = '${id}'`),
    1,
  );
  await assert.rejects(
    client.getPair({ params: { id }, query: { fields: 'secret' } }, by(ann)),
    hasCode('field_unknown'),
  );
  await assert.rejects(client.getPair({ params: { id }, query: {} }, by(ben)), hasCode('not_found'));
});

test('five pairs may be put aside, not six, and a pair that was put aside can still be voted on', async () => {
  const ids = new Set<string>();
  for (let at = 0; at < 6; at += 1) await question();
  for (let at = 0; at < 5; at += 1) {
    const { id } = (await assignment(ann))!;
    ids.add(id);
    await client.putPostponement({ params: { id }, body: {} }, by(ann));
  }
  assert.equal(ids.size, 5);
  const sixth = (await assignment(ann))!;
  await assert.rejects(
    client.putPostponement({ params: { id: sixth.id }, body: {} }, by(ann)),
    hasCode('too_many_postponed'),
  );
  assert.equal((await client.listAssigned({}, by(ann))).length, 6);
  assert.equal((await vote([...ids][0]!, ann, 'same')).status, 'new');
});

test('a seeded pair looks like any other, proposes nothing, and measures who votes', async () => {
  const one = await under_test.put(somebody({ first_name: 'Перша', tax_id: '3111111112' }));
  const other = await under_test.put(somebody({ first_name: 'Друга', tax_id: '3111111123' }));
  const id = randomUUID();
  await client.putSeededPair({ params: { id }, body: { persons: [one.id, other.id], expected: 'different' } }, by(cem));
  await prepare();
  const proposals = await count('select from mpi.link_proposals');
  assert.ok(!('expected' in (await assignment(ann))!));
  await vote(id, ann, 'same');
  await assignment(ben);
  await vote(id, ben, 'same');
  assert.equal(await count('select from mpi.link_proposals'), proposals);
  const { reviewers } = await client.getQuality({}, by(cem));
  assert.deepEqual(
    reviewers.map(({ seeded, wrong }) => [seeded, wrong]),
    [
      [1, 1],
      [1, 1],
    ],
  );
});

test('the reliability diagram tells how often the model was right', async () => {
  for (const voice of ['same', 'same', 'different'] as const) {
    const id = await question(0.95);
    for (const reviewer of [ann, ben]) {
      await assignment(reviewer);
      await vote(id, reviewer, voice);
    }
  }
  const { reliability } = await client.getQuality({}, by(cem));
  assert.deepEqual(
    reliability.map(({ from, pairs }) => [from, pairs]),
    [[0.9, 3]],
  );
  assert.ok(Math.abs(reliability[0]!.observed - 2 / 3) < 1e-9);
});

test('when a pair is decided its sheet and key are gone, and a changed person gets a new sheet', async () => {
  const id = await question();
  const { rows } = await under_test.superuser.query<{ low_id: string }>(
    'select low_id from mpi.review_items where id = $1',
    [id],
  );
  await under_test.put(somebody({ first_name: 'Змінена', last_name: 'Інша' }), rows[0]!.low_id);
  await prepare();
  await assignment(ann);
  const shown = await client.getPair({ params: { id }, query: { fields: 'first_name' } }, by(ann));
  assert.ok(shown.fields['first_name']!.includes('Змінена'));
  await vote(id, ann, 'different');
  await assignment(ben);
  await vote(id, ben, 'different');
  await prepare();
  assert.equal(await count(`select from mpi.review_sheets where item_id = '${id}'`), 0);
  const keys = await under_test.keys_superuser.query(
    "select bytes from wrapped_keys where purpose = 'review' and owner_id = $1",
    [id],
  );
  assert.deepEqual(keys.rows, [{ bytes: null }]);
});

test('a damaged sheet is told, taken away and prepared anew; an altered key of one pair holds up no other', async () => {
  const id = await question();
  await assignment(ann);
  await under_test.superuser.query(
    'update mpi.review_sheets set ciphertext = set_byte(ciphertext, 30, get_byte(ciphertext, 30) # 1) where item_id = $1',
    [id],
  );
  const look = () => client.getPair({ params: { id }, query: { fields: 'last_name' } }, by(ann));
  await assert.rejects(look(), hasCode('sheet_not_ready'));
  await prepare();
  assert.equal((await look()).fields['last_name']!.length, 2);
  await under_test.keys_superuser.query(
    "update wrapped_keys set bytes = set_byte(bytes, 20, get_byte(bytes, 20) # 1) where purpose = 'review' and owner_id = $1",
    [id],
  );
  await assert.rejects(look(), hasCode('sheet_not_ready'));
  const other = await question();
  assert.equal(await count(`select from mpi.review_sheets where item_id = '${other}'`), 1);
});

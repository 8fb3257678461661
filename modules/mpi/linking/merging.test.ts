import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Problem } from '@zdravo/kit/problem';
import { asker, context, eventsUntil, type MpiUnderTest, somebody, startMpiForTest } from '../testing.ts';
import { playHistories } from './merge-histories.ts';

let under_test: MpiUnderTest;
before(async () => {
  under_test = await startMpiForTest();
});
after(() => under_test?.close());

const read = (id: string) => under_test.client.getPerson({ params: { id } }, context);
const settlementOf = async (id: string) => (await read(id)).person.birth_settlement;
const write = (id: string, birth_settlement: string) => under_test.put(somebody({ birth_settlement }), id);
const merge = (parent_id: string, merged_id: string) =>
  under_test.mpi.links.merge({ id: randomUUID(), parent_id, merged_id, reason: 'reviewed' }, asker);
const unmerge = (merged_id: string) =>
  under_test.mpi.links.unmerge({ id: randomUUID(), merged_id, reason: 'mistake' }, asker);
const hasCode = (code: string) => (error: unknown) => error instanceof Problem && error.code === code;

async function newcomers(count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, () => randomUUID());
  for (const id of ids) await write(id, `від ${id}`);
  return ids;
}

test('reads, writes, searches and matches by an old id or old papers reach the parent', async () => {
  const [parent, old] = (await newcomers(2)) as [string, string];
  await under_test.put(somebody({ last_name: 'Дівоче', tax_id: '3123123123' }), old);
  await merge(parent, old);
  const answer = await read(old);
  assert.deepEqual([answer.id, answer.requested_id, answer.merged_ids], [parent, old, [old]]);
  await write(old, 'Нове');
  assert.equal(await settlementOf(parent), 'Нове');
  const known = await under_test.put(somebody({ last_name: 'Дівоче', tax_id: '3123123123', email: 'a@example.com' }));
  assert.equal(known.id, parent);
  const { first_name, birth_date } = somebody();
  const body = { first_name, last_name: 'Дівоче', birth_date };
  const found = await under_test.client.searchPersons({ body }, context);
  assert.ok(found.result === 'found' && found.persons[0]!.id === parent);
});

test('a parent’s parent is followed, and pointers stay flat', async () => {
  const [a, b, c, d] = (await newcomers(4)) as [string, string, string, string];
  await merge(b, a);
  await merge(c, b);
  await merge(a, d);
  assert.deepEqual(await Promise.all([a, b, d].map(async (id) => (await read(id)).id)), [c, c, c]);
  await assert.rejects(merge(a, c), hasCode('same_person'));
  await assert.rejects(merge(d, b), hasCode('same_person'));
  const events = await eventsUntil(under_test, 'person.merged', d);
  const merged = events.filter((event) => event.type === 'person.merged' && event.payload['parent_id'] === c);
  assert.deepEqual(new Set(merged.map((event) => event.object_id)), new Set([a, b, d]));
});

test('the same order twice is one; an order for somebody merged elsewhere is refused', async () => {
  const [a, b, c] = (await newcomers(3)) as [string, string, string];
  const order = { id: randomUUID(), parent_id: a, merged_id: b, reason: 'reviewed' };
  await under_test.mpi.links.merge(order, asker);
  await under_test.mpi.links.merge(order, asker);
  await assert.rejects(merge(c, b), hasCode('already_merged'));
  await assert.rejects(merge(a, randomUUID()), hasCode('not_found'));
  await assert.rejects(unmerge(c), hasCode('not_merged'));
});

test('after an unmerge each has what was written under their ids, and no machine links them again', async () => {
  const [parent, old] = (await newcomers(2)) as [string, string];
  await merge(parent, old);
  await write(old, 'під старим');
  await write(parent, 'під батьківським');
  await write(old, 'знову під старим');
  await unmerge(old);
  assert.equal(await settlementOf(old), 'знову під старим');
  assert.equal(await settlementOf(parent), 'під батьківським');
  await assert.rejects(merge(parent, old), hasCode('never_link'));
  await assert.rejects(merge(old, parent), hasCode('never_link'));
  const { rows } = await under_test.superuser.query(
    "select from mpi.review_items where kind = 'late_facts' and $1 in (low_id, high_id)",
    [old],
  );
  assert.equal(rows.length, 1, 'people look at what the parent got meanwhile');
});

test('20 merges of overlapping pairs at once leave one flat family', async () => {
  const ids = await newcomers(6);
  const pairs = Array.from({ length: 20 }, (_, at) => [ids[at % 6]!, ids[(at * 5 + 1) % 6]!] as const);
  await Promise.allSettled(pairs.map(([parent, merged]) => merge(parent, merged)));
  const { rows } = await under_test.superuser.query<{ deep: number }>(
    `select count(*)::int as deep from mpi.persons child join mpi.persons parent on parent.id = child.parent_id
     where parent.parent_id is not null or parent.status <> 'active'`,
  );
  assert.equal(rows[0]!.deep, 0);
  for (const id of ids) assert.equal((await read(id)).is_active, true);
});

test('link events cannot be altered, not even by the index itself', async () => {
  for (const statement of ['update mpi.link_events set reason = $$x$$', 'delete from mpi.link_events']) {
    const client = await under_test.superuser.connect();
    await client.query('set role zdravo_mpi');
    await assert.rejects(client.query(statement), /permission denied/);
    await client.query('reset role');
    client.release();
  }
});

test('random merges, edits and unmerges: what was taken back leaves no trace in anybody’s data', async () => {
  await playHistories(under_test, 25);
});

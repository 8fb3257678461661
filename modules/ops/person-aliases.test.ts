import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from './testing.ts';

let under_test: OpsUnderTest;
const context = { request_id: 'test-request' };
before(async () => {
  under_test = await startOpsForTest();
});
after(() => under_test?.close());

const actor_id = randomUUID();

async function declare(person_id: string, at: string): Promise<string> {
  under_test.clock.set(at);
  const id = randomUUID();
  await under_test.client.putDeclaration({ params: { id }, body: someDeclaration({ person_id }) }, context);
  return id;
}

const read = (id: string) => under_test.client.getDeclaration({ params: { id } }, context);
const merge = (person_id: string, parent_id: string, parent_pseudonym = randomUUID()) =>
  under_test.client.putPersonAlias(
    { params: { id: person_id }, body: { parent_id, parent_pseudonym, actor_id } },
    context,
  );
const part = (person_id: string, from_parent_id: string, pseudonym = randomUUID()) =>
  under_test.client.putPersonAliasRemoval(
    { params: { id: person_id }, body: { from_parent_id, pseudonym, actor_id } },
    context,
  );

test('a merge ends the older of two living declarations, moves the other, and is the same when repeated', async () => {
  const [old, parent] = [randomUUID(), randomUUID()];
  const older = await declare(parent, '2026-11-23T10:00:00Z');
  const newer = await declare(old, '2026-11-23T11:00:00Z');
  const pseudonym = randomUUID();
  const answer = await merge(old, parent, pseudonym);
  assert.deepEqual([answer.ended, answer.moved], [[older], [newer]]);
  assert.deepEqual([(await read(older)).status, (await read(older)).reason], ['terminated', 'persons_merged']);
  const moved = await read(newer);
  assert.deepEqual([moved.status, moved.person_id, moved.pseudonym], ['active', parent, pseudonym]);
  assert.deepEqual([(await merge(old, parent)).ended, (await merge(old, parent)).moved], [[], []]);
});

test('a declaration for a merged person goes to the parent, also by an old id whose parent was merged later', async () => {
  const [first, second, third] = [randomUUID(), randomUUID(), randomUUID()];
  await merge(first, second);
  await merge(second, third);
  const id = await declare(first, '2026-11-23T12:00:00Z');
  assert.equal((await read(id)).person_id, third);
});

test('parted persons have back what was moved; what the merge ended and what was signed meanwhile are told', async () => {
  const [old, parent, own] = [randomUUID(), randomUUID(), randomUUID()];
  const ended = await declare(parent, '2026-11-23T10:00:00Z');
  const moved = await declare(old, '2026-11-23T11:00:00Z');
  await merge(old, parent);
  const answer = await part(old, parent, own);
  assert.deepEqual([answer.returned, answer.ended, answer.signed_meanwhile], [[moved], [ended], []]);
  assert.deepEqual([(await read(moved)).person_id, (await read(moved)).pseudonym], [old, own]);
  assert.equal((await read(await declare(old, '2026-11-23T13:00:00Z'))).person_id, old);
  assert.deepEqual((await part(old, parent)).returned, []);
});

test('declarations and merges at the same moment leave one active declaration, with the parent', async () => {
  const parent = randomUUID();
  const others = Array.from({ length: 6 }, () => randomUUID());
  await Promise.all([
    ...others.map((id) => declare(id, '2026-11-23T14:00:00Z')),
    ...others.map((id) => merge(id, parent)),
    ...others.map((id) => declare(id, '2026-11-23T14:00:00Z')),
  ]);
  const active = async (person_id: string) =>
    (await under_test.client.listDeclarations({ query: { person_id, status: 'active' } }, context)).declarations;
  const [one] = await active(parent);
  assert.equal(one!.person_id, parent);
  for (const id of [parent, ...others])
    assert.deepEqual(
      (await active(id)).map((declaration) => declaration.id),
      [one!.id],
    );
});

test('a merged person’s id lists what the whole person has, and an order to end their declarations reaches them', async () => {
  const [old, parent] = [randomUUID(), randomUUID()];
  const ended = await declare(old, '2026-11-23T10:00:00Z');
  const living = await declare(parent, '2026-11-23T11:00:00Z');
  await merge(old, parent);
  for (const person_id of [old, parent]) {
    const { declarations } = await under_test.client.listDeclarations({ query: { person_id } }, context);
    assert.deepEqual(
      declarations.map(({ id }) => id),
      [living, ended],
    );
  }
  under_test.clock.set('2026-11-23T12:00:00Z');
  const body = { subject_type: 'person', subject_id: old, actor_id, reason: 'manual_person' } as const;
  await under_test.client.putTerminations({ params: { id: randomUUID() }, body }, context);
  await under_test.ops.jobs.find((job) => job.name === 'work_off_termination_orders')!.run({}, { signal: undefined });
  assert.equal((await read(living)).status, 'terminated');
});

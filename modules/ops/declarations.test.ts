import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createClient, httpTransport } from '@zdravo/kit/client';
import { Problem } from '@zdravo/kit/problem';
import { contract, type NewDeclaration } from './contract.ts';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from './testing.ts';

let under_test: OpsUnderTest;
const context = { request_id: 'test-request' };

before(async () => {
  under_test = await startOpsForTest();
});
after(() => under_test?.close());

test('a stored declaration is active, has a leaf, and is the same at every repetition', async () => {
  const { client } = under_test;
  const id = randomUUID();
  const body = someDeclaration();
  const stored = await client.putDeclaration({ params: { id }, body }, context);
  assert.equal(stored.status, 'active');
  assert.equal(stored.version, 1);
  assert.match(stored.leaf_hash, /^[0-9a-f]{64}$/);
  assert.deepEqual(await client.putDeclaration({ params: { id }, body }, context), stored);
  const { promise: _promise, ...read } = stored;
  assert.deepEqual(await client.getDeclaration({ params: { id } }, context), read);
});

test('another declaration under the same id or the same request is refused', async () => {
  const { client } = under_test;
  const id = randomUUID();
  const body = someDeclaration();
  await client.putDeclaration({ params: { id }, body }, context);
  const isConflict = (error: unknown) => error instanceof Problem && error.status === 409;
  await assert.rejects(client.putDeclaration({ params: { id }, body: someDeclaration() }, context), isConflict);
  await assert.rejects(client.putDeclaration({ params: { id: randomUUID() }, body }, context), isConflict);
});

test('64 declarations of one person at once leave exactly one active', async () => {
  const { client } = under_test;
  const person_id = randomUUID();
  await Promise.all(
    Array.from({ length: 64 }, () =>
      client.putDeclaration({ params: { id: randomUUID() }, body: someDeclaration({ person_id }) }, context),
    ),
  );
  const list = async (status: 'active' | 'terminated') =>
    (await client.listDeclarations({ query: { person_id, status, page_size: 100 } }, context)).declarations;
  assert.equal((await list('active')).length, 1);
  assert.equal((await list('terminated')).length, 63);
});

test('first declarations, one of a person who has a living one, and a repetition, all at once', async () => {
  const { client } = under_test;
  const put = (id: string, body: NewDeclaration) => client.putDeclaration({ params: { id }, body }, context);
  const [person_id, waiting_id, earlier_id] = [randomUUID(), randomUUID(), randomUUID()];
  const repeated = someDeclaration();
  const before = await put(earlier_id, repeated);
  await put(randomUUID(), someDeclaration({ person_id }));
  await put(randomUUID(), someDeclaration({ person_id: waiting_id, status: 'pending_verification' }));
  const bodies = [{}, { person_id }, {}, { person_id: waiting_id }].map(someDeclaration);
  const [again, ...stored] = await Promise.all([
    put(earlier_id, repeated),
    ...bodies.map((body) => put(randomUUID(), body)),
  ]);
  assert.deepEqual(again, before);
  for (const [at, { id }] of stored.entries()) {
    const query = { person_id: bodies[at]!.person_id, page_size: 10 };
    const { declarations } = await client.listDeclarations({ query }, context);
    const living = declarations.filter(({ is_active }) => is_active);
    assert.deepEqual([living.map((one) => one.id), declarations.length], [[id], at % 2 === 0 ? 1 : 2]);
  }
});

test('one declaration put 64 times at once is stored once', async () => {
  const { client } = under_test;
  const id = randomUUID();
  const body = someDeclaration();
  const answers = await Promise.all(
    Array.from({ length: 64 }, () => client.putDeclaration({ params: { id }, body }, context)),
  );
  assert.ok(answers.every((answer) => answer.leaf_hash === answers[0]!.leaf_hash && answer.version === 1));
});

test('pending_verification becomes active or rejected, and nothing leaves a final status', async () => {
  const { client } = under_test;
  const change = { actor_id: randomUUID() };
  const pending = async () => {
    const id = randomUUID();
    await client.putDeclaration({ params: { id }, body: someDeclaration({ status: 'pending_verification' }) }, context);
    return id;
  };
  const approved = await pending();
  assert.equal((await client.putApproval({ params: { id: approved }, body: change }, context)).status, 'active');
  assert.equal((await client.putApproval({ params: { id: approved }, body: change }, context)).version, 2);
  const rejected = await pending();
  assert.equal((await client.putRejection({ params: { id: rejected }, body: change }, context)).status, 'rejected');
  await assert.rejects(
    client.putApproval({ params: { id: rejected }, body: change }, context),
    /Incorrect status transition/,
  );
});

test('an order terminates all of a doctor’s declarations, and only those', async () => {
  const { client, ops } = under_test;
  const employee_id = randomUUID();
  const ids = Array.from({ length: 7 }, () => randomUUID());
  for (const id of ids)
    await client.putDeclaration({ params: { id }, body: someDeclaration({ employee_id }) }, context);
  const other = randomUUID();
  await client.putDeclaration({ params: { id: other }, body: someDeclaration() }, context);
  const order = {
    subject_type: 'employee',
    subject_id: employee_id,
    actor_id: randomUUID(),
    reason: 'manual_employee',
  } as const;
  const order_id = randomUUID();
  under_test.clock.advance(60_000);
  await client.putTerminations({ params: { id: order_id }, body: order }, context);
  await ops.jobs.find((job) => job.name === 'work_off_termination_orders')!.run(undefined, { signal: undefined });
  const state = await client.putTerminations({ params: { id: order_id }, body: order }, context);
  assert.deepEqual(state, { id: order_id, is_done: true, terminated: 7 });
  assert.equal((await client.getDeclaration({ params: { id: other } }, context)).status, 'active');
});

test('events come in order, each once, also after a late commit', async () => {
  const { client } = under_test;
  const person_id = randomUUID();
  const first = randomUUID();
  const second = randomUUID();
  await client.putDeclaration({ params: { id: first }, body: someDeclaration({ person_id }) }, context);
  await client.putDeclaration({ params: { id: second }, body: someDeclaration({ person_id }) }, context);
  const events: { type: string; object_id: string }[] = [];
  let after: string | undefined;
  const until = Date.now() + 10_000;
  // A transaction of anybody on this server may still hold the feed back.
  while (!events.some((event) => event.object_id === second) && Date.now() < until) {
    const page = await client.readEvents({ query: { limit: 50, ...(after === undefined ? {} : { after }) } }, context);
    events.push(...page.events);
    after = page.next;
  }
  const mine = events.filter((event) => event.object_id === first || event.object_id === second);
  assert.deepEqual(
    mine.map((event) => [event.type, event.object_id]),
    [
      ['declaration.activated', first],
      ['declaration.terminated', first],
      ['declaration.activated', second],
    ],
  );
});

test('the contract answers the same over HTTP, and an unknown caller is refused', async () => {
  const { ops } = under_test;
  const address = await ops.app.listen({ port: 0, host: '127.0.0.1' });
  const client = createClient(contract, httpTransport(address), { caller: 'il', secret: 'secret' });
  const id = randomUUID();
  const { promise: _promise, ...read } = await client.putDeclaration(
    { params: { id }, body: someDeclaration() },
    context,
  );
  assert.deepEqual(await client.getDeclaration({ params: { id } }, context), read);
  const stranger = createClient(contract, httpTransport(address), { caller: 'il', secret: 'guess' });
  await assert.rejects(stranger.getDeclaration({ params: { id } }, context), /not known here/);
});

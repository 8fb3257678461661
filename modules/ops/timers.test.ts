import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, beforeEach, test } from 'node:test';
import type { NewDeclaration } from './contract.ts';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from './testing.ts';

const context = { request_id: 'test-request' };
let under_test: OpsUnderTest;
beforeEach(async () => {
  await under_test?.close();
  under_test = await startOpsForTest();
});
after(() => under_test?.close());

async function put(given: Partial<NewDeclaration>): Promise<string> {
  const id = randomUUID();
  await under_test.client.putDeclaration({ params: { id }, body: someDeclaration(given) }, context);
  return id;
}

async function runJob(name: string): Promise<void> {
  await under_test.ops.jobs.find((job) => job.name === name)!.run({}, { signal: undefined });
}

async function stateOf(id: string) {
  const { status, version } = await under_test.client.getDeclaration({ params: { id } }, context);
  return [status, version];
}

test('a declaration is valid through its last civil day, and closed the day after, once', async () => {
  const { clock } = under_test;
  const ends_today = await put({ end_date: '2026-11-23' });
  const pending = await put({ end_date: '2026-11-23', status: 'pending_verification' });
  const ends_later = await put({ end_date: '2026-11-24' });
  // 21:59 UTC is 23:59 in Kyiv.
  clock.set('2026-11-23T21:59:00Z');
  await runJob('close_expired_declarations');
  assert.deepEqual(await stateOf(ends_today), ['active', 1]);
  clock.set('2026-11-23T22:01:00Z');
  for (let round = 0; round < 2; round++) {
    await runJob('close_expired_declarations');
    assert.deepEqual(await stateOf(ends_today), ['closed', 2]);
    assert.deepEqual(await stateOf(pending), ['closed', 2]);
    assert.deepEqual(await stateOf(ends_later), ['active', 1]);
  }
});

test('what nobody looked at in time becomes active by itself, once, and nothing else does', async () => {
  const { clock, client } = under_test;
  const pending = await put({ status: 'pending_verification' });
  const rejected = await put({ status: 'pending_verification' });
  await client.putRejection({ params: { id: rejected }, body: { actor_id: randomUUID() } }, context);
  clock.advance(86_400_000 - 60_000);
  const young = await put({ status: 'pending_verification' });
  const approveOverdue = async () => {
    const before = new Date(clock.now().getTime() - 86_400_000).toISOString();
    assert.deepEqual(await client.putOverdueApprovals({ body: { before } }, context), { has_more: false });
  };
  await approveOverdue();
  assert.deepEqual(await stateOf(pending), ['pending_verification', 1]);
  clock.advance(120_000);
  for (let round = 0; round < 2; round++) {
    await approveOverdue();
    assert.deepEqual(await stateOf(pending), ['active', 2]);
    assert.deepEqual(await stateOf(rejected), ['rejected', 2]);
    assert.deepEqual(await stateOf(young), ['pending_verification', 1]);
  }
});

test('several processes that run a timer at once change each declaration once', async () => {
  const ids = await Promise.all(Array.from({ length: 12 }, () => put({ end_date: '2026-11-23' })));
  under_test.clock.set('2026-11-25T10:00:00Z');
  const runs = await Promise.allSettled(Array.from({ length: 4 }, () => runJob('close_expired_declarations')));
  assert.ok(runs.some(({ status }) => status === 'fulfilled'));
  await runJob('close_expired_declarations');
  for (const id of ids) assert.deepEqual(await stateOf(id), ['closed', 2]);
});

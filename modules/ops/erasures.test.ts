import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openDatabase } from '@zdravo/kit/db';
import { createKeyStore } from '@zdravo/kit/keys';
import { type AuditedOps, startAuditedOps } from './audit/testing-audit.ts';
import type { ErasureOrder } from './contract.ts';
import { someDeclaration } from './testing.ts';

let audited: AuditedOps;
const context = { request_id: 'test-request' };
before(async () => {
  audited = await startAuditedOps(3);
});
after(() => audited?.close());

const client = () => audited.ops.client;

function someOrder(given: Partial<ErasureOrder> = {}): ErasureOrder {
  return {
    order_id: randomUUID(),
    ground: 'court_order',
    document_number: '42/26',
    document_date: '2026-11-20',
    ordered_by: randomUUID(),
    approved_by: randomUUID(),
    ordered_at: '2026-11-23T09:00:00Z',
    approved_at: '2026-11-23T10:00:00Z',
    ...given,
  };
}

async function declare(person_id: string): Promise<string> {
  const id = randomUUID();
  await client().putDeclaration({ params: { id }, body: someDeclaration({ person_id }) }, context);
  return id;
}

const end = (id: string) =>
  client().putTermination({ params: { id }, body: { actor_id: randomUUID(), reason: 'manual' } }, context);
const erase = (person_id: string, order = someOrder()) =>
  client().putErasure({ params: { id: person_id }, body: order }, context);
const receiptOf = (id: string) => client().getReceipt({ params: { id }, query: {} }, context);

async function wholeAudit() {
  await audited.ops.ops.sequencer.drain();
  return audited.audit();
}

test('whoever has a living declaration, or one that has to be kept, is not erased, and nothing changes', async () => {
  const person_id = randomUUID();
  const id = await declare(person_id);
  await assert.rejects(erase(person_id), { status: 409, code: 'declaration_lives' });
  await end(id);
  const obstacles = await client().getErasureObstacles({ params: { id: person_id } }, context);
  assert.deepEqual(obstacles.living, []);
  const kept = someOrder({ last_ended_before: new Date(Date.parse(obstacles.last_ended_at!) - 1).toISOString() });
  await assert.rejects(erase(person_id, kept), { status: 409, code: 'retention' });
  assert.ok((await receiptOf(id)).record, 'its seed is still there');
  await erase(person_id, someOrder({ last_ended_before: obstacles.last_ended_at! }));
});

test('an erasure leaves the log whole and the old receipt valid, of a leaf that nobody can open any more', async () => {
  const [person_id, merged] = [randomUUID(), randomUUID()];
  const body = { parent_id: person_id, parent_pseudonym: randomUUID(), actor_id: randomUUID() };
  const [own, old] = [await declare(person_id), await declare(merged)];
  await end(old);
  await client().putPersonAlias({ params: { id: merged }, body }, context);
  await end(own);
  await audited.ops.ops.sequencer.drain();
  const before = await receiptOf(own);
  assert.ok(before.record && before.receipt);

  const order = someOrder();
  const erased = await erase(merged, order);
  assert.deepEqual(erased.person_ids, [person_id, merged].sort());
  assert.deepEqual(await erase(person_id), erased, 'again, by another order and another id');
  const report = await wholeAudit();
  assert.deepEqual(report.findings, []);
  assert.ok(report.erasures >= 2);
  const afterwards = await receiptOf(own);
  assert.equal(afterwards.record, null);
  assert.equal(afterwards.entry, before.entry);
  assert.equal(afterwards.leaf_index, before.leaf_index);
  await assert.rejects(declare(person_id), { status: 409, code: 'person_erased' });
  await assert.rejects(declare(merged), { status: 409, code: 'person_erased' });
});

test('keys that are still there after a crash between the databases are dropped by the job', async () => {
  const person_id = randomUUID();
  await end(await declare(person_id));
  await erase(person_id);
  await audited.superuser.query('update ops.erasures set keys_dropped_at = null where person_id = $1', [person_id]);
  await audited.ops.ops.jobs.find(({ name }) => name === 'finish_erasures_of_ops')!.run({}, { signal: undefined });
  const { rows } = await audited.superuser.query('select keys_dropped_at from ops.erasures where person_id = $1', [
    person_id,
  ]);
  assert.ok(rows[0].keys_dropped_at);
});

test('64 erasures and 64 declarations of one person at once: erased without a living declaration, or refused', async () => {
  const person_id = randomUUID();
  const outcomes = await Promise.allSettled(
    Array.from({ length: 64 }, () => [erase(person_id), declare(person_id)]).flat(),
  );
  for (const outcome of outcomes)
    if (outcome.status === 'rejected')
      assert.match(outcome.reason.code, /^(person_erased|declaration_lives)$/, String(outcome.reason));
  const { rows } = await audited.superuser.query(
    `select count(*) filter (where status = 'active')::int as living, (select count(*)::int from ops.erasures where person_id = $1) as erased
     from ops.declaration_heads where person_id = $1`,
    [person_id],
  );
  assert.equal(rows[0].living + rows[0].erased, 1);
  assert.deepEqual((await wholeAudit()).findings, []);
});

test('keys dropped without an order, a forged order and an order of one officer alone are found', async () => {
  const keys_writer = openDatabase({
    url: audited.ops.keys_database_url,
    role: 'zdravo_keys',
    application_name: 'attacker',
  });
  const keys = createKeyStore(keys_writer.pool, audited.ops.key_provider, { module: 'ops', purpose: 'seed' });
  const person_id = randomUUID();
  const id = await declare(person_id);
  await keys.drop(person_id);
  await keys_writer.close();
  const lost = (await wholeAudit()).findings;
  assert.deepEqual([lost[0]?.code, lost[0]?.record?.id], ['key_lost', id]);

  await audited.superuser.query(
    `insert into ops.erasures (person_id, order_id, body, seed, leaf_hash) select $1, order_id, body, seed, leaf_hash from ops.erasures limit 1`,
    [person_id],
  );
  const forged = (await wholeAudit()).findings.map(({ code }) => code);
  assert.deepEqual(new Set(forged), new Set(['key_lost', 'record_unlogged']));
  await audited.superuser.query('delete from ops.erasures where person_id = $1', [person_id]);

  const [alone, somebody] = [randomUUID(), randomUUID()];
  await erase(somebody, someOrder({ ordered_by: alone, approved_by: alone }));
  const found = (await wholeAudit()).findings.filter(({ record }) => record?.kind === 'erasure');
  assert.deepEqual(
    found.map(({ code, record }) => [code, record?.id]),
    [['record_altered', somebody]],
  );
});

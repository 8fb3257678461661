import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { testLogger } from '@zdravo/kit/testing';
import { type AuditedOps, startAuditedOps } from '../audit/testing-audit.ts';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from '../testing.ts';
import { type BulkDeclaration, bulkLoadDeclarations } from './bulk-load.ts';

let bulk: AuditedOps;
let single: OpsUnderTest;
const context = { request_id: 'test-request' };
const stored_at = '2026-11-23T10:00:00.000Z';
const declarations: BulkDeclaration[] = Array.from({ length: 300 }, () => ({ id: randomUUID(), ...someDeclaration() }));

before(async () => {
  [bulk, single] = await Promise.all([startAuditedOps(1), startOpsForTest()]);
  single.clock.set(stored_at);
});
after(() => Promise.all([bulk?.close(), single?.close()]));

function load(given: readonly BulkDeclaration[], onProgress = (_count: number) => {}) {
  const { database_url, keys_database_url, key_provider } = bulk.ops;
  const options = { database_url, keys_database_url, key_provider, stored_at, log: testLogger('ops'), batch_size: 64 };
  return bulkLoadDeclarations({ ...options, onProgress }, given);
}

test('what is loaded in bulk is what single writes would have made, and the audit finds it whole', async () => {
  const progress: number[] = [];
  assert.deepEqual(await load(declarations, (count) => progress.push(count)), { declarations: 300 });
  assert.deepEqual(progress, [64, 128, 192, 256, 300]);
  await bulk.ops.ops.sequencer.drain();
  for (const { id, ...body } of declarations) await single.client.putDeclaration({ params: { id }, body }, context);
  await single.ops.sequencer.drain();
  for (const { id } of declarations) {
    const [one, other] = await Promise.all(
      [bulk.ops, single].map(({ client }) => client.getDeclaration({ params: { id } }, context)),
    );
    const { leaf_hash: _l, leaf_index: one_index, checkpoint_size: _c, ...loaded } = one!;
    const { leaf_hash: _m, leaf_index: _i, checkpoint_size: _d, ...written } = other!;
    assert.deepEqual(loaded, written);
    assert.notEqual(one_index, null, 'its leaf has its place');
  }
  const report = await bulk.audit();
  assert.deepEqual(report.findings, []);
  assert.equal(report.versions, 302, 'two of them of the declaration that was there before');
});

test('a loaded declaration ends when its person signs another, like any other', async () => {
  const [earlier] = declarations;
  const id = randomUUID();
  const body = someDeclaration({ person_id: earlier!.person_id, pseudonym: earlier!.pseudonym });
  await bulk.ops.client.putDeclaration({ params: { id }, body }, context);
  const ended = await bulk.ops.client.getDeclaration({ params: { id: earlier!.id } }, context);
  assert.equal(ended.status, 'terminated');
});

test('a load with one declaration that is there already leaves nothing of itself', async () => {
  const fresh = { id: randomUUID(), ...someDeclaration() };
  await assert.rejects(load([fresh, { ...declarations[1]!, person_id: randomUUID() }]), { code: '23505' });
  await assert.rejects(bulk.ops.client.getDeclaration({ params: { id: fresh.id } }, context), { status: 404 });
  await load([{ ...fresh, person_id: randomUUID() }]);
  await bulk.ops.ops.sequencer.drain();
  assert.deepEqual((await bulk.audit()).findings, []);
});

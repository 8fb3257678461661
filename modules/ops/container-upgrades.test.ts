import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { ContainerSource } from './audit/containers.ts';
import { type AuditedOps, startAuditedOps } from './audit/testing-audit.ts';
import { someDeclaration } from './testing.ts';

let audited: AuditedOps;
const context = { request_id: 'test-request' };
const sha256 = 'b'.repeat(64);
before(async () => {
  audited = await startAuditedOps(2);
});
after(() => audited?.close());

async function declare(person_id: string = randomUUID()): Promise<string> {
  const id = randomUUID();
  await audited.ops.client.putDeclaration({ params: { id }, body: someDeclaration({ person_id }) }, context);
  return id;
}

const upgrade = (id: string, body: { sha256: string; level: 'B-T' | 'B-LT' } = { sha256, level: 'B-LT' }) =>
  audited.ops.client.putContainerUpgrade({ params: { id }, body }, context);

async function audit(containers?: ContainerSource) {
  await audited.ops.ops.sequencer.drain();
  return audited.audit(containers ? { containers } : {});
}

async function leavesOf(id: string): Promise<string[]> {
  await audited.ops.ops.sequencer.drain();
  const { rows } = await audited.superuser.query<{ entry: Buffer }>(
    `select entry from ops.log_entries where kind = 'container' and record_id = $1`,
    [id],
  );
  return rows.map(({ entry }) => entry.toString());
}

test('an upgraded container gets one leaf, whoever asks and however often, and the log tells nothing of it', async () => {
  const id = await declare();
  const answers = await Promise.all(Array.from({ length: 8 }, () => upgrade(id)));
  assert.equal(new Set(answers.map(({ leaf_hash }) => leaf_hash)).size, 1);
  const [entry, ...others] = await leavesOf(id);
  assert.equal(others.length, 0);
  const { c, h, ...said } = JSON.parse(entry!);
  assert.deepEqual(said, { k: 'container', n: 1, op: 'upgrade', v: 1 });
  assert.ok(!entry!.includes(id) && !entry!.includes(sha256));
  assert.equal((await audit()).finding_count, 0);
  assert.equal((await audit()).logged_containers, 1);
});

test('another container for the same declaration, an unknown declaration, a forgotten person are refused', async () => {
  const person_id = randomUUID();
  const id = await declare(person_id);
  await upgrade(id);
  await assert.rejects(upgrade(id, { sha256: 'c'.repeat(64), level: 'B-LT' }), {
    status: 409,
    code: 'container_upgrade_differs',
  });
  await assert.rejects(upgrade(randomUUID()), { status: 404 });
  const second = await declare(person_id);
  await audited.ops.client.putErasure({ params: { id: person_id }, body: someOrder() }, context);
  await assert.rejects(upgrade(second), { status: 409, code: 'person_erased' });
  assert.equal((await upgrade(id)).sha256, sha256, 'what was logged before stays');
  assert.equal((await audit()).finding_count, 0);
});

test('nobody of the module changes or removes what was logged', async () => {
  await audited.superuser.query('set role zdravo_ops');
  try {
    for (const statement of ['update ops.container_upgrades set body = body', 'delete from ops.container_upgrades'])
      await assert.rejects(audited.superuser.query(statement), /permission denied/);
  } finally {
    await audited.superuser.query('reset role');
  }
});

const attacks: [what: string, statement: string, code: string][] = [
  [
    'altered',
    `update ops.container_upgrades set body = replace(convert_from(body, 'UTF8'), 'bbbb', 'cccc')::bytea`,
    'record_altered',
  ],
  ['removed', 'delete from ops.container_upgrades', 'record_missing'],
  ['moved to another declaration', 'update ops.container_upgrades set declaration_id = $2', 'record_unlogged'],
  ['its leaf hash changed', `update ops.container_upgrades set leaf_hash = sha256('x')`, 'record_altered'],
];
for (const [what, statement, code] of attacks) {
  test(`the auditor sees an upgrade that was ${what} by the superuser`, async () => {
    const [id, other] = [await declare(), await declare()];
    await upgrade(id);
    assert.equal((await audit()).finding_count, 0);
    const { superuser } = audited;
    const before = (await superuser.query('select * from ops.container_upgrades where declaration_id = $1', [id]))
      .rows[0];
    const values = statement.includes('$2') ? [id, other] : [id];
    await superuser.query(`${statement} where declaration_id = $1`, values);
    const report = await audit();
    assert.ok(
      report.findings.some((one) => one.code === code && one.record?.kind === 'container'),
      JSON.stringify(report),
    );
    await superuser.query('delete from ops.container_upgrades where declaration_id = any($1)', [[id, other]]);
    await superuser.query(
      'insert into ops.container_upgrades (declaration_id, person_id, body, sealed_seed, leaf_hash, recorded_at) values ($1, $2, $3, $4, $5, $6)',
      [id, before.person_id, before.body, before.sealed_seed, before.leaf_hash, before.recorded_at],
    );
    assert.equal((await audit()).finding_count, 0);
  });
}

test('the auditor holds the stored container against its leaf', async () => {
  const id = await declare();
  await upgrade(id);
  const source = (state: Awaited<ReturnType<NonNullable<ContainerSource['readOther']>>>): ContainerSource => ({
    read: async () => ({ state: 'stored', sha256: 'a'.repeat(64), container: new Uint8Array() }),
    readOther: async ({ resource_id }) =>
      resource_id === id ? state : { state: 'stored', sha256, container: new Uint8Array() },
    sample_of: 1,
  });
  const codes = async (state: Parameters<typeof source>[0]) =>
    (await audit(source(state))).findings.map(({ code }) => code);
  assert.deepEqual(await codes({ state: 'stored', sha256, container: new Uint8Array() }), []);
  assert.deepEqual(await codes({ state: 'stored', sha256: 'd'.repeat(64), container: new Uint8Array() }), [
    'container_differs',
  ]);
  assert.deepEqual(await codes({ state: 'missing' }), ['container_missing']);
  assert.deepEqual(await codes({ state: 'unreadable' }), ['container_differs']);
  assert.deepEqual(await codes({ state: 'damaged' }), ['container_damaged']);
  assert.deepEqual(await codes({ state: 'unavailable' }), ['container_unread']);
});

function someOrder() {
  return {
    order_id: randomUUID(),
    ground: 'court_order',
    document_number: '42/26',
    document_date: '2026-11-20',
    ordered_by: randomUUID(),
    approved_by: randomUUID(),
    ordered_at: '2026-11-23T09:00:00Z',
    approved_at: '2026-11-23T10:00:00Z',
    end_living: true,
  };
}

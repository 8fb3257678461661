import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { verifyRecordFile } from '@zdravo/tlog/verifier';
import type { ContainerSource } from './audit/containers.ts';
import { type AuditedOps, startAuditedOps } from './audit/testing-audit.ts';
import { someDeclaration } from './testing.ts';

let audited: AuditedOps;
const context = { request_id: 'test-request' };
const [received, upgraded] = ['b'.repeat(64), 'c'.repeat(64)];
const type = 'legal_entity_registration';
before(async () => {
  audited = await startAuditedOps(1);
});
after(() => audited?.close());

const put = (id: string, sha256 = received) =>
  audited.ops.client.putSignedDocument({ params: { id }, body: { type, sha256 } }, context);
const upgrade = (id: string, sha256 = upgraded) =>
  audited.ops.client.putDocumentUpgrade({ params: { id }, body: { sha256, level: 'B-LT' } }, context);
const drain = () => audited.ops.ops.sequencer.drain();

async function upgradedDocument(): Promise<string> {
  const id = randomUUID();
  await put(id);
  await upgrade(id);
  await drain();
  return id;
}

async function leavesOf(id: string): Promise<string[]> {
  await drain();
  const { rows } = await audited.superuser.query<{ entry: Buffer }>(
    `select entry from ops.log_entries where kind = 'document' and record_id = $1 order by version`,
    [id],
  );
  return rows.map(({ entry }) => entry.toString());
}

test('a container as received and its upgrade get one leaf each, whoever asks and however often', async () => {
  const id = randomUUID();
  const first = await Promise.all(Array.from({ length: 8 }, () => put(id)));
  const second = await Promise.all(Array.from({ length: 8 }, () => upgrade(id)));
  for (const answers of [first, second]) assert.equal(new Set(answers.map(({ leaf_hash }) => leaf_hash)).size, 1);
  const entries = await leavesOf(id);
  assert.deepEqual(
    entries.map((entry) => {
      const { k, n, op } = JSON.parse(entry);
      return [k, n, op, entry.includes(id), entry.includes(received!)];
    }),
    [
      ['document', 1, 'receive', false, false],
      ['document', 2, 'upgrade', false, false],
    ],
  );
  const { findings, logged_containers } = await audited.audit();
  assert.deepEqual([findings, logged_containers], [[], 2]);
});

test('another container under the id, and an upgrade of what was never received, are refused', async () => {
  const id = await upgradedDocument();
  const differs = { status: 409, code: 'signed_document_differs' };
  await assert.rejects(put(id, 'd'.repeat(64)), differs);
  await assert.rejects(upgrade(id, 'd'.repeat(64)), differs);
  await assert.rejects(upgrade(randomUUID()), { status: 404 });
  assert.equal((await leavesOf(id)).length, 2);
});

test('each leaf has its receipt, and with the record it verifies by the policy alone', async () => {
  const id = await upgradedDocument();
  const { client } = audited.ops;
  const { policy } = audited.log.transparency_log;
  const verified = async (query: { version?: number }) => {
    const receipt = await client.getDocumentReceipt({ params: { id }, query }, context);
    assert.ok(Buffer.byteLength(receipt.receipt!) <= 2_048);
    const { body, entry } = verifyRecordFile(Buffer.from(JSON.stringify(receipt)), policy);
    return [entry.k, entry.op, body['id'], body['signed_content_sha256'], body['sha256']];
  };
  assert.deepEqual(await verified({ version: 1 }), ['document', 'receive', id, received, undefined]);
  assert.deepEqual(await verified({}), ['document', 'upgrade', id, received, upgraded]);
  await assert.rejects(client.getDocumentReceipt({ params: { id: randomUUID() }, query: {} }, context), {
    status: 404,
  });
});

test('the upgraded container of a declaration has its receipt too; before it was upgraded there is none', async () => {
  const { client } = audited.ops;
  const params = { id: randomUUID() };
  await client.putDeclaration({ params, body: someDeclaration() }, context);
  await assert.rejects(client.getContainerReceipt({ params, query: {} }, context), { status: 404 });
  await client.putContainerUpgrade({ params, body: { sha256: upgraded!, level: 'B-T' } }, context);
  const waiting = client.getContainerReceipt({ params, query: { wait_ms: 5_000 } }, context);
  await drain();
  const file = Buffer.from(JSON.stringify(await waiting));
  const { body, entry } = verifyRecordFile(file, audited.log.transparency_log.policy);
  assert.deepEqual(
    [entry.k, body['declaration_id'], body['signed_content_sha256'], body['sha256']],
    ['container', params.id, 'a'.repeat(64), upgraded],
  );
});

test('nobody of the module changes or removes what was logged', async () => {
  await audited.superuser.query('set role zdravo_ops');
  try {
    for (const statement of ['update ops.signed_documents set body = body', 'delete from ops.signed_documents'])
      await assert.rejects(audited.superuser.query(statement), /permission denied/);
  } finally {
    await audited.superuser.query('reset role');
  }
});

const attacks: [what: string, statement: string, code: string][] = [
  [
    'altered',
    `update ops.signed_documents set body = replace(convert_from(body, 'UTF8'), 'bbbb', 'dddd')::bytea`,
    'record_altered',
  ],
  ['made unreadable', `update ops.signed_documents set body = '\\x00ff'`, 'record_altered'],
  ['removed', 'delete from ops.signed_documents', 'record_missing'],
  ['moved to another id', 'update ops.signed_documents set id = gen_random_uuid()', 'record_unlogged'],
  ['its leaf hash changed', `update ops.signed_documents set leaf_hash = sha256('x')`, 'record_altered'],
];
for (const [what, statement, code] of attacks)
  test(`the auditor sees a document that was ${what} by the superuser`, async () => {
    const id = await upgradedDocument();
    await audited.superuser.query('create temporary table kept as select * from ops.signed_documents');
    await audited.superuser.query(`${statement} where id = $1`, [id]);
    const { findings } = await audited.audit();
    await audited.superuser.query('delete from ops.signed_documents');
    await audited.superuser.query('insert into ops.signed_documents select * from kept');
    await audited.superuser.query('drop table kept');
    assert.ok(
      findings.some((one) => one.code === code && one.record?.kind === 'document'),
      JSON.stringify(findings),
    );
    assert.deepEqual((await audited.audit()).findings, []);
  });

test('what lies in storage is held against the leaf, in a look at what is new for new leaves only', async () => {
  await drain();
  await audited.audit();
  const id = await upgradedDocument();
  const read: string[] = [];
  const source = (stored_upgrade: string): ContainerSource => ({
    sample_of: 1,
    read: async () => ({ state: 'stored', sha256: 'a'.repeat(64), container: new Uint8Array() }),
    readOther: async ({ resource_id, form }) => {
      read.push(`${resource_id} ${form}`);
      const sha256 = form === 'signed_content' ? received! : stored_upgrade;
      return { state: 'stored', sha256, container: new Uint8Array() };
    },
  });
  const swapped = await audited.audit({ full: false, containers: source('e'.repeat(64)) });
  assert.deepEqual(
    swapped.findings.map(({ code, record }) => [code, record]),
    [['container_differs', { kind: 'document', id, version: 2 }]],
  );
  assert.deepEqual(read, [`${id} signed_content`, `${id} signed_content.upgraded`]);
  assert.deepEqual((await audited.audit({ full: false, containers: source(upgraded!) })).findings, []);
});

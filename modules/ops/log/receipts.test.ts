import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { formatVerifierKey } from '@zdravo/tlog';
import { verifyRecordFile } from '@zdravo/tlog/verifier';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from '../testing.ts';
import { startWitnessedLog, type WitnessedLog } from './testing-witnesses.ts';

const context = { request_id: 'test-request' };
const run = promisify(execFile);
let log: WitnessedLog;
let ops: OpsUnderTest;
let directory: string;

before(async () => {
  log = await startWitnessedLog();
  ops = await startOpsForTest({ transparency_log: log.transparency_log });
  directory = await mkdtemp(join(tmpdir(), 'zdravo-receipts-'));
});
after(async () => {
  await ops?.close();
  await log?.close();
  await rm(directory, { recursive: true, force: true });
});

function policyText(): string {
  const witnesses = log.transparency_log.policy.witnesses.map(
    ({ name, key }) => `witness ${name} ${formatVerifierKey(key)}`,
  );
  return [`log ${formatVerifierKey(log.signer.key)}`, ...witnesses, 'group all 2 one two three', 'quorum all', ''].join(
    '\n',
  );
}

async function put() {
  const params = { id: randomUUID() };
  await ops.client.putDeclaration({ params, body: someDeclaration() }, context);
  return params;
}

test('a receipt is waited for, fits in 2 kB, and with the record it opens verifies by the policy alone', async () => {
  const params = await put();
  const waiting = ops.client.getReceipt({ params, query: { wait_ms: 5_000 } }, context);
  await ops.ops.sequencer.drain();
  const receipt = await waiting;
  assert.ok(Buffer.byteLength(receipt.receipt!) <= 2_048);
  const verified = verifyRecordFile(Buffer.from(JSON.stringify(receipt)), log.transparency_log.policy);
  assert.deepEqual(
    [verified.body['id'], verified.entry.op, verified.cosigners.length >= 2],
    [params.id, 'create', true],
  );
});

test('before its checkpoint a version has no receipt; each version has its own', async () => {
  const params = await put();
  const early = await ops.client.getReceipt({ params, query: {} }, context);
  assert.deepEqual([early.receipt, early.leaf_index, early.checkpoint_size], [null, null, null]);
  await ops.client.putTermination({ params, body: { actor_id: randomUUID(), reason: 'manual' } }, context);
  await ops.ops.sequencer.drain();
  const newest = await ops.client.getReceipt({ params, query: {} }, context);
  const first = await ops.client.getReceipt({ params, query: { version: 1 } }, context);
  assert.deepEqual([newest.version, first.version], [2, 1]);
  assert.notEqual(newest.leaf_index, first.leaf_index);
  await assert.rejects(ops.client.getReceipt({ params, query: { version: 3 } }, context), /not_found/);
  await assert.rejects(ops.client.getReceipt({ params: { id: randomUUID() }, query: {} }, context), /not_found/);
});

test('the command line says what it found, and its exit code tells verified, not verified and misused apart', async () => {
  const params = await put();
  await ops.ops.sequencer.drain();
  const receipt = await ops.client.getReceipt({ params, query: {} }, context);
  const [file, altered, policy] = ['receipt.json', 'altered.json', 'policy'].map((name) => join(directory, name));
  await writeFile(file!, JSON.stringify({ meta: { code: 200 }, data: receipt }));
  const record = { ...receipt.record!, body: receipt.record!.body.replace('family_doctor', 'family_docter') };
  await writeFile(altered!, JSON.stringify({ ...receipt, record }));
  await writeFile(policy!, policyText());
  const verify = (...given: string[]) =>
    run(process.execPath, [fileURLToPath(import.meta.resolve('@zdravo/tlog/verify-command')), ...given]).then(
      ({ stdout }) => ({ code: 0, output: stdout }),
      ({ code, stderr }: { code: number; stderr: string }) => ({ code, output: stderr }),
    );
  const good = await verify('record', file!, '--policy', policy!);
  assert.equal(good.code, 0, good.output);
  assert.match(good.output, /^VERIFIED\ndeclaration, version 1 \(create\), is leaf \d+ of log\.example\/ops/);
  const bad = await verify('record', altered!, '--policy', policy!);
  assert.deepEqual([bad.code, bad.output.startsWith('NOT VERIFIED\n')], [1, true]);
  assert.equal((await verify('receipt', altered!, '--policy', policy!)).code, 0);
  assert.equal((await verify('receipt', file!)).code, 2);
  assert.equal((await verify('receipt', join(directory, 'none.json'), '--policy', policy!)).code, 2);
});

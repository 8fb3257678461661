import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { settableClock } from '@zdravo/kit/clock';
import type { Call } from '@zdravo/kit/http';
import { testLogger } from '@zdravo/kit/testing';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from '@zdravo/ops/testing';
import type { IlDeps } from '../deps.ts';
import { getConfirmationSheet, standingOf, verificationAddress } from './confirmation-sheet.ts';
import { createHandlers } from './handlers.ts';
import { waitOf } from './prefer.ts';
import { waitForReceipt } from './receipts.ts';

let ops: OpsUnderTest;
before(async () => {
  ops = await startOpsForTest();
});
after(() => ops?.close());

/** Operations are real; the register of partners and the patient index answer what their own tests prove. */
function depsOf(): IlDeps {
  const person = { last_name: 'Їжакевич', first_name: 'Ґалаґан', second_name: null };
  return {
    ops: ops.client,
    log: testLogger(),
    clock: settableClock('2026-11-23T10:00:00Z', 'Europe/Kyiv'),
    web_url: 'https://health.example',
    mpi: { getPerson: async () => ({ person }) },
    prm: {
      findEmployee: async () => ({ party: person }),
      findLegalEntity: async () => ({ name: 'Амбулаторія', edrpou: '12345678' }),
      findDivision: async () => ({ name: 'Відділення № 1' }),
    },
  } as unknown as IlDeps;
}

function callOf(given: { client_id?: string; prefer?: string } = {}): Call {
  const principal = {
    user_id: randomUUID(),
    client_id: given.client_id ?? randomUUID(),
    client_type: 'MSP',
    scopes: new Set(),
  };
  return {
    principal,
    context: { request_id: 'test-request' },
    headers: given.prefer === undefined ? {} : { prefer: given.prefer },
  } as unknown as Call;
}

async function put() {
  const id = randomUUID();
  const body = someDeclaration();
  await ops.client.putDeclaration({ params: { id }, body }, { request_id: 'test-request' });
  return { id, client_id: body.legal_entity_id };
}

test('Prefer: wait is read as RFC 7240 writes it, is bounded, and nonsense is no reason to refuse', () => {
  const cases: [string | string[] | undefined, number][] = [
    [undefined, 0],
    ['wait=3', 3_000],
    ['respond-async, wait=5', 5_000],
    ['WAIT = "2"; x=1', 2_000],
    [['respond-async', 'wait=1'], 1_000],
    ['wait=900', 10_000],
    ['wait=-1', 0],
    ['wait=soon', 0],
  ];
  for (const [header, expected] of cases) assert.equal(waitOf(header), expected, String(header));
});

test('a clinic gets the receipt of its own declaration; another clinic learns nothing', async () => {
  const { id, client_id } = await put();
  const { getDeclarationReceipt } = createHandlers(depsOf());
  const input = { params: { id }, query: {} };
  const early = await getDeclarationReceipt(input, callOf({ client_id }));
  assert.deepEqual([early.status, early.data.receipt], [202, null]);
  await ops.ops.sequencer.drain();
  const receipt = await getDeclarationReceipt(input, callOf({ client_id }));
  assert.match(receipt.data.receipt!, /^c2sp\.org\/tlog-proof@v1\n/);
  assert.equal(receipt.status, undefined);
  await assert.rejects(getDeclarationReceipt(input, callOf()), /not_found/);
});

test('after a signature the receipt is waited for when asked, and a slow log is no failure', async () => {
  const { id } = await put();
  const deps = depsOf();
  assert.equal(await waitForReceipt(deps, id, callOf()), undefined);
  assert.equal(await waitForReceipt(deps, id, callOf({ prefer: 'wait=1' })), undefined);
  const waiting = waitForReceipt(deps, id, callOf({ prefer: 'wait=5' }));
  await ops.ops.sequencer.drain();
  assert.equal((await waiting)?.declaration_id, id);
  assert.equal(await waitForReceipt(deps, randomUUID(), callOf({ prefer: 'wait=1' })), undefined);
});

test('the sheet of a declaration that is not in force says so', () => {
  assert.deepEqual(standingOf('active'), []);
  assert.match(standingOf('pending_verification')[0]!, /після перевірки/);
  for (const status of ['terminated', 'closed', 'rejected']) assert.match(standingOf(status)[0]!, /вже не діє/);
});

test('the confirmation sheet is a PDF with its fonts inside, and its code opens the verification', async () => {
  const { id, client_id } = await put();
  await ops.ops.sequencer.drain();
  const sheet = await getConfirmationSheet(depsOf(), id, callOf({ client_id }));
  const pdf = Buffer.from(sheet.content, 'base64').toString('latin1');
  assert.match(pdf, /^%PDF-1\.\d/);
  assert.match(pdf, /FontFile2/);
  assert.ok(pdf.length < 100_000, `${pdf.length} bytes`);
  const receipt = await ops.client.getReceipt({ params: { id }, query: {} }, { request_id: 'test-request' });
  const address = new URL(verificationAddress('https://health.example', receipt));
  const fragment = new URLSearchParams(address.hash.slice(1));
  assert.deepEqual([fragment.get('index'), fragment.get('leaf')], [String(sheet.leaf_index), sheet.leaf_hash]);
});

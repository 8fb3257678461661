import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signed, signInVendor } from '@zdravo/dev/demo/clinics';
import { approveRequest, contentToSign, countCodes, createRequest, provePhone } from '@zdravo/dev/demo/declarations';
import { parsePolicy, parseVerifierKey, verifyPromise } from '@zdravo/tlog';
import { verifyRecordFile } from '@zdravo/tlog/verifier';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let clinic: Clinic;
const country = generateCountry({ seed: 'receipt story', persons: 3 * 4096 });
const people = [...country.persons(0, 200)].map((one) => one.person).filter(hasPhone);

function hasPhone({ birth_date, authentication_methods: [method] }: DeclarationPerson): boolean {
  return birth_date < '2000-01-01' && method?.type === 'OTP';
}

before(async () => {
  stage = await startStage();
  clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
});
after(() => stage?.close());

const asDoctor = () => ({ token: clinic.doctor.token, api_key: stage.sign_ins.mis.client_secret });

/** A request that needs only its signature. @returns a function that signs it, as often as wanted. */
async function readyToSign() {
  const person = people.pop()!;
  const method = person.authentication_methods[0]!;
  const phone = method.type === 'OTP' ? method.phone_number : '';
  await provePhone(stage, clinic, phone);
  const codes_before = await countCodes(stage, phone);
  const created = await createRequest(stage, clinic, person);
  await approveRequest(stage, clinic, created, { phone, codes_before });
  const { id } = created.body.data;
  const content = await contentToSign(stage, clinic, id);
  return (prefer?: string) =>
    stage.api.call('PATCH', `/api/declaration_requests/${id}/actions/sign`, {
      ...asDoctor(),
      body: { signed_declaration_request: signed(content, clinic.doctor.signer), signed_content_encoding: 'base64' },
      headers: prefer === undefined ? {} : { prefer },
    });
}

async function publishedText(path: string): Promise<Uint8Array> {
  const response = await fetch(`${stage.platform.address}/log/${path}`);
  assert.equal(response.status, 200);
  return new Uint8Array(await response.arrayBuffer());
}

test('a signature that prefers to wait is answered with promise and receipt, which verify by the published policy', async () => {
  const answer = await (await readyToSign())('respond-async, wait=10');
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.equal(answer.headers.get('preference-applied'), 'wait=10');
  const { promise, receipt } = answer.body.urgent;
  const policy = parsePolicy(await publishedText('policy'));
  const verified = verifyRecordFile(Buffer.from(JSON.stringify(receipt)), policy);
  assert.equal(verified.body['id'], answer.body.data.id);
  assert.ok(verified.cosigners.length >= 2);
  const key = parseVerifierKey(
    Buffer.from(await publishedText('promise-key'))
      .toString()
      .trim(),
  );
  const { leaf_hash } = verifyPromise(Buffer.from(promise), [key]);
  assert.equal(Buffer.from(leaf_hash).toString('hex'), receipt.leaf_hash);
});

test('a signature that does not ask waits for nothing; repeated, it has the same promise and now the receipt', async () => {
  const sign = await readyToSign();
  const first = await sign();
  assert.equal(first.status, 200, JSON.stringify(first.body));
  assert.deepEqual([Object.keys(first.body.urgent), first.headers.get('preference-applied')], [['promise'], null]);
  const again = await sign('wait=10');
  assert.equal(again.body.urgent.promise, first.body.urgent.promise);
  assert.equal(again.body.urgent.receipt.declaration_id, first.body.data.id);
  assert.deepEqual(again.body.data, first.body.data);
  const kept = await stage.query('platform', 'select version, note from il.kept_promises where declaration_id = $1', [
    first.body.data.id,
  ]);
  assert.deepEqual(kept, [{ version: 1, note: first.body.urgent.promise }]);
});

test('when the log cannot publish in time the signature still stands, and no preference is said to be applied', async () => {
  const sign = await readyToSign();
  const [, answer] = await Promise.all([
    stage.query('ops', 'begin; lock table ops.log_state in access exclusive mode; select pg_sleep(6); commit'),
    new Promise((resolve) => setTimeout(resolve, 500)).then(() => sign('wait=1')),
  ]);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  assert.deepEqual([Object.keys(answer.body.urgent), answer.headers.get('preference-applied')], [['promise'], null]);
});

test('whoever reads a declaration, alone or in a list, is told its leaf and the checkpoint that it was true at', async () => {
  const answer = await (await readyToSign())('wait=10');
  const { id } = answer.body.data;
  const { leaf_hash, leaf_index } = answer.body.urgent.receipt;
  // The newest checkpoint is looked at four times a second.
  await pause(300);
  const read = await stage.api.expect('GET', `/api/declarations/${id}`, asDoctor());
  const listed = await stage.api.expect('GET', '/api/declarations?status=active', asDoctor());
  const of_person = await stage.api.expect('GET', `/api/persons/${answer.body.data.person_id}/declaration`, asDoctor());
  const row = listed.body.data.find((one: { id: string }) => one.id === id);
  for (const told of [read.body.data, of_person.body.data, row]) {
    assert.deepEqual([told.version, told.leaf_hash, told.leaf_index], [1, leaf_hash, leaf_index]);
    assert.ok(told.checkpoint_size > leaf_index);
  }
});

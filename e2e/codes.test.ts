import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { countCodes, createRequest, declare, readCode } from '@zdravo/dev/demo/declarations';
import { settableClock } from '@zdravo/kit/clock';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let clinic: Clinic;
let other: Clinic;
const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');
const country = generateCountry({ seed: 'codes', persons: 2 * 4096 });
const adults = [...country.persons(0, 2000)]
  .map((one) => one.person)
  .filter((person) => person.birth_date < '2000-01-01' && person.authentication_methods[0]?.type === 'OTP');
const quarter_ms = 15 * 60_000;

before(async () => {
  stage = await startStage({ clock });
  const mis = await signInVendor(stage);
  clinic = await foundClinic(stage, mis, country.clinic(0), 'FAMILY_DOCTOR');
  other = await foundClinic(stage, mis, country.clinic(1));
});
after(() => stage?.close());

const as = (of = clinic) => ({ token: of.doctor.token, api_key: stage.sign_ins.mis.client_secret });

/** Sends a code of which the act says that it goes to the phone. */
async function codeOf(phone: string, act: () => Promise<unknown>): Promise<number> {
  const before_all = await countCodes(stage, phone);
  await act();
  return Number(await readCode(stage, phone, before_all));
}

test('a code for a telephone expires, serves once, and no other clinic', async () => {
  const phone = '+380501230001';
  const path = `/api/verifications/${phone}`;
  const send = () => stage.api.expect('POST', '/api/verifications', { ...as(), body: { phone_number: phone } });
  const complete = (code: number, by = clinic) =>
    stage.api.call('PATCH', `${path}/actions/complete`, { ...as(by), body: { code } });
  const late = await codeOf(phone, send);
  clock.advance(quarter_ms);
  const expired = await complete(late);
  assert.deepEqual([expired.status, expired.body.error.code], [403, 'code_expired']);
  const code = await codeOf(phone, send);
  assert.equal((await complete(code, other)).status, 404);
  if (code !== late) assert.equal((await complete(late)).body.error.code, 'code_wrong');
  assert.equal((await complete(code)).status, 200);
  assert.equal((await complete(code)).status, 404, 'a code that was used is none');
  assert.equal((await stage.api.call('GET', path, as())).status, 200);
  assert.equal((await stage.api.call('GET', path, as(other))).status, 404);
});

/** A patient whom the index knows, so that consent takes a code; and an open request with it. */
async function openRequest() {
  const person = adults.shift()!;
  const phone = (person.authentication_methods[0] as { phone_number: string }).phone_number;
  assert.equal((await declare(stage, clinic, person)).status, 200);
  let id = '';
  const code = await codeOf(phone, async () => {
    const created = await createRequest(stage, clinic, person);
    assert.equal(created.body.urgent.authentication_method_current.type, 'OTP', JSON.stringify(created.body));
    id = created.body.data.id;
  });
  return { id, phone, code };
}

const approve = (id: string, verification_code: number) =>
  stage.api.call('PATCH', `/api/declaration_requests/${id}/actions/approve`, { ...as(), body: { verification_code } });

test('a code of consent expires and leaves the request open for another', async () => {
  const { id, phone, code } = await openRequest();
  clock.advance(quarter_ms);
  const expired = await approve(id, code);
  assert.deepEqual([expired.status, expired.body.error.code], [403, 'code_expired']);
  const again = await codeOf(phone, () =>
    stage.api.expect('POST', `/api/declaration_requests/${id}/actions/resend_otp`, as()),
  );
  if (again !== code) assert.equal((await approve(id, code)).status, 403);
  const approved = await approve(id, again);
  assert.deepEqual([approved.status, approved.body.data.status], [200, 'APPROVED']);
});

test('a code serves its own request and purpose only', async () => {
  const [one, two] = [await openRequest(), await openRequest()];
  if (one.code !== two.code) assert.equal((await approve(one.id, two.code)).body.error.code, 'code_wrong');
  const verification = await codeOf(one.phone, () =>
    stage.api.expect('POST', '/api/verifications', { ...as(), body: { phone_number: one.phone } }),
  );
  if (verification !== one.code) assert.equal((await approve(one.id, verification)).body.error.code, 'code_wrong');
  assert.equal((await approve(one.id, one.code)).status, 200);
  assert.equal((await approve(two.id, two.code)).status, 200);
});

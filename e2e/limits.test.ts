import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import { createRequest, provePhone } from '@zdravo/dev/demo/declarations';
import { settableClock } from '@zdravo/kit/clock';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let clinic: Clinic;
const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');
const country = generateCountry({ seed: 'limits', persons: 4096 });
const people = [...country.persons(0, 2000)]
  .map((one) => one.person)
  .filter((person) => person.birth_date < '2000-01-01' && person.authentication_methods[0]?.type === 'OTP');

before(async () => {
  stage = await startStage({ clock });
  clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
});
after(() => stage?.close());

const as = () => ({ token: clinic.doctor.token, api_key: stage.sign_ins.mis.client_secret });

async function setParameters(parameters: Record<string, number>) {
  const token = await signInOfficer(stage);
  await stage.api.expect('PUT', '/api/global_parameters', { token, body: parameters });
}

/** Requests that need no code: the index does not know these persons. */
async function newRequests(count: number, phone?: string): Promise<string[]> {
  const ids: string[] = [];
  for (const person of people.splice(0, count)) {
    // Nobody sends more codes than an hour allows.
    if (ids.length % 50 === 49) clock.advance(3_660_000);
    const number = phone ?? (person.authentication_methods[0] as { phone_number: string }).phone_number;
    await provePhone(stage, clinic, number);
    const created = await createRequest(stage, clinic, {
      ...person,
      authentication_methods: [{ type: 'OTP', phone_number: number }],
    });
    assert.equal(created.status, 200, JSON.stringify(created.body));
    ids.push(created.body.data.id);
  }
  return ids;
}

function approveAll(ids: string[]) {
  return Promise.all(
    ids.map((id) => stage.api.call('PATCH', `/api/declaration_requests/${id}/actions/approve`, { ...as(), body: {} })),
  );
}

test('of 200 approvals at once with one place left at the doctor, exactly one passes', async () => {
  const [taken] = await newRequests(1);
  await approveAll([taken!]);
  const ids = await newRequests(200);
  const slots = await stage.query('platform', 'select count(*)::int as n from il.declaration_slots');
  const limit = (slots[0]!['n'] as number) + 1;
  await setParameters({
    declaration_limit_family_doctor: limit,
    declaration_limit_therapist: limit,
    declaration_limit_pediatrician: limit,
  });
  const answers = await approveAll(ids);
  assert.equal(answers.filter((one) => one.status === 200).length, 1);
  const refused = answers.find((one) => one.status !== 200)!;
  assert.match(refused.body.error.invalid[0].rules[0].description, /reaches his limit/);
  assert.equal((await stage.query('platform', 'select count(*)::int as n from il.declaration_slots'))[0]!['n'], limit);
  const passed = ids[answers.findIndex((one) => one.status === 200)]!;
  await stage.api.expect('PATCH', `/api/declaration_requests/${passed}/actions/reject`, { ...as(), body: {} });
  const again = await approveAll([ids.find((id) => id !== passed)!]);
  assert.equal(again[0]!.status, 200, 'a freed place is given again');
  await setParameters({
    declaration_limit_family_doctor: 1800,
    declaration_limit_therapist: 2000,
    declaration_limit_pediatrician: 900,
  });
});

test('of 40 approvals at once with one place left on a telephone, exactly one passes', async () => {
  await setParameters({ phone_number_auth_limit: 1 });
  const answers = await approveAll(await newRequests(40, '+380501234567'));
  assert.equal(answers.filter((one) => one.status === 200).length, 1);
  assert.match(answers.find((one) => one.status !== 200)!.body.error.invalid[0].rules[0].description, /phone number/);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import {
  approveRequest,
  contentToSign,
  countCodes,
  createRequest,
  declare,
  provePhone,
  sendSigned,
} from '@zdravo/dev/demo/declarations';
import { settableClock } from '@zdravo/kit/clock';
import { withClient } from '@zdravo/kit/testing';
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

async function setParameters(parameters: Record<string, number | string>) {
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

const slotsNow = () =>
  stage.query('platform', 'select declaration_id, encode(person_hmac, $1) as person from il.declaration_slots', [
    'hex',
  ]);

async function setDoctorLimit(limit: number): Promise<void> {
  await setParameters({
    declaration_limit_family_doctor: limit,
    declaration_limit_therapist: limit,
    declaration_limit_pediatrician: limit,
  });
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let looks = 0; looks < 200; looks++) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail('did not come about within 10 s');
}

test('a patient renews with a doctor who is at the limit; a renewal that comes to nothing frees no place', async () => {
  clock.advance(3_660_000);
  const person = people.shift()!;
  const phone = (person.authentication_methods[0] as { phone_number: string }).phone_number;
  const signed = await declare(stage, clinic, person);
  assert.equal(signed.status, 200, JSON.stringify(signed.body));
  const declaration_id = signed.body.data.id;
  await until(async () => {
    const [request] = await stage.query(
      'platform',
      `select encode(request.person_hmac, 'hex') as person from il.declaration_requests request where declaration_id = $1`,
      [declaration_id],
    );
    // Taken under what tells people apart; held under what the index calls the person.
    return (await slotsNow()).some(
      (slot) => slot['declaration_id'] === declaration_id && slot['person'] !== request!['person'],
    );
  });
  const patients = new Set((await slotsNow()).map((slot) => slot['person'])).size;
  await setDoctorLimit(patients);
  const renew = async () => {
    const codes_before = await countCodes(stage, phone);
    const created = await createRequest(stage, clinic, person);
    const approved = await approveRequest(stage, clinic, created, { phone, codes_before });
    assert.equal(approved.status, 200, JSON.stringify(approved.body));
    return created.body.data.id as string;
  };
  const first = await renew();
  assert.equal((await slotsNow()).length, patients + 1);
  await stage.api.expect('PATCH', `/api/declaration_requests/${first}/actions/reject`, { ...as(), body: {} });
  assert.ok((await slotsNow()).some((slot) => slot['declaration_id'] === declaration_id));
  // The next one ends the one before it, which had been approved.
  await renew();
  const last = await renew();
  assert.equal((await slotsNow()).length, patients + 1);
  const renewed = await sendSigned(stage, clinic, last, await contentToSign(stage, clinic, last));
  assert.equal(renewed.status, 200, JSON.stringify(renewed.body));
  await until(async () => (await slotsNow()).length === patients);
  assert.ok((await slotsNow()).some((slot) => slot['declaration_id'] === renewed.body.data.id));
  const [another] = await newRequests(1);
  assert.equal((await approveAll([another!]))[0]!.status, 422, 'the doctor is still at the limit');
  await setDoctorLimit(1800);
});

test('of requests for one patient with one doctor that come at once, one is open', async () => {
  clock.advance(3_660_000);
  const person = people.shift()!;
  const phone = (person.authentication_methods[0] as { phone_number: string }).phone_number;
  await provePhone(stage, clinic, phone);
  // They arrive while the table is closed, and go on together when it opens.
  const gate = new Promise<void>((resolve) => {
    setTimeout(resolve, 1_500);
  });
  const closed = withClient(stage.platform.database_urls.platform, async (client) => {
    await client.query('begin; lock table il.declaration_requests in share row exclusive mode');
    await gate;
    await client.query('commit');
  });
  const made = await Promise.all(Array.from({ length: 12 }, () => createRequest(stage, clinic, person)));
  await closed;
  assert.deepEqual(
    made.map(({ status }) => status),
    made.map(() => 200),
  );
  const ids = made.map(({ body }) => body.data.id);
  const rows = await stage.query(
    'platform',
    'select status, count(*)::int as n from il.declaration_requests where id = any($1) group by status order by status',
    [ids],
  );
  assert.deepEqual(rows, [
    { status: 'CANCELLED', n: 11 },
    { status: 'NEW', n: 1 },
  ]);
});

test('nonsense in the payer’s parameters is refused with its place, and nothing of it is kept', async () => {
  const token = await signInOfficer(stage);
  const before = await stage.api.expect('GET', '/api/global_parameters', { token });
  for (const [entry, body] of [
    ['$.declaration_term_unit', { declaration_term_unit: 'SECONDS' }],
    ['$.declaration_term_unit', { adult_age: 17, declaration_term_unit: 'YEARS' }],
    ['$.declaration_term', { declaration_term: 101, declaration_term_unit: 'YEARS' }],
    ['$.declaration_term', { declaration_term: 1e21 }],
    ['$.declaration_term', { declaration_term: -1 }],
    ['$.adult_age', { adult_age: 17.5 }],
    ['$.phone_number_auth_limit', { phone_number_auth_limit: 0 }],
    ['$.declaration_trem', { adult_age: 17, declaration_trem: 365 }],
  ] as const) {
    const refused = await stage.api.call('PUT', '/api/global_parameters', { token, body });
    assert.equal(refused.status, 422, JSON.stringify(body));
    assert.equal(refused.body.error.invalid[0].entry, entry);
  }
  const after_all = await stage.api.expect('GET', '/api/global_parameters', { token });
  assert.deepEqual(after_all.body.data, before.body.data);
});

test('how long the payer may object, and how long a request stays open, is what the payer’s parameters say', async () => {
  const statusOf = async (id: string) =>
    (await stage.query('ops', 'select status from ops.declaration_heads where id = $1', [id]))[0]!['status'];
  const requestStatus = async (id: string) =>
    (await stage.query('platform', 'select status from il.declaration_requests where id = $1', [id]))[0]!['status'];
  await setParameters({ verification_request_expiration: 5, declaration_request_expiration: 2 });
  await setParameters({ declaration_request_expiration_unit: 'HOURS' });
  const offline = { ...people.shift()!, authentication_methods: [{ type: 'OFFLINE' as const }] };
  const declared = await declare(stage, clinic, offline);
  assert.equal(declared.body.data.status, 'pending_verification', JSON.stringify(declared.body));
  const [open] = await newRequests(1);
  for (const [hours, declaration, request] of [
    [1, 'pending_verification', 'NEW'],
    [2, 'pending_verification', 'EXPIRED'],
    [72, 'pending_verification', 'EXPIRED'],
    [48, 'active', 'EXPIRED'],
  ] as const) {
    clock.advance(hours * 3_600_000);
    for (const job of ['approve_pending_declarations', 'expire_declaration_requests']) await stage.platform.runJob(job);
    assert.deepEqual([await statusOf(declared.body.data.id), await requestStatus(open!)], [declaration, request]);
  }
});

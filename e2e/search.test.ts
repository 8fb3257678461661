import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import type { Answer } from '@zdravo/dev/demo/api';
import { type Clinic, foundClinic, signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import { startStage, type TestStage } from './stage.ts';

// Looking for a patient as a doctor's system does it, over the public API.

let stage: TestStage;
let clinic: Clinic;
let other_clinic: Clinic;
let officer: string;
const country = generateCountry({ seed: 'searches', persons: 8192 });
const people = [...country.persons(0, 900)]
  .map((one) => one.person)
  .filter((person) => person.birth_date < '2000-01-01' && person.authentication_methods[0]?.type === 'OTP');

before(async () => {
  stage = await startStage();
  const vendor = await signInVendor(stage);
  clinic = await foundClinic(stage, vendor, country.clinic(0), 'FAMILY_DOCTOR');
  other_clinic = await foundClinic(stage, vendor, country.clinic(1), 'FAMILY_DOCTOR');
  officer = await signInOfficer(stage);
});
after(() => stage?.close());

type Caller = { token: string; api_key?: string };
const doctor = ({ doctor }: Clinic): Caller => ({ token: doctor.token, api_key: stage.sign_ins.mis.client_secret });

function post(body: unknown, caller: Caller): Promise<Answer> {
  return stage.api.call('POST', '/api/persons/search', { ...caller, body });
}
function queryOf({ first_name, last_name, birth_date }: DeclarationPerson) {
  return { first_name, last_name, birth_date };
}
function search(person: DeclarationPerson, caller: Caller): Promise<Answer> {
  return post({ purpose: 'TREAT', search: queryOf(person) }, caller);
}
function read(handle: string, caller: Caller, purpose = 'TREAT'): Promise<Answer> {
  return stage.api.call('GET', `/api/persons/${handle}?purpose=${purpose}`, caller);
}

async function patient(): Promise<DeclarationPerson> {
  const person = people.shift()!;
  await declare(stage, clinic, person);
  return person;
}

test('the patient’s doctor finds and reads them once; another clinic finds, and is told nothing', async () => {
  const person = await patient();
  const found = await search(person, doctor(clinic));
  assert.equal(found.status, 200, JSON.stringify(found.body));
  assert.equal(found.body.data.result, 'found');
  assert.deepEqual(Object.keys(found.body.data).sort(), ['handle', 'result']);
  const { handle } = found.body.data;
  assert.equal((await read(handle, doctor(other_clinic))).status, 404, 'a handle is the finder’s');
  const whole = await read(handle, doctor(clinic));
  assert.equal(whole.status, 200, JSON.stringify(whole.body));
  assert.equal(whole.body.data.tax_id, person.tax_id);
  assert.equal(whole.body.data.secret, undefined);
  assert.equal((await read(handle, doctor(clinic))).status, 404, 'once');

  const elsewhere = await search(person, doctor(other_clinic));
  const refused = await read(elsewhere.body.data.handle, doctor(other_clinic));
  assert.deepEqual([refused.status, refused.body.error.code], [403, 'declaration_required']);
  assert.ok(!JSON.stringify(refused.body).includes(person.last_name));
  assert.equal((await read(elsewhere.body.data.handle, doctor(other_clinic))).status, 404, 'used up by the attempt');
});

test('the payer’s officer, who has the scope, reads whom they found', async () => {
  const person = await patient();
  const found = await search(person, { token: officer });
  assert.equal(found.body.data.result, 'found', JSON.stringify(found.body));
  const whole = await read(found.body.data.handle, { token: officer }, 'HPAYMT');
  assert.deepEqual([whole.status, whole.body.data.first_name], [200, person.first_name]);
});

test('a mistyped name leads to a question, and the true answer to the patient', async () => {
  const person = await patient();
  const wrong = { ...queryOf(person), first_name: `${person.first_name}х` };
  const asked = await post({ purpose: 'TREAT', search: wrong }, doctor(clinic));
  assert.equal(asked.body.data.result, 'question', JSON.stringify(asked.body));
  const { dialogue, attribute, options } = asked.body.data;
  assert.equal(options.length, 5);
  assert.equal(attribute, 'patronymic_initial');
  const truth = person.second_name![0]!;
  assert.ok(options.includes(truth));
  const found = await post({ purpose: 'TREAT', dialogue, answer: truth }, doctor(clinic));
  assert.equal(found.body.data.result, 'found', JSON.stringify(found.body));
  const again = await post({ purpose: 'TREAT', dialogue, answer: truth }, doctor(clinic));
  assert.deepEqual([again.status, again.body.error.code], [404, 'search_step_unknown']);
});

test('who takes decoys for the truth is locked, in both searches, and the payer sees it', async () => {
  const caller = doctor(other_clinic);
  for (let guess = 0; guess < 3; guess++) {
    const person = await patient();
    const wrong = { ...queryOf(person), first_name: `${person.first_name}х` };
    const { dialogue, options } = (await post({ purpose: 'TREAT', search: wrong }, caller)).body.data;
    const decoy = options.find((option: string) => option !== person.second_name![0]);
    const answer = await post({ purpose: 'TREAT', dialogue, answer: decoy }, caller);
    assert.deepEqual(answer.body.data, { result: 'none' });
  }
  const locked = await search(people[0]!, caller);
  assert.deepEqual([locked.status, locked.body.error.code], [429, 'search_locked']);
  assert.ok(Number(locked.headers.get('retry-after')) > 80_000);
  const { first_name, last_name, birth_date } = people[0]!;
  const query = new URLSearchParams({ first_name, last_name, birth_date });
  assert.equal((await stage.api.call('GET', `/api/persons?${query}`, caller)).status, 429);
  const reasons = await eventually(async () => {
    const path = `/api/search_canaries?client_id=${other_clinic.legal_entity_id}`;
    const seen = await stage.api.call('GET', path, { token: officer });
    assert.equal(seen.status, 200, JSON.stringify(seen.body));
    const list = seen.body.data.map(({ reason }: { reason: string }) => reason);
    return list.length === 4 ? list : undefined;
  });
  assert.deepEqual(reasons.toSorted(), ['wrong_answer', 'wrong_answer', 'wrong_answer', 'wrong_answers']);
  assert.equal((await stage.api.call('GET', '/api/search_canaries', doctor(clinic))).status, 403);
  const [{ actor_id }] = (
    await stage.api.call('GET', `/api/search_canaries?client_id=${other_clinic.legal_entity_id}`, { token: officer })
  ).body.data;
  const lock = `/api/search_locks/${actor_id}`;
  assert.equal((await stage.api.call('DELETE', lock, doctor(clinic))).status, 403);
  assert.equal((await stage.api.call('DELETE', lock, { token: officer })).status, 200);
  assert.equal((await stage.api.call('GET', `/api/persons?${query}`, caller)).status, 200, 'searches again');
  assert.equal((await stage.api.call('DELETE', lock, { token: officer })).status, 404, 'is not locked any more');
});

async function eventually<Result>(work: () => Promise<Result | undefined>): Promise<Result> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const result = await work();
    if (result !== undefined) return result;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('not within 10 s');
}

test('what is no search is refused with a path, and nothing of it is repeated', async () => {
  const name = 'Таємниченко';
  const bodies: unknown[] = [
    {},
    { purpose: 'TREAT' },
    { purpose: 'WHIM', search: { first_name: 'А', last_name: name } },
    { purpose: 'TREAT', search: { first_name: 'А', last_name: name, diagnosis: name } },
    { purpose: 'TREAT', search: { first_name: 7, last_name: name } },
    { purpose: 'TREAT', search: { first_name: 'А', last_name: name, birth_date: '2020-02-30' } },
    { purpose: 'TREAT', search: { first_name: 'А', last_name: 'б'.repeat(10_000) } },
    { purpose: 'TREAT', dialogue: 'x' },
    { purpose: 'TREAT', search: { first_name: 'А', last_name: name }, dialogue: 'x', answer: name },
  ];
  for (const body of bodies) {
    const answer = await post(body, doctor(clinic));
    assert.equal(answer.status, 422, JSON.stringify(body).slice(0, 200));
    assert.match(answer.body.error.invalid[0].entry, /^\$/);
    assert.ok(!JSON.stringify(answer.body).includes(name));
  }
  assert.equal((await read('x'.repeat(43), doctor(clinic))).status, 404);
  assert.equal((await stage.api.call('GET', `/api/persons/${'x'.repeat(43)}`, doctor(clinic))).status, 422);
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import {
  type Clinic,
  foundClinic,
  registerClinic,
  signed,
  signInOfficer,
  signInVendor,
} from '@zdravo/dev/demo/clinics';
import fc from 'fast-check';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let clinic: Clinic;
let tokens: { mis: string; officer: string };
let registration: Awaited<ReturnType<typeof registerClinic>>;
const country = generateCountry({ seed: 'hostile', persons: 2 * 4096 });
const person = [...country.persons(0, 200)].map((one) => one.person).find((one) => one.confidant_person === undefined)!;

before(async () => {
  stage = await startStage();
  const mis = await signInVendor(stage);
  tokens = { mis, officer: await signInOfficer(stage) };
  clinic = await foundClinic(stage, mis, country.clinic(0), 'FAMILY_DOCTOR');
  registration = await registerClinic(stage, mis, country.clinic(1));
});
after(() => stage?.close());

/** What a hostile or careless client puts where something else belongs. */
const nonsense = fc.oneof(
  fc.constantFrom<unknown>(null, true, 0, -1, 1e308, '', ' ', [], {}, [null], [[]], { a: { b: [] } }),
  fc.constantFrom(
    '\u0000',
    '\ud800',
    '<script>alert(1)</script>',
    "'; drop table il.employee_requests; --",
    '../../etc/passwd',
    '%00',
  ),
  fc.constantFrom(
    'x'.repeat(10_000),
    'Ї'.repeat(300),
    '2999-13-45',
    '0000-00-00',
    '9'.repeat(40),
    '{{7*7}}',
    '__proto__',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);

type Json = unknown;

/** Every place of a value, as the names and indexes that lead there. */
function placesOf(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (value === null || typeof value !== 'object') return [path];
  const entries = Array.isArray(value) ? value.map((item, index) => [index, item] as const) : Object.entries(value);
  return [path, ...entries.flatMap(([name, member]) => placesOf(member, [...path, name]))];
}

/** The value with one place replaced, or left out when the replacement is undefined. */
function changedAt(value: Json, [name, ...rest]: (string | number)[], replacement: Json): Json {
  if (name === undefined) return replacement;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, Json>;
  const changed = changedAt(copy[name], rest, replacement);
  if (changed === undefined && rest.length === 0) delete copy[name];
  else copy[name] = changed;
  return copy;
}

function mutationOf(body: Json) {
  return fc
    .tuple(fc.constantFrom(...placesOf(body)), fc.option(nonsense, { nil: undefined }))
    .map(([place, replacement]) => changedAt(body, place, replacement));
}

type Target = {
  name: string;
  method: string;
  path: string;
  body: () => Json;
  token: () => string;
  is_clinic?: boolean;
};

const doctorOf = () => country.clinic(0).employees.find((one) => one.employee_type === 'DOCTOR')!;
const targets: Target[] = [
  {
    name: 'declaration request',
    method: 'POST',
    path: '/api/declaration_requests',
    token: () => clinic.doctor.token,
    is_clinic: true,
    body: () => ({
      declaration_request: {
        person,
        employee_id: clinic.doctor.employee_id,
        division_id: clinic.division_id,
        scope: 'family_doctor',
      },
    }),
  },
  {
    name: 'employee request',
    method: 'POST',
    path: '/api/employee_requests',
    token: () => clinic.owner.token,
    is_clinic: true,
    body: () => {
      const { party, doctor, position, start_date } = doctorOf();
      const { id: _id, ...known } = party;
      const fields = { division_id: clinic.division_id, position, start_date, status: 'NEW', employee_type: 'DOCTOR' };
      return { employee_request: { ...fields, party: known, doctor } };
    },
  },
  {
    name: 'division',
    method: 'POST',
    path: '/api/divisions',
    token: () => clinic.owner.token,
    is_clinic: true,
    body: () => {
      const {
        id: _id,
        mountain_group: _mountain,
        settlement_id: _settlement,
        ...division
      } = country.clinic(0).divisions[0]!;
      return { ...division, location: { longitude: 30.52, latitude: 50.45 } };
    },
  },
  {
    name: 'verification',
    method: 'POST',
    path: '/api/verifications',
    token: () => clinic.doctor.token,
    is_clinic: true,
    body: () => ({ phone_number: '+380501110022' }),
  },
  {
    name: 'global parameters',
    method: 'PUT',
    path: '/api/global_parameters',
    token: () => tokens.officer,
    body: () => ({ adult_age: 18, declaration_term: '365' }),
  },
  {
    name: 'black list',
    method: 'POST',
    path: '/api/black_list_users',
    token: () => tokens.officer,
    body: () => ({ tax_id: '3126509816' }),
  },
  {
    name: 'terminate',
    method: 'PATCH',
    path: '/api/declarations/terminate',
    token: () => tokens.officer,
    body: () => ({ person_id: '8d0f7a1e-5b1c-4d6e-9a3f-0c2b4d6e8f10', reason_description: 'text' }),
  },
];

for (const target of targets)
  test(`${target.name}: whatever stands wherever, the answer is the envelope and never a 500`, async () => {
    const api_key = target.is_clinic ? { api_key: stage.sign_ins.mis.client_secret } : {};
    await fc.assert(
      fc.asyncProperty(mutationOf(target.body()), async (body) => {
        const answer = await stage.api.call(target.method, target.path, {
          token: target.token(),
          body: body ?? null,
          ...api_key,
        });
        assert.ok(answer.status < 500, `${answer.status} for ${JSON.stringify(body)?.slice(0, 400)}`);
        assert.equal(answer.body.meta.code, answer.status);
        if (answer.status >= 400) assert.ok(!JSON.stringify(answer.body).includes(person.last_name));
      }),
      { numRuns: 120 },
    );
  });

test('a signed registration with anything anywhere is refused or taken, never a 500', async () => {
  await fc.assert(
    fc.asyncProperty(mutationOf(registration.content), async (content) => {
      const body = {
        signed_legal_entity_request: signed(content ?? null, registration.signer),
        signed_content_encoding: 'base64',
      };
      const answer = await stage.api.call('PUT', '/api/legal_entities', { token: tokens.mis, body });
      assert.ok(answer.status < 500, `${answer.status} for ${JSON.stringify(content)?.slice(0, 400)}`);
    }),
    { numRuns: 120 },
  );
});

test('ids and queries that are nonsense are refused or find nothing', async () => {
  const api_key = stage.sign_ins.mis.client_secret;
  const paths = [
    '/api/employees/',
    '/api/divisions/',
    '/api/declarations/',
    '/api/declaration_requests/',
    '/api/employee_requests/',
    '/api/legal_entities/',
  ];
  const bad = ['1', "'", '%00', 'ffffffff-ffff-4fff-8fff-ffffffffffff', '%F0%9F%98%80', 'a'.repeat(300)];
  for (const path of paths)
    for (const id of bad) {
      const answer = await stage.api.call('GET', `${path}${id}`, { token: clinic.owner.token, api_key });
      assert.ok([400, 403, 404, 414].includes(answer.status), `${path}${id.slice(0, 40)}: ${answer.status}`);
    }
  for (const query of [
    'page=0',
    'page=x',
    'page_size=100000',
    'status=%27',
    'employee_id=1',
    'ids=,,',
    `ids=${'-'.repeat(36)}`,
    'tax_id=%27%20or%201=1',
    'page=999999',
  ]) {
    for (const path of [
      '/api/employees',
      '/api/divisions',
      '/api/declarations',
      '/api/declaration_requests',
      '/api/employee_requests',
    ]) {
      const answer = await stage.api.call('GET', `${path}?${query}`, { token: clinic.owner.token, api_key });
      assert.ok(answer.status < 500, `${path}?${query}: ${answer.status}`);
    }
  }
});

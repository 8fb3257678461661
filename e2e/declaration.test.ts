import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DeclarationPerson, generateCountry, lastDayBelowAge } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import {
  approveRequest,
  contentToSign,
  countCodes,
  createRequest,
  declare,
  provePhone,
  readCode,
  sendSigned,
} from '@zdravo/dev/demo/declarations';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let first: Clinic;
let second: Clinic;
const country = generateCountry({ seed: 'declaration story', persons: 3 * 4096 });
const people = [...country.persons(0, 600)].map((one) => one.person);
const used = new Set<DeclarationPerson>();

/** The next person of the country who is as wanted, with a telephone of their own. */
function someone(fits: (person: DeclarationPerson) => boolean): DeclarationPerson {
  const found = people.find((person) => !used.has(person) && fits(person));
  if (!found) throw new Error('the country has nobody like that');
  used.add(found);
  return found;
}

const phoneOf = (person: DeclarationPerson) => {
  const method = person.authentication_methods[0]!;
  return method.type === 'OTP' ? method.phone_number : undefined;
};
const isAdult = (person: DeclarationPerson) => person.birth_date < '2000-01-01';
const withPhone = (person: DeclarationPerson) =>
  isAdult(person) && phoneOf(person) !== undefined && person.tax_id !== undefined;

/** The same number with another check digit. */
function wrongTaxId(tax_id: string): string {
  return `${tax_id.slice(0, 9)}${(Number(tax_id[9]) + 1) % 10}`;
}

before(async () => {
  stage = await startStage();
  const mis_token = await signInVendor(stage);
  first = await foundClinic(stage, mis_token, country.clinic(0), 'FAMILY_DOCTOR');
  second = await foundClinic(stage, mis_token, country.clinic(1), 'FAMILY_DOCTOR');
});
after(() => stage?.close());

const as = (clinic: Clinic) => ({ token: clinic.doctor.token, api_key: stage.sign_ins.mis.client_secret });

test('a patient declares with a doctor, then with another by a code: the first declaration ends', async () => {
  const person = someone(withPhone);
  const signed = await declare(stage, first, person);
  assert.equal(signed.status, 200, JSON.stringify(signed.body));
  assert.equal(signed.body.data.status, 'active');
  const read = await stage.api.expect('GET', `/api/declarations/${signed.body.data.id}`, as(first));
  assert.equal(read.body.data.person.last_name, person.last_name);
  assert.equal(read.body.data.person.secret, undefined);
  assert.equal(read.body.data.employee.id, first.doctor.employee_id);
  assert.equal(read.body.data.employee.legal_entity.id, read.body.data.legal_entity.id);
  const listed = await stage.api.expect('GET', '/api/declarations?status=active', as(first));
  const row = listed.body.data.find((one: { id: string }) => one.id === signed.body.data.id);
  const { first_name, last_name, second_name } = person;
  const name = { id: signed.body.data.person_id, first_name, last_name, second_name: second_name ?? null };
  assert.deepEqual(row.person, name);
  assert.deepEqual(
    [row.employee.id, row.division.id, row.legal_entity.id],
    [row.employee_id, row.division_id, row.legal_entity_id],
  );

  await provePhone(stage, second, phoneOf(person)!);
  const codes_before = await countCodes(stage, phoneOf(person)!);
  const created = await createRequest(stage, second, person);
  assert.equal(created.body.urgent.authentication_method_current.type, 'OTP', JSON.stringify(created.body));
  assert.match(created.body.urgent.authentication_method_current.number, /^\+38\d{3}\*{5}\d{2}$/);
  const approved = await approveRequest(stage, second, created, { phone: phoneOf(person)!, codes_before });
  assert.equal(approved.status, 200, JSON.stringify(approved.body));
  const { id } = created.body.data;
  const moved = await sendSigned(stage, second, id, await contentToSign(stage, second, id));
  assert.equal(moved.body.data.person_id, signed.body.data.person_id);
  const ended = await stage.api.expect('GET', `/api/declarations/${signed.body.data.id}`, as(first));
  assert.equal(ended.body.data.status, 'terminated');
  assert.equal(
    (await stage.api.call('GET', `/api/persons/${moved.body.data.person_id}/declaration`, as(first))).status,
    403,
  );
  const active = await stage.api.expect('GET', `/api/persons/${moved.body.data.person_id}/declaration`, as(second));
  assert.equal(active.body.data.id, moved.body.data.id);
  assert.equal((await stage.api.call('GET', `/api/declarations/${moved.body.data.id}`, as(first))).status, 404);
});

test('consent by scans: uploads are due, the declaration waits for the payer, who sees the scans', async () => {
  const person = { ...someone(withPhone), authentication_methods: [{ type: 'OFFLINE' as const }] };
  const created = await createRequest(stage, first, person);
  assert.equal(created.body.urgent.authentication_method_current.type, 'OFFLINE', JSON.stringify(created.body));
  const early = await stage.api.call('PATCH', `/api/declaration_requests/${created.body.data.id}/actions/approve`, {
    ...as(first),
    headers: { 'content-type': 'application/json' },
  });
  assert.equal(early.status, 409, 'an empty JSON body is what v2.0 clients send');
  assert.match(early.body.error.message, /^Documents person\.SSN, .* is not uploaded$/);
  assert.equal((await approveRequest(stage, first, created)).status, 200);
  const { id } = created.body.data;
  const signed = await sendSigned(stage, first, id, await contentToSign(stage, first, id));
  assert.equal(signed.body.data.status, 'pending_verification');
  const officer = { token: await signInOfficer(stage) };
  const documents = await stage.api.expect('GET', `/api/declarations/${signed.body.data.id}/documents`, officer);
  assert.equal(documents.body.data.length, created.body.urgent.documents.length);
  assert.equal((await fetch(documents.body.data[0].url)).headers.get('content-type'), 'image/jpeg');
  assert.equal(
    (await stage.api.call('PATCH', `/declarations/${signed.body.data.id}/verify`, { ...as(first) })).status,
    403,
  );
  const approved = await stage.api.expect('PATCH', `/declarations/${signed.body.data.id}/verify`, officer);
  assert.equal(approved.body.data.status, 'active');
  assert.equal(
    (await stage.api.call('PATCH', `/api/declarations/${signed.body.data.id}/actions/reject`, officer)).status,
    409,
  );
});

test('the same signature again, a fresh one over the same content, and 64 at once get the same 200', async () => {
  const person = someone(withPhone);
  await provePhone(stage, first, phoneOf(person)!);
  const created = await createRequest(stage, first, person);
  await approveRequest(stage, first, created);
  const { id } = created.body.data;
  const content = await contentToSign(stage, first, id);
  const answers = await Promise.all(Array.from({ length: 64 }, () => sendSigned(stage, first, id, content)));
  assert.deepEqual(
    [...new Set(answers.map((one) => one.status))],
    [200],
    JSON.stringify(answers.find((one) => one.status !== 200)?.body),
  );
  assert.equal(new Set(answers.map((one) => one.body.data.id)).size, 1);
  const later = await sendSigned(stage, first, id, { ...content, seed: 'another' });
  assert.deepEqual([later.status, later.body.data.id], [200, answers[0]!.body.data.id]);
  const other = await sendSigned(stage, first, id, { ...content, scope: 'another' });
  assert.equal(other.status, 422);
  const rows = await stage.query(
    'ops',
    'select count(*)::int as n from ops.declaration_versions v join ops.declaration_heads h on h.id = v.declaration_id where h.declaration_request_id = $1',
    [id],
  );
  assert.deepEqual(rows, [{ n: 1 }]);
  const wiped = await stage.query(
    'platform',
    'select sealed_data, sealed_container from il.declaration_requests where id = $1',
    [id],
  );
  assert.deepEqual(wiped, [{ sealed_data: null, sealed_container: null }]);
});

test('a signature is refused with the place of what is wrong', async () => {
  const person = someone(withPhone);
  await provePhone(stage, first, phoneOf(person)!);
  const created = await createRequest(stage, first, person);
  const { id } = created.body.data;
  const content = await contentToSign(stage, first, id);
  assert.equal((await sendSigned(stage, first, id, content)).body.error.invalid[0].entry, '$.status');
  await approveRequest(stage, first, created);
  const approved = await contentToSign(stage, first, id);
  const stranger = await stage.authority.issueSigner('other-doctor', {
    common_name: 'Інший лікар',
    drfo: '3126509816',
  });
  const cases: [unknown, string][] = [
    [{ ...approved, person: { ...approved.person, patient_signed: false } }, '$.content.person.patient_signed'],
    [{ ...approved, person: { ...approved.person, last_name: 'Інша' } }, '$.content.person.last_name'],
    [{ data: approved, person: approved.person }, '$.content.data'],
    [{ ...approved, seed: `\\x${'0'.repeat(64)}` }, '$.content.seed'],
    [{ ...approved, seed: 5 }, '$.content.seed'],
  ];
  for (const [changed, entry] of cases) {
    const answer = await sendSigned(stage, first, id, changed);
    assert.equal(answer.status, 422, entry);
    assert.ok(
      answer.body.error.invalid.some((one: { entry: string }) => one.entry === entry),
      `${entry}: ${JSON.stringify(answer.body.error)}`,
    );
    assert.ok(!JSON.stringify(answer.body).includes(person.last_name), 'no personal data in an error');
  }
  assert.equal(
    (await sendSigned(stage, first, id, approved, stranger.files)).body.error.invalid[0].entry,
    '$.content.employee.party.tax_id',
  );
  const foreign = await stage.api.call('PATCH', `/api/declaration_requests/${id}/actions/sign`, {
    ...as(second),
    body: { signed_declaration_request: 'AAAA', signed_content_encoding: 'base64' },
  });
  assert.equal(foreign.status, 404);
  assert.equal((await sendSigned(stage, first, id, approved)).status, 200);
});

test('a request is refused with the place of what is wrong; a lost code has three tries', async () => {
  const person = someone(withPhone);
  const refusals: [unknown, string][] = [
    [{ ...person, tax_id: wrongTaxId(person.tax_id!) }, '$.declaration_request.person.tax_id'],
    [{ ...person, authentication_methods: [] }, '$.declaration_request.person.authentication_methods'],
    [{ ...person, patient_signed: true }, '$.declaration_request.person.patient_signed'],
    [{ ...person, birth_date: '2999-01-01' }, '$.declaration_request.person.birth_date'],
    [{ ...person, favourite_colour: 'red' }, '$.declaration_request.person.favourite_colour'],
    [{ ...person, documents: [{ type: 'PASSPORT', number: '1' }] }, '$.declaration_request.person.documents[0].number'],
    [
      { ...person, authentication_methods: [{ type: 'OTP', phone_number: '+380501112233' }] },
      '$.declaration_request.person.authentication_methods[0].phone_number',
    ],
  ];
  for (const [wrong, entry] of refusals) {
    const answer = await createRequest(stage, first, wrong as DeclarationPerson);
    assert.equal(answer.status, 422, entry);
    assert.ok(
      answer.body.error.invalid.some((one: { entry: string }) => one.entry === entry),
      `${entry}: ${JSON.stringify(answer.body.error)}`,
    );
  }
  const signed = await declare(stage, first, person);
  assert.equal(signed.status, 200);
  const codes_before = await countCodes(stage, phoneOf(person)!);
  const created = await createRequest(stage, first, person);
  const path = `/api/declaration_requests/${created.body.data.id}/actions/approve`;
  const right = Number(await readCode(stage, phoneOf(person)!, codes_before));
  const wrong = right === 999_999 ? 100_000 : right + 1;
  for (const expected of ['code_wrong', 'code_wrong', 'code_used_up']) {
    const answer = await stage.api.call('PATCH', path, { ...as(first), body: { verification_code: wrong } });
    assert.deepEqual([answer.status, answer.body.error.code], [403, expected]);
  }
  assert.equal((await stage.api.call('PATCH', path, { ...as(first), body: { verification_code: right } })).status, 403);
  await stage.api.expect('POST', `/api/declaration_requests/${created.body.data.id}/actions/resend_otp`, {
    ...as(first),
    body: {},
  });
  const again = Number(await readCode(stage, phoneOf(person)!, codes_before + 1));
  const ok = await stage.api.call('PATCH', path, { ...as(first), body: { verification_code: String(again) } });
  assert.equal(ok.status, 200, JSON.stringify(ok.body));
  assert.equal((await stage.api.call('PATCH', path, { ...as(first), body: { verification_code: again } })).status, 200);
  assert.equal((await stage.api.call('PATCH', path, { ...as(first), body: { verification_code: wrong } })).status, 409);
});

test('a child’s declaration ends with childhood; two children without tax numbers do not cancel each other', async () => {
  const isChild = (person: DeclarationPerson) => person.birth_date > '2010-01-01' && person.tax_id === undefined;
  const [one, other] = [someone(isChild), someone(isChild)];
  const offline = { authentication_methods: [{ type: 'OFFLINE' as const }] };
  const created = await createRequest(stage, first, { ...one, ...offline });
  assert.equal(created.status, 200, JSON.stringify(created.body));
  const limit = lastDayBelowAge(one.birth_date, 18);
  assert.ok(created.body.data.end_date <= limit);
  assert.equal((await createRequest(stage, first, { ...other, ...offline })).status, 200);
  assert.equal(
    (await stage.api.expect('GET', `/api/declaration_requests/${created.body.data.id}`, as(first))).body.data.status,
    'NEW',
  );
  const again = await createRequest(stage, first, { ...one, ...offline });
  assert.equal(again.status, 200);
  assert.equal(
    (await stage.api.expect('GET', `/api/declaration_requests/${created.body.data.id}`, as(first))).body.data.status,
    'CANCELLED',
  );
  const rejected = await stage.api.expect('PATCH', `/api/declaration_requests/${again.body.data.id}/actions/reject`, {
    ...as(first),
    body: {},
  });
  assert.equal(rejected.body.data.status, 'REJECTED');
  assert.match(rejected.body.data.seed, /^\\x[0-9a-f]{64}$/);
});

test('the list of requests is in short: names of the patient, the division as it is now; nothing of other clinics', async () => {
  const person = someone(withPhone);
  await provePhone(stage, first, phoneOf(person)!);
  const { id, division } = (await createRequest(stage, first, person)).body.data;
  const list = (clinic: Clinic, query = '') =>
    stage.api.expect('GET', `/api/declaration_requests?page_size=10${query}`, as(clinic));
  const { data, paging, meta } = (await list(first, '&status=NEW')).body;
  assert.deepEqual(
    await namesRead(meta.request_id),
    data.map((one: { id: string }) => one.id),
  );
  const short = data.find((one: { id: string }) => one.id === id);
  assert.deepEqual(short.person, namesOf(person));
  assert.deepEqual(short.division, { id: division.id, name: division.name, type: division.type, status: 'ACTIVE' });
  assert.deepEqual(Object.keys(short.legal_entity).sort(), ['edrpou', 'id', 'legal_form', 'name', 'short_name']);
  assert.equal(paging.page_size, 10);
  assert.ok(!JSON.stringify((await list(second)).body).includes(id));
  const foreign = await list(second, `&legal_entity_id=${first.legal_entity_id}`);
  assert.deepEqual(foreign.body.data, []);
});

/** Requests whose patients' names an answer gave away, as the audit has it. */
async function namesRead(request_id: string): Promise<unknown[]> {
  const rows = await stage.query(
    'platform',
    `select resource_id from il.read_audit audit join il.declaration_requests request on request.id = audit.resource_id
     where request_id = $1 and purpose = 'declaration_request_list' order by request.inserted_at desc, request.id`,
    [request_id],
  );
  return rows.map((row) => row['resource_id']);
}

function namesOf({ first_name, last_name, second_name }: DeclarationPerson) {
  return { first_name, last_name, ...(second_name === undefined ? {} : { second_name }) };
}

test('a patient is found by what is known, and by nothing less; the payer resets a lost telephone', async () => {
  const person = someone(withPhone);
  const { person_id } = (await declare(stage, first, person)).body.data;
  const { first_name, last_name, birth_date } = person;
  const search = (query: Record<string, string>) =>
    stage.api.call('GET', `/api/persons?${new URLSearchParams(query)}`, as(second));
  const found = await search({ first_name, last_name, birth_date });
  assert.deepEqual(
    found.body.data.map((one: { id: string }) => one.id),
    [person_id],
  );
  assert.deepEqual(Object.keys(found.body.data[0]).sort(), [
    'birth_country',
    'birth_date',
    'birth_settlement',
    'first_name',
    'id',
    'last_name',
    'merged_ids',
  ]);
  const unknown = await search({ first_name, last_name, birth_date: '1900-01-01' });
  assert.deepEqual(unknown.body.data, []);
  assert.equal((await search({ first_name, last_name })).status, 422);
  const path = `/api/persons/${person_id}/actions/reset_authentication_method`;
  assert.equal((await stage.api.call('PATCH', path, { ...as(first), body: {} })).status, 403);
  const officer = { token: await signInOfficer(stage) };
  assert.deepEqual((await stage.api.expect('PATCH', path, officer)).body.data.authentication_methods, [{ type: 'NA' }]);
  await provePhone(stage, second, phoneOf(person)!);
  const next = await createRequest(stage, second, person);
  assert.equal(next.body.urgent.authentication_method_current.type, 'NA');
});

test('vendors poll what changed', async () => {
  const mis = { token: await signInVendor(stage) };
  const events = await stage.api.expect(
    'GET',
    '/api/events?entity_type=Declaration&new_value=active&page_size=100',
    mis,
  );
  assert.ok(events.body.data.length >= 3);
  assert.equal((await stage.api.call('GET', '/api/events', as(first))).status, 403);
});

test('no row of the platform and none of Operations holds a patient’s number, telephone or paper', async () => {
  const secrets = [...used].flatMap(({ tax_id, documents, phones = [], authentication_methods }) => [
    ...(tax_id === undefined ? [] : [tax_id]),
    ...documents.map(({ number }) => number),
    ...phones.map(({ number }) => number),
    ...authentication_methods.flatMap((method) => (method.type === 'OTP' ? [method.phone_number] : [])),
  ]);
  assert.ok(secrets.length > 20);
  for (const [database, schemas] of [
    ['platform', ['il', 'mcs', 'gateway', 'auth', 'graphile_worker']],
    ['ops', ['ops', 'graphile_worker']],
    ['reports', ['reports']],
  ] as const) {
    const tables = await stage.query(
      database,
      "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname = any($1)",
      [schemas],
    );
    assert.ok(tables.length > 0, database);
    for (const { name } of tables) {
      const rows = await stage.query(database, `select t::text as row from ${name} t`);
      const text = rows.map((one) => one['row']).join('\n');
      assert.deepEqual(
        secrets.filter((secret) => text.includes(secret)),
        [],
        `${database} ${name}`,
      );
    }
  }
});

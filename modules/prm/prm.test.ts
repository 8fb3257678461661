import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type GeneratedClinic, generateCountry } from '@zdravo/country-ua';
import { settableClock } from '@zdravo/kit/clock';
import { createTestDatabase, type TestDatabase, testLogger } from '@zdravo/kit/testing';
import pg from 'pg';
import {
  createPrm,
  type Division,
  type Employee,
  type LegalEntity,
  migrations,
  type Prm,
  type Professional,
} from './index.ts';

let database: TestDatabase;
let prm: Prm;
let superuser: pg.Client;
const actor_id = randomUUID();
const within = { context: { request_id: 'prm-test-request' }, actor_id };
const clinics = [...generateCountry({ seed: 5, persons: 5 * 4096 }).clinics()];

before(async () => {
  database = await createTestDatabase('prm', { migrations: [migrations] });
  prm = createPrm({
    database_url: database.url,
    clock: settableClock('2026-11-27T10:00:00Z', 'Europe/Kyiv'),
    log: testLogger('prm'),
  });
  superuser = new pg.Client({ connectionString: database.url });
  await superuser.connect();
});
after(async () => {
  await prm?.close();
  await superuser?.end();
  await database?.drop();
});

function entityOf({ legal_entity }: GeneratedClinic, id = randomUUID()) {
  const { id: _id, medical_service_provider, ...rest } = legal_entity;
  return {
    ...rest,
    id,
    medical_service_provider,
  };
}

async function clinicWithDivision(clinic: GeneratedClinic) {
  const { legal_entity } = await prm.putLegalEntity(entityOf(clinic), within);
  const { settlement_id: _s, id: _id, ...place } = clinic.divisions[0]!;
  const division = await prm.createDivision(
    { ...place, id: randomUUID(), legal_entity_id: legal_entity.id, location: { longitude: 30.5, latitude: 50.45 } },
    within,
  );
  return { legal_entity, division };
}

function employmentOf(
  clinic: GeneratedClinic,
  type: 'OWNER' | 'DOCTOR',
  legal_entity_id: string,
  division_id?: string,
) {
  const employee = clinic.employees.find((one) => one.employee_type === type)!;
  return {
    id: randomUUID(),
    legal_entity_id,
    division_id: division_id ?? null,
    employee_type: type,
    position: employee.position,
    start_date: employee.start_date,
    party: { ...employee.party, id: randomUUID() },
    doctor: employee.doctor ? ({ science_degree: null, ...employee.doctor } as Professional) : null,
    user_id: randomUUID(),
  };
}

/** What a declaration shows of its clinic is what each register says; a part that is not there is null. */
async function assertClinicSide(parts: { employee: Employee; division: Division; legal_entity: LegalEntity }) {
  const { employee, division, legal_entity } = parts;
  const ids = { employee_id: employee.id, division_id: division.id, legal_entity_id: legal_entity.id };
  const side = await prm.findClinicSide(ids);
  assert.partialDeepStrictEqual(parts, side);
  assert.equal(side.employee?.party.last_name, employee.party.last_name);
  assert.equal(side.legal_entity?.edrpou, legal_entity.edrpou);
  const nobody = { ...ids, employee_id: randomUUID(), legal_entity_id: randomUUID() };
  assert.deepEqual(await prm.findClinicSide(nobody), { ...side, employee: null, legal_entity: null });
}

test('64 registrations of one code at once make one legal entity, with its child row', async () => {
  const clinic = clinics[0]!;
  const answers = await Promise.all(
    Array.from({ length: 64 }, () => prm.putLegalEntity(entityOf(clinic, randomUUID()), within)),
  );
  assert.equal(new Set(answers.map((one) => one.legal_entity.id)).size, 1);
  assert.equal(answers.filter((one) => one.created).length, 1);
  const found = await prm.findLegalEntity(answers[0]!.legal_entity.id);
  assert.deepEqual(found?.medical_service_provider?.licenses, clinic.legal_entity.medical_service_provider.licenses);
  assert.equal(found?.mis_verified, 'NOT_VERIFIED');
});

test('verification happens once, closing is for good, and the history tells when', async () => {
  const { legal_entity } = await prm.putLegalEntity(entityOf(clinics[1]!), within);
  assert.equal((await prm.verifyLegalEntity(legal_entity.id, 'nhs', within)).nhs_verified, true);
  await assert.rejects(prm.verifyLegalEntity(legal_entity.id, 'nhs', within), /is VERIFIED and cannot be VERIFIED/);
  await prm.closeLegalEntity(legal_entity.id, within);
  await assert.rejects(prm.closeLegalEntity(legal_entity.id, within), /not ACTIVE and cannot be updated/);
  for (const by of ['mis', 'nhs'] as const)
    await assert.rejects(prm.verifyLegalEntity(legal_entity.id, by, within), {
      status: 409,
      code: 'legal_entity_not_active',
    });
  assert.equal((await prm.findLegalEntity(legal_entity.id))?.mis_verified, 'NOT_VERIFIED');
  await assert.rejects(prm.putLegalEntity(entityOf(clinics[1]!), within), /LegalEntity can't be updated/);
  const { rows } = await superuser.query(
    'select status, is_active from prm.status_history where resource_id = $1 order by position',
    [legal_entity.id],
  );
  assert.deepEqual(rows, [
    { status: 'ACTIVE', is_active: true },
    { status: 'CLOSED', is_active: false },
  ]);
});

test('an employment carries its party and its block; a second owner replaces the first; dismissal ends it', async () => {
  const clinic = clinics[2]!;
  const { legal_entity, division } = await clinicWithDivision(clinic);
  assert.deepEqual(division.location, { longitude: 30.5, latitude: 50.45 });
  const doctor_input = employmentOf(clinic, 'DOCTOR', legal_entity.id, division.id);
  const { employee } = await prm.putEmployment(doctor_input, within);
  assert.equal(employee.party.tax_id, doctor_input.party.tax_id);
  assert.deepEqual(employee.doctor?.specialities, doctor_input.doctor?.specialities);
  assert.equal(
    employee.speciality,
    doctor_input.doctor?.specialities.find((one) => one.speciality_officio)?.speciality,
  );
  assert.equal((await prm.findPartyOfUser(doctor_input.user_id))?.id, employee.party_id);
  const asked = { user_id: doctor_input.user_id, employee_id: employee.id };
  const standing = { party_id: employee.party_id, status: 'APPROVED', is_active: true };
  assert.deepEqual(await prm.findStanding(asked), standing);
  assert.deepEqual(await prm.findStanding({ ...asked, user_id: randomUUID() }), { ...standing, party_id: null });
  const unknown = { ...standing, status: null, is_active: null };
  assert.deepEqual(await prm.findStanding({ ...asked, employee_id: randomUUID() }), unknown);
  await assertClinicSide({ employee, division, legal_entity });

  const first = await prm.putEmployment(employmentOf(clinic, 'OWNER', legal_entity.id), within);
  const other = { ...employmentOf(clinics[3]!, 'OWNER', legal_entity.id) };
  const second = await prm.putEmployment(other, within);
  assert.deepEqual(
    second.replaced_owners.map((one) => one.id),
    [first.employee.id],
  );
  const stranger = {
    ...employmentOf(clinics[3]!, 'DOCTOR', legal_entity.id, division.id),
    user_id: doctor_input.user_id,
  };
  await assert.rejects(prm.putEmployment(stranger, within), /Email is already used by another person/);

  const dismissed = await prm.dismissEmployee(employee.id, 'auto', within);
  assert.deepEqual(
    [
      dismissed.employee.status,
      dismissed.employee.is_active,
      dismissed.employee.end_date,
      dismissed.has_other_employment,
    ],
    ['DISMISSED', false, '2026-11-27', false],
  );
  await assert.rejects(prm.dismissEmployee(employee.id, 'auto', within), /DEACTIVATED/);
  await assert.rejects(
    prm.putEmployment({ ...doctor_input, employee_id: employee.id }, within),
    /employee is dismissed/,
  );
});

test('whoever accepts while the legal entity closes is employed before, and dismissed with the others, or not at all', async () => {
  const { legal_entity, division } = await clinicWithDivision(clinics[4]!);
  const invited = Array.from({ length: 8 }, () => {
    const input = employmentOf(clinics[4]!, 'DOCTOR', legal_entity.id, division.id);
    return { ...input, user_id: randomUUID(), party: { ...input.party, tax_id: String(randomInt(1e9, 1e10)) } };
  });
  const closing = prm.closeLegalEntity(legal_entity.id, within);
  const accepted = await Promise.allSettled(invited.map((input) => prm.putEmployment(input, within)));
  await closing;
  const { rows } = await superuser.query('select count(*)::int as n from prm.employees where legal_entity_id = $1', [
    legal_entity.id,
  ]);
  assert.equal(rows[0].n, accepted.filter(({ status }) => status === 'fulfilled').length);
  await assert.rejects(prm.putEmployment(invited[0]!, within), { status: 409, code: 'legal_entity_not_active' });
});

test('a place of another legal entity is refused by the constraint; lists filter and page', async () => {
  const one = await clinicWithDivision(clinics[0]!);
  const other = await clinicWithDivision(clinics[3]!);
  const misplaced = employmentOf(clinics[0]!, 'DOCTOR', one.legal_entity.id, other.division.id);
  await assert.rejects(prm.putEmployment(misplaced, within), { code: '23503' });
  const page = await prm.listDivisions({ legal_entity_id: one.legal_entity.id, page_size: 1 });
  assert.deepEqual([page.data.length, page.paging.page_size], [1, 1]);
  assert.equal((await prm.listDivisions({ ids: [other.division.id] })).data[0]?.id, other.division.id);
  const edrpou = one.legal_entity.edrpou;
  assert.equal((await prm.listLegalEntities({ edrpou })).paging.total_entries, 1);
  assert.equal((await prm.listEmployees({ edrpou, employee_type: 'DOCTOR' })).paging.total_entries, 0);
});

test('the black list bars a tax number once and lets it in again', async () => {
  const barred = await prm.addToBlackList({ id: randomUUID(), tax_id: '3126509816' }, within);
  await assert.rejects(
    prm.addToBlackList({ id: randomUUID(), tax_id: '3126509816' }, within),
    /already in a black list/,
  );
  assert.equal(await prm.isBlackListed('3126509816'), true);
  await prm.removeFromBlackList(barred.id, within);
  await assert.rejects(prm.removeFromBlackList(barred.id, within), /not in a black list/);
  assert.equal(await prm.isBlackListed('3126509816'), false);
});

test('the running role may not delete, may not write history, and reports get no tax number', async () => {
  await superuser.query('set role zdravo_prm');
  for (const statement of [
    'delete from prm.employees',
    "insert into prm.status_history (resource, resource_id, status, is_active) values ('employee', gen_random_uuid(), 'x', true)",
    'update prm.party_users set party_id = party_id',
  ])
    await assert.rejects(superuser.query(statement), { code: '42501' });
  await superuser.query('reset role');
  const { rows } = await superuser.query<{ attnames: string[] }>(
    "select attnames::text[] from pg_publication_tables where pubname = 'prm_partners'",
  );
  const published = rows.flatMap((row) => row.attnames);
  assert.ok(!published.some((name) => ['tax_id', 'documents', 'birth_date'].includes(name)));
});

test('a contract is stored once, replaced by its id, and names only the contractor’s own doctors and places', async () => {
  const { legal_entity, division } = await clinicWithDivision(clinics[3]!);
  const doctor = employmentOf(clinics[3]!, 'DOCTOR', legal_entity.id, division.id);
  await prm.putEmployment(doctor, within);
  const employee = { employee_id: doctor.id, division_id: division.id, staff_units: 0.5, declaration_limit: 900 };
  const contract = {
    id: randomUUID(),
    contract_number: '0000-AB12-CD34',
    contractor_legal_entity_id: legal_entity.id,
    start_date: '2026-01-01',
    end_date: '2026-12-31',
    contract_employees: [{ ...employee, start_date: '2026-01-01' }],
  };
  await prm.putContract(contract, within);
  await prm.putContract({ ...contract, terminated_on: '2026-07-01' }, within);
  const { rows } = await superuser.query(
    `select c.terminated_on::text, w.declaration_limit from prm.contracts c join prm.contract_employees w on w.contract_id = c.id`,
  );
  assert.deepEqual(rows, [{ terminated_on: '2026-07-01', declaration_limit: 900 }]);
  const next = { ...contract, id: randomUUID(), contract_number: '0000-AB12-CD35', start_date: '2026-07-01' };
  const refused: [changes: object, code: string | object][] = [
    [{ start_date: '2026-06-30' }, { code: 'validation_failed' }],
    [{ contract_number: contract.contract_number }, { code: 'contract_number_taken' }],
    [{ id: contract.id }, { code: 'contract_identity' }],
    [
      { contract_employees: [{ ...employee, start_date: '2026-07-01', employee_id: randomUUID() }] },
      { code: 'validation_failed' },
    ],
    [
      { contract_employees: [{ ...employee, start_date: '2026-07-01', division_id: randomUUID() }] },
      { code: 'validation_failed' },
    ],
    [
      { contract_employees: [...contract.contract_employees, ...contract.contract_employees] },
      { code: 'validation_failed' },
    ],
  ];
  const unknown = { contractor_legal_entity_id: randomUUID(), contract_employees: [] };
  for (const changes of [
    unknown,
    { end_date: '2026-06-30' },
    { terminated_on: '2026-06-30' },
    { suspended_until: '2026-08-01' },
    { suspended_from: '2026-08-02', suspended_until: '2026-08-01' },
    { contract_employees: [{ ...employee, start_date: '2026-07-01', end_date: '2026-06-01' }] },
  ])
    refused.push([changes, { code: 'validation_failed' }]);
  for (const [changes, error] of refused)
    await assert.rejects(prm.putContract({ ...next, ...changes }, within), error as object, JSON.stringify(changes));
  await Promise.allSettled(
    ['0000-AB12-CD36', '0000-AB12-CD37'].map((contract_number) =>
      prm.putContract({ ...next, id: randomUUID(), contract_number }, within),
    ),
  );
  const { rows: after_race } = await superuser.query('select count(*)::int as n from prm.contracts');
  assert.equal(after_race[0].n, 2, 'of two that would hold at once one is stored');
  const filter = { contractor_legal_entity_id: legal_entity.id, limit: 10, offset: 0 };
  assert.equal((await prm.listContracts(filter)).total, 2);
  const { rows: of_june } = await prm.listContracts({ ...filter, date: '2026-06-30' });
  assert.deepEqual(
    of_june.map(({ id }) => id),
    [contract.id],
  );
  const { rows: of_july } = await prm.listContracts({ ...filter, date: '2026-07-01' });
  const [second] = of_july;
  assert.ok(of_july.length === 1 && second!.id !== contract.id);
  await assert.rejects(prm.terminateContract(contract.id, '2026-08-01', within), { code: 'contract_terminated' });
  await assert.rejects(prm.terminateContract(randomUUID(), '2026-08-01', within), { code: 'contract_not_found' });
  await assert.rejects(prm.terminateContract(second!.id, '2027-08-01', within), { code: 'validation_failed' });
  await prm.terminateContract(second!.id, '2026-08-01', within);
  const ended = (await prm.findContract(second!.id))!;
  assert.deepEqual([ended.terminated_on, ended.contract_employees[0]!.staff_units], ['2026-08-01', 0.5]);
});

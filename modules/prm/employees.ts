import { conflict, notFound } from '@zdravo/kit/problem';
import { json, type PrmDeps, type PrmTransaction, type Within, write } from './deps.ts';
import { linkUser, type PartyInput, putParty } from './parties.ts';
import { findEmployee, getEmployee } from './read-employees.ts';
import type { Employee, Professional } from './records.ts';

/** An employment as its request describes it and the person has accepted it (domain.md §3.2). */
export type EmploymentInput = {
  /** Taken for a new employment only. */
  id: string;
  /** An employment that is to be brought up to date. */
  employee_id?: string | null;
  legal_entity_id: string;
  division_id?: string | null;
  employee_type: string;
  position: string;
  start_date: string;
  end_date?: string | null;
  party: PartyInput;
  doctor?: Professional | null;
  pharmacist?: Professional | null;
  /** The user who accepted. */
  user_id: string;
};

const owner_types = new Set(['OWNER', 'PHARMACY_OWNER']);

/**
 * Makes an employment, or brings one up to date, with the party and the link of its user. A new owner takes the place of
 * the former ones, who become inactive.
 * @throws Problem 404 for an employment that is gone, 409 for one that is dismissed, a user of another party, or an employer that
 * was closed since it invited.
 */
export function putEmployment(
  deps: PrmDeps,
  input: EmploymentInput,
  within: Within,
): Promise<{ employee: Employee; replaced_owners: Employee[] }> {
  const id = input.employee_id ?? input.id;
  const entry = { action: 'put_employment', resource: 'employee', resource_id: id };
  return write(deps, within, entry, async (transaction) => {
    await lockEmployer(transaction, input.legal_entity_id);
    const party_id = await putParty(transaction, deps, input.party, within.actor_id);
    await linkUser(transaction, input.user_id, party_id);
    const replaced_owners = owner_types.has(input.employee_type)
      ? await replaceOwners(transaction, deps, { ...input, id }, within)
      : [];
    if (input.employee_id) await updateEmployment(transaction, deps, { ...input, id }, within);
    else await insertEmployment(transaction, { ...input, id }, party_id, within);
    await putProfessionals(transaction, id, input);
    return { employee: await getEmployee(transaction, id), replaced_owners };
  });
}

/** Closing and acceptance, and two owners who accept at once, take turns: nobody is employed where everybody was dismissed. */
async function lockEmployer(transaction: PrmTransaction, legal_entity_id: string): Promise<void> {
  const employer = await transaction
    .selectFrom('prm.legal_entities')
    .select('is_active')
    .where('id', '=', legal_entity_id)
    .forUpdate()
    .executeTakeFirst();
  if (!employer?.is_active) throw conflict('Legal entity is not active', 'legal_entity_not_active');
}

async function insertEmployment(
  transaction: PrmTransaction,
  input: EmploymentInput,
  party_id: string,
  within: Within,
): Promise<void> {
  await transaction
    .insertInto('prm.employees')
    .values({
      ...columnsOf(input),
      id: input.id,
      party_id,
      legal_entity_id: input.legal_entity_id,
      employee_type: input.employee_type,
      start_date: input.start_date,
      status: 'APPROVED',
      inserted_by: within.actor_id,
      updated_by: within.actor_id,
    })
    .execute();
}

async function updateEmployment(
  transaction: PrmTransaction,
  deps: PrmDeps,
  input: EmploymentInput,
  within: Within,
): Promise<void> {
  const current = await lockEmployee(transaction, input.id);
  if (current.status === 'DISMISSED') throw conflict('employee is dismissed', 'employee_dismissed');
  await transaction
    .updateTable('prm.employees')
    .set({ ...columnsOf(input), ...stamp(deps, within) })
    .where('id', '=', input.id)
    .execute();
}

function columnsOf(input: EmploymentInput) {
  const specialities = (input.doctor ?? input.pharmacist)?.specialities ?? [];
  const main = specialities.find((one) => one.speciality_officio) ?? specialities[0];
  return {
    division_id: input.division_id ?? null,
    position: input.position,
    end_date: input.end_date ?? null,
    speciality: main?.speciality ?? null,
  };
}

async function putProfessionals(
  transaction: PrmTransaction,
  employee_id: string,
  input: EmploymentInput,
): Promise<void> {
  if (input.doctor) {
    await transaction
      .insertInto('prm.employee_doctors')
      .values({ employee_id, ...blockOf(input.doctor) })
      .onConflict((one) => one.column('employee_id').doUpdateSet(blockOf(input.doctor!)))
      .execute();
  }
  if (input.pharmacist) {
    await transaction
      .insertInto('prm.employee_pharmacists')
      .values({ employee_id, ...blockOf(input.pharmacist) })
      .onConflict((one) => one.column('employee_id').doUpdateSet(blockOf(input.pharmacist!)))
      .execute();
  }
}

function blockOf(block: Professional) {
  return {
    educations: json(block.educations),
    qualifications: block.qualifications && json(block.qualifications),
    specialities: json(block.specialities),
    science_degree: block.science_degree && json(block.science_degree),
  };
}

/** The other owners of the legal entity become inactive; the unique index then has room for the new one. */
async function replaceOwners(
  transaction: PrmTransaction,
  deps: PrmDeps,
  input: EmploymentInput,
  within: Within,
): Promise<Employee[]> {
  const rows = await transaction
    .updateTable('prm.employees')
    .set({ is_active: false, ...stamp(deps, within) })
    .where('legal_entity_id', '=', input.legal_entity_id)
    .where('employee_type', '=', input.employee_type)
    .where('is_active', '=', true)
    .where('id', '<>', input.id)
    .returning('id')
    .execute();
  return Promise.all(rows.map((row) => getEmployee(transaction, row.id)));
}

/**
 * APPROVED → DISMISSED as of today.
 * @returns the employee, and whether the party has another active employment of that type in the legal entity.
 * @throws Problem 409 when the employment is not active.
 */
export function dismissEmployee(
  deps: PrmDeps,
  id: string,
  status_reason: string | null,
  within: Within,
): Promise<{ employee: Employee; has_other_employment: boolean }> {
  const entry = { action: 'dismiss_employee', resource: 'employee', resource_id: id };
  return write(deps, within, entry, async (transaction) => {
    const current = await lockEmployee(transaction, id);
    if (current.status !== 'APPROVED' || !current.is_active)
      throw conflict('Employee is DEACTIVATED and cannot be updated.', 'employee_not_active');
    await transaction
      .updateTable('prm.employees')
      .set({
        status: 'DISMISSED',
        is_active: false,
        status_reason,
        end_date: deps.clock.today(),
        ...stamp(deps, within),
      })
      .where('id', '=', id)
      .execute();
    const other = await transaction
      .selectFrom('prm.employees')
      .select('id')
      .where('party_id', '=', current.party_id)
      .where('legal_entity_id', '=', current.legal_entity_id)
      .where('employee_type', '=', current.employee_type)
      .where('is_active', '=', true)
      .executeTakeFirst();
    return { employee: (await findEmployee(transaction, id))!, has_other_employment: other !== undefined };
  });
}

async function lockEmployee(transaction: PrmTransaction, id: string) {
  const row = await transaction
    .selectFrom('prm.employees')
    .select(['status', 'is_active', 'party_id', 'legal_entity_id', 'employee_type'])
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (!row) throw notFound();
  return row;
}

function stamp(deps: PrmDeps, within: Within) {
  return { updated_by: within.actor_id, updated_at: deps.clock.now().toISOString() };
}

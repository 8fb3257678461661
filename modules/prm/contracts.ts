import { randomUUID } from 'node:crypto';
import { isUniqueViolation } from '@zdravo/kit/db';
import { conflict, invalidField, notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import { type PrmDeps, type PrmTransaction, type Within, write } from './deps.ts';

/** A doctor of a contract at one place: paid for at most `declaration_limit` patients. Dates are civil days. */
export type ContractEmployee = {
  employee_id: string;
  division_id: string;
  staff_units: number;
  declaration_limit: number;
  start_date: string;
  end_date?: string | null;
};

/** A capitation contract (domain.md §3.10) as far as money depends on it. */
export type Contract = {
  id: string;
  /** `0000-XXXX-XXXX` */
  contract_number: string;
  contractor_legal_entity_id: string;
  start_date: string;
  end_date: string;
  /** The first day on which it no longer holds. */
  terminated_on?: string | null;
  suspended_from?: string | null;
  /** The last suspended day; open unless given. */
  suspended_until?: string | null;
  contract_employees: ContractEmployee[];
};

/**
 * Ends a contract: from that day on it pays nothing.
 * @throws Problem 404; 409 when it was ended before; 422 for a day outside its term.
 */
export async function terminateContract(deps: PrmDeps, id: string, terminated_on: string, within: Within) {
  const entry = { action: 'terminate_contract', resource: 'contract', resource_id: id };
  await write(deps, within, entry, async (transaction) => {
    const known = await transaction
      .selectFrom('prm.contracts')
      .select(['start_date', 'end_date', 'terminated_on'])
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    if (!known) throw notFound('There is no such contract.', 'contract_not_found');
    if (known.terminated_on) throw conflict('This contract has been terminated.', 'contract_terminated');
    if (terminated_on < known.start_date || terminated_on > known.end_date)
      throw invalidField('$.terminated_on', 'a day of the contract’s term expected', 'term');
    await transaction
      .updateTable('prm.contracts')
      .set({ terminated_on, updated_by: within.actor_id, updated_at: deps.clock.now().toISOString() })
      .where('id', '=', id)
      .execute();
  });
}

/**
 * Stores a contract as the payer's contract system has it now; repeated with the same id it replaces dates and doctors.
 * @throws Problem 422 for dates that turn, a contractor that is not known, a doctor or a place that is not the contractor's, or
 * two contracts at once; 409 for a number or a contractor that the id does not belong to.
 */
export async function putContract(deps: PrmDeps, contract: Contract, within: Within): Promise<void> {
  refuseTurnedDates(contract);
  const entry = { action: 'put_contract', resource: 'contract', resource_id: contract.id };
  try {
    await write(deps, within, entry, async (transaction) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${contract.contractor_legal_entity_id}, 60))`.execute(
        transaction,
      );
      await refuseStrangers(transaction, contract);
      await refuseSecondContract(transaction, contract);
      await writeContract(transaction, contract, within.actor_id);
      await writeEmployees(transaction, contract);
    });
  } catch (error) {
    if (isUniqueViolation(error, 'contracts_number'))
      throw conflict('Another contract has this number.', 'contract_number_taken');
    if (isUniqueViolation(error, 'contract_employees_once'))
      throw invalidField('$.contract_employees', 'a doctor stands there twice for one place', 'unique');
    throw error;
  }
}

function refuseTurnedDates(contract: Contract): void {
  const { start_date, end_date, terminated_on, suspended_from, suspended_until } = contract;
  if (end_date < start_date) throw invalidField('$.end_date', 'must not be before start_date', 'turned');
  if (terminated_on && terminated_on < start_date)
    throw invalidField('$.terminated_on', 'must not be before start_date', 'turned');
  if (suspended_until && !suspended_from)
    throw invalidField('$.suspended_from', 'a suspension that ends must begin', 'required');
  if (suspended_from && suspended_until && suspended_until < suspended_from)
    throw invalidField('$.suspended_until', 'must not be before suspended_from', 'turned');
  for (const [i, employee] of contract.contract_employees.entries())
    if (employee.end_date && employee.end_date < employee.start_date)
      throw invalidField(`$.contract_employees[${i}].end_date`, 'must not be before start_date', 'turned');
}

/** The contractor is known; doctors and places are its own. */
async function refuseStrangers(transaction: PrmTransaction, contract: Contract): Promise<void> {
  const entity = contract.contractor_legal_entity_id;
  const contractor = await transaction
    .selectFrom('prm.legal_entities')
    .select('id')
    .where('id', '=', entity)
    .executeTakeFirst();
  if (!contractor) throw invalidField('$.contractor_legal_entity_id', 'a known legal entity expected', 'exists');
  for (const [i, { employee_id, division_id }] of contract.contract_employees.entries()) {
    const { rows } = await sql<{ employee: boolean; division: boolean }>`
      select exists (select from prm.employees where id = ${employee_id} and legal_entity_id = ${entity}) as employee,
        exists (select from prm.divisions where id = ${division_id} and legal_entity_id = ${entity}) as division`.execute(
      transaction,
    );
    const place = `$.contract_employees[${i}]`;
    if (!rows[0]!.employee)
      throw invalidField(`${place}.employee_id`, 'an employee of the contractor expected', 'owned');
    if (!rows[0]!.division)
      throw invalidField(`${place}.division_id`, 'a division of the contractor expected', 'owned');
  }
}

/** A month is paid by one contract: of one contractor no two hold at once. Under the contractor's lock. */
async function refuseSecondContract(transaction: PrmTransaction, contract: Contract): Promise<void> {
  const last = lastDay(contract);
  const { rows } = await sql<{ contract_number: string }>`
    select contract_number from prm.contracts
    where contractor_legal_entity_id = ${contract.contractor_legal_entity_id} and id <> ${contract.id}
      and start_date <= ${last}::date
      and least(end_date, coalesce(terminated_on - 1, end_date)) >= ${contract.start_date}::date limit 1`.execute(
    transaction,
  );
  if (rows[0])
    throw invalidField('$.start_date', `contract ${rows[0].contract_number} of this contractor holds then`, 'overlap');
}

function lastDay({ end_date, terminated_on }: Contract): string {
  if (!terminated_on || terminated_on > end_date) return end_date;
  const day = new Date(`${terminated_on}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - 1);
  return day.toISOString().slice(0, 10);
}

async function writeContract(transaction: PrmTransaction, contract: Contract, actor_id: string): Promise<void> {
  const { contract_employees: _, id, contract_number, contractor_legal_entity_id, ...dates } = contract;
  const { terminated_on = null, suspended_from = null, suspended_until = null, start_date, end_date } = dates;
  const { rows } = await sql`
    insert into prm.contracts (id, contract_number, contractor_legal_entity_id, start_date, end_date, terminated_on,
      suspended_from, suspended_until, inserted_by, updated_by)
    values (${id}, ${contract_number}, ${contractor_legal_entity_id}, ${start_date}, ${end_date}, ${terminated_on},
      ${suspended_from}, ${suspended_until}, ${actor_id}, ${actor_id})
    on conflict (id) do update set start_date = excluded.start_date, end_date = excluded.end_date,
      terminated_on = excluded.terminated_on, suspended_from = excluded.suspended_from,
      suspended_until = excluded.suspended_until, updated_by = excluded.updated_by, updated_at = now()
    where contracts.contract_number = excluded.contract_number
      and contracts.contractor_legal_entity_id = excluded.contractor_legal_entity_id
    returning id`.execute(transaction);
  if (rows.length === 0)
    throw conflict('The contract with this id has another number or contractor.', 'contract_identity');
}

async function writeEmployees(transaction: PrmTransaction, { id, contract_employees }: Contract): Promise<void> {
  await transaction.deleteFrom('prm.contract_employees').where('contract_id', '=', id).execute();
  if (contract_employees.length === 0) return;
  const rows = contract_employees.map(({ end_date = null, staff_units, ...employee }) => ({
    id: randomUUID(),
    contract_id: id,
    ...employee,
    staff_units: String(staff_units),
    end_date,
  }));
  await transaction.insertInto('prm.contract_employees').values(rows).execute();
}

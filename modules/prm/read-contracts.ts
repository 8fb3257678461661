import { type Kysely, sql } from 'kysely';
import type { ContractEmployee } from './contracts.ts';
import { equalities } from './pages.ts';
import type { Tables } from './tables.ts';

export type ContractRecord = {
  id: string;
  contract_number: string;
  contractor_legal_entity_id: string;
  start_date: string;
  end_date: string;
  terminated_on: string | null;
  suspended_from: string | null;
  suspended_until: string | null;
  updated_by: string;
  updated_at: string;
};
export type WholeContract = ContractRecord & { contract_employees: (ContractEmployee & { end_date: string | null })[] };

export type ContractFilter = {
  contract_number?: string;
  contractor_legal_entity_id?: string;
  /** A day that their term must have. */
  date?: string;
  limit: number;
  offset: number;
};

const columns =
  sql.raw(`c.id, c.contract_number, c.contractor_legal_entity_id, c.start_date, c.end_date, c.terminated_on,
  c.suspended_from, c.suspended_until, c.updated_by, c.updated_at`);

export async function listContracts(
  db: Kysely<Tables>,
  filter: ContractFilter,
): Promise<{ rows: ContractRecord[]; total: number }> {
  const { date, limit, offset } = filter;
  const on_date =
    date === undefined
      ? sql``
      : sql` and c.start_date <= ${date}::date and least(c.end_date, coalesce(c.terminated_on - 1, c.end_date)) >= ${date}::date`;
  const from = sql`from prm.contracts c
    where ${equalities('c', ['contract_number', 'contractor_legal_entity_id'], filter)}${on_date}`;
  const counted = await sql<{ total: number }>`select count(*) as total ${from}`.execute(db);
  const { rows } = await sql<ContractRecord>`
    select ${columns} ${from} order by c.start_date desc, c.id limit ${limit} offset ${offset}`.execute(db);
  return { rows, total: counted.rows[0]!.total };
}

export async function findContract(db: Kysely<Tables>, id: string): Promise<WholeContract | undefined> {
  const { rows } = await sql<ContractRecord>`select ${columns} from prm.contracts c where c.id = ${id}`.execute(db);
  if (!rows[0]) return undefined;
  const employees = await db
    .selectFrom('prm.contract_employees')
    .select(['employee_id', 'division_id', 'staff_units', 'declaration_limit', 'start_date', 'end_date'])
    .where('contract_id', '=', id)
    .orderBy('start_date')
    .orderBy('employee_id')
    .orderBy('division_id')
    .execute();
  const contract_employees = employees.map((one) => ({ ...one, staff_units: Number(one.staff_units) }));
  return { ...rows[0], contract_employees };
}

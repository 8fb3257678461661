import type { Paging } from '@zdravo/kit/contract';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import { equalities } from './pages.ts';
import type { Employee } from './records.ts';
import type { Tables } from './tables.ts';

export async function findEmployee(db: Kysely<Tables>, id: string): Promise<Employee | undefined> {
  const [row] = await select(db, sql<boolean>`employee.id = ${id}`, sql``);
  return row;
}

/** The same of many, by their ids. */
export async function findEmployees(db: Kysely<Tables>, ids: readonly string[]): Promise<Map<string, Employee>> {
  const found = await select(db, sql<boolean>`employee.id = any(${ids}::uuid[])`, sql``);
  return new Map(found.map((employee) => [employee.id, employee]));
}

/** Whose a user is, and how an employment stands: what a signature asks. */
export type Standing = { party_id: string | null; status: Employee['status'] | null; is_active: boolean | null };

/** The standings of many pairs `user/employee`, whether or not the two have to do with each other. */
export async function findStandings(db: Kysely<Tables>, pairs: readonly string[]): Promise<Map<string, Standing>> {
  const part = (at: 0 | 1) => pairs.map((pair) => pair.split('/')[at]);
  const { rows } = await sql<Standing & { user_id: string; employee_id: string }>`
    select asked.user_id, asked.employee_id, link.party_id, employee.status, employee.is_active
    from unnest(${part(0)}::uuid[], ${part(1)}::uuid[]) as asked (user_id, employee_id)
    left join prm.party_users link on link.user_id = asked.user_id
    left join prm.employees employee on employee.id = asked.employee_id`.execute(db);
  return new Map(rows.map(({ user_id, employee_id, ...standing }) => [`${user_id}/${employee_id}`, standing]));
}

/** @throws Problem 404. */
export async function getEmployee(db: Kysely<Tables>, id: string): Promise<Employee> {
  const found = await findEmployee(db, id);
  if (!found) throw notFound();
  return found;
}

/** Every employment of a party, in all legal entities. */
export function listEmployments(
  db: Kysely<Tables>,
  party_id: string,
  conditions: { employee_type?: string; is_active?: boolean; legal_entity_id?: string } = {},
): Promise<Employee[]> {
  const where = sql<boolean>`employee.party_id = ${party_id} and ${equalities('employee', filter_columns, conditions)}`;
  return select(db, where, sql`order by employee.inserted_at, employee.id`);
}

const filter_columns = ['id', 'party_id', 'legal_entity_id', 'division_id', 'status', 'employee_type', 'is_active'];

export type EmployeeFilter = {
  page?: number;
  page_size?: number;
  id?: string;
  no_tax_id?: boolean;
  tax_id?: string;
  party_id?: string;
  edrpou?: string;
  legal_entity_id?: string;
  division_id?: string;
  status?: string;
  employee_type?: string;
  is_active?: boolean;
};

/** The newest first. */
export async function listEmployees(
  db: Kysely<Tables>,
  { page, page_size, no_tax_id, tax_id, edrpou, ...conditions }: EmployeeFilter,
): Promise<{ data: Employee[]; paging: Paging }> {
  const wanted = pageOf({ page, page_size });
  const where = sql<boolean>`${equalities('employee', filter_columns, conditions)} and ${equalities('party', ['no_tax_id', 'tax_id'], { no_tax_id, tax_id })}
    and ${edrpou === undefined ? sql`true` : sql`employee.legal_entity_id in (select id from prm.legal_entities where edrpou = ${edrpou})`}`;
  const { rows } = await sql<{ total: number }>`select count(*) as total ${from} where ${where}`.execute(db);
  const order = sql`order by employee.inserted_at desc, employee.id limit ${wanted.limit} offset ${wanted.offset}`;
  return { data: await select(db, where, order), paging: pagingOf(wanted, rows[0]!.total) };
}

const from = sql`from prm.employees employee join prm.parties party on party.id = employee.party_id`;

/** By name, never `*`: a statement that names its columns can be prepared. */
const columns = sql.join(
  Object.keys({
    id: true,
    party_id: true,
    legal_entity_id: true,
    division_id: true,
    employee_type: true,
    position: true,
    start_date: true,
    end_date: true,
    status: true,
    status_reason: true,
    is_active: true,
    speciality: true,
    inserted_by: true,
    updated_by: true,
    inserted_at: true,
    updated_at: true,
  } satisfies Record<keyof Omit<Employee, 'party' | 'doctor' | 'pharmacist'>, true>).map((name) =>
    sql.ref(`employee.${name}`),
  ),
);

/** The party and the block of a doctor or pharmacist come as JSON with the row: one round trip. */
async function select(db: Kysely<Tables>, where: RawBuilder<boolean>, order: RawBuilder<unknown>): Promise<Employee[]> {
  const block = (table: string) =>
    sql`(select to_jsonb(${sql.ref(table)}) - 'employee_id' - 'employee_type' from ${sql.table(`prm.employee_${table}`)} ${sql.ref(table)}
      where ${sql.ref(table)}.employee_id = employee.id)`;
  const { rows } = await sql<Employee>`
    select ${columns}, to_jsonb(party) - '{inserted_by,updated_by,inserted_at,updated_at}'::text[] as party, ${block('doctors')} as doctor, ${block('pharmacists')} as pharmacist
    ${from} where ${where} ${order}`.execute(db);
  return rows;
}

import { type RawBuilder, sql } from 'kysely';
import type { IlDatabase } from '../deps.ts';

export type RequestParty = {
  first_name: string;
  last_name: string;
  second_name?: string;
  birth_date: string;
  gender: string;
  tax_id: string;
  no_tax_id?: boolean;
  email: string;
  documents: { type: string; number: string }[];
  phones: { type: string; number: string }[];
};

/** What is stored of a request: its body with the token's legal entity. */
export type EmployeeRequestData = {
  legal_entity_id: string;
  division_id?: string;
  employee_id?: string;
  position: string;
  start_date: string;
  end_date?: string;
  status: 'NEW';
  employee_type: string;
  party: RequestParty;
  doctor?: Record<string, unknown>;
  pharmacist?: Record<string, unknown>;
};

export type StoredRequest = {
  id: string;
  legal_entity_id: string;
  employee_id: string | null;
  email: string;
  status: string;
  data: EmployeeRequestData;
  user_alias: string;
  user_made_at: string | null;
  inserted_at: string;
  updated_at: string;
};

/** By its id, or by the alias that its invitation showed. */
export function findRequest(db: IlDatabase, id: string): Promise<StoredRequest | undefined> {
  return findWhere(db, sql`id = ${id} or user_alias = ${id}`);
}

/** The same, locked until the transaction ends. */
export function lockRequest(db: IlDatabase, id: string): Promise<StoredRequest | undefined> {
  return findWhere(db, sql`id = ${id} or user_alias = ${id}`, sql`for update`);
}

export function findRequestByInvite(db: IlDatabase, invite_sha256: Buffer): Promise<StoredRequest | undefined> {
  return findWhere(db, sql`invite_sha256 = ${invite_sha256}`);
}

async function findWhere(
  db: IlDatabase,
  condition: RawBuilder<unknown>,
  lock: RawBuilder<unknown> = sql``,
): Promise<StoredRequest | undefined> {
  const { rows } = await sql<StoredRequest>`
    select id, legal_entity_id, employee_id, email, status, data, user_alias, user_made_at, inserted_at, updated_at
    from il.employee_requests where ${condition} ${lock}`.execute(db);
  return rows[0];
}

/** As the API shows it. */
export function viewRequest({ id, status, employee_id, data, inserted_at, updated_at }: StoredRequest) {
  return { ...data, ...(employee_id === null ? {} : { employee_id }), id, status, inserted_at, updated_at };
}

export type RequestFilter = {
  id?: string;
  legal_entity_id?: string;
  legal_entity_ids?: string[];
  no_tax_id?: boolean;
  status?: string;
  limit: number;
  offset: number;
};

/** The newest first. */
export async function listRequests(
  db: IlDatabase,
  filter: RequestFilter,
): Promise<{ rows: StoredRequest[]; total: number }> {
  const conditions = [
    sql`true`,
    ...(filter.id === undefined ? [] : [sql`id = ${filter.id}`]),
    ...(filter.legal_entity_id === undefined ? [] : [sql`legal_entity_id = ${filter.legal_entity_id}`]),
    ...(filter.legal_entity_ids === undefined ? [] : [sql`legal_entity_id = any(${filter.legal_entity_ids}::uuid[])`]),
    ...(filter.status === undefined ? [] : [sql`status = ${filter.status}`]),
    ...(filter.no_tax_id === undefined
      ? []
      : [sql`coalesce((data -> 'party' ->> 'no_tax_id')::boolean, false) = ${filter.no_tax_id}`]),
  ];
  const where = sql.join(conditions, sql` and `);
  const counted = await sql<{ total: number }>`
    select count(*) as total from il.employee_requests where ${where}`.execute(db);
  const { rows } = await sql<StoredRequest>`
    select id, legal_entity_id, employee_id, email, status, data, user_alias, user_made_at, inserted_at, updated_at
    from il.employee_requests where ${where}
    order by inserted_at desc, id limit ${filter.limit} offset ${filter.offset}`.execute(db);
  return { rows, total: counted.rows[0]!.total };
}

import { type Kysely, sql } from 'kysely';
import type { DeclarationState, DeclarationStatus, DocumentState, ListedOrder } from './contract.ts';
import type { Tables } from './tables.ts';

/** Living declarations (active or pending) per employment. */
export async function countDeclarations(
  db: Kysely<Tables>,
  employee_ids: string[],
): Promise<{ employee_id: string; declaration_count: number }[]> {
  const { rows } = await sql<{ employee_id: string; declaration_count: number }>`
    select wanted as employee_id, count(head.id) as declaration_count
    from unnest(${employee_ids}::uuid[]) as wanted
    left join ops.declaration_heads head on head.employee_id = wanted and head.status in ('active', 'pending_verification')
    group by wanted`.execute(db);
  return rows;
}

export type DeclarationOfRequest = {
  declaration_request_id: string;
  declaration_id: string;
  person_id: string;
  status: DeclarationStatus;
  signed_content_sha256: string;
};

/** The declarations that came of these requests; requests without one are absent. */
export async function findByRequest(db: Kysely<Tables>, request_ids: string[]): Promise<DeclarationOfRequest[]> {
  if (request_ids.length === 0) return [];
  const rows = await db
    .selectFrom('ops.declaration_heads')
    .select(['declaration_request_id', 'id as declaration_id', 'person_id', 'status', 'signed_content_sha256'])
    .where('declaration_request_id', 'in', request_ids)
    .execute();
  return rows as DeclarationOfRequest[];
}

/** A page of all declarations by id; read by the primary key, so that the last page costs what the first does. */
export async function listStates(
  db: Kysely<Tables>,
  { after, limit }: { after?: string; limit: number },
): Promise<DeclarationState[]> {
  const query = selectStates(db).orderBy('id').limit(limit);
  const rows = await (after === undefined ? query : query.where('id', '>', after)).execute();
  return rows as DeclarationState[];
}

export async function findStates(db: Kysely<Tables>, ids: string[]): Promise<DeclarationState[]> {
  if (ids.length === 0) return [];
  return (await selectStates(db).where('id', 'in', ids).execute()) as DeclarationState[];
}

function selectStates(db: Kysely<Tables>) {
  return db
    .selectFrom('ops.declaration_heads')
    .select([
      'id',
      'declaration_request_id',
      'person_id',
      'pseudonym',
      'employee_id',
      'division_id',
      'legal_entity_id',
      'status',
      'signed_content_sha256',
      'start_date',
      'end_date',
      'inserted_at',
    ])
    .select(
      sql<
        string | null
      >`(select convert_from(body, 'UTF8')::jsonb ->> 'sha256' from ops.container_upgrades where declaration_id = declaration_heads.id)`.as(
        'upgraded_sha256',
      ),
    );
}

/** The newest version of each of these documents; what is not in the log is absent. */
export async function findDocumentStates(db: Kysely<Tables>, ids: string[]): Promise<DocumentState[]> {
  if (ids.length === 0) return [];
  return db
    .selectFrom('ops.signed_documents')
    .select((of) => ['id', of.fn.max('version').as('version')])
    .where('id', 'in', ids)
    .groupBy('id')
    .execute();
}

export async function listTerminationOrders(
  db: Kysely<Tables>,
  { after, limit }: { after?: string; limit: number },
): Promise<ListedOrder[]> {
  const query = db.selectFrom('ops.termination_orders').selectAll().orderBy('id').limit(limit);
  const rows = await (after === undefined ? query : query.where('id', '>', after)).execute();
  return rows.map(({ id, subject_type, subject_id, reason, ordered_at, done_at }) => ({
    id,
    subject_type: subject_type as ListedOrder['subject_type'],
    subject_id,
    reason,
    ordered_at,
    is_done: done_at !== null,
  }));
}

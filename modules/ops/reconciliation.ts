import { type Kysely, sql } from 'kysely';
import type { DeclarationStatus } from './contract.ts';
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

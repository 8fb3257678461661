import { sql } from 'kysely';
import type { MpiDatabase } from '../deps.ts';

/** The linker as an actor: no person asks it to look. */
export const linker_actor_id = '7c1e52f0-6d6b-4b1a-9a52-0f5a3c2d9e41';

/** Audit rows, one for each person whose sketch was opened: in the transaction of what came of it. */
export async function recordOpened(
  db: MpiDatabase,
  { request_id, action, person_ids }: { request_id: string; action: string; person_ids: readonly string[] },
): Promise<void> {
  if (person_ids.length === 0) return;
  await sql`
    insert into mpi.read_audit (request_id, actor_id, action, resource, resource_id, purpose)
    select ${request_id}, ${linker_actor_id}::uuid, ${action}, 'linkage_sketch', person_id, 'linkage'
    from unnest(${[...person_ids]}::uuid[]) as person_id`.execute(db);
}

export type LinkageRun = { action: string; id: string; detail: Record<string, unknown> };

/** One audit row for a job that opens everybody's sketches, before it begins and when it is done. */
export async function recordRun(db: MpiDatabase, { action, id, detail }: LinkageRun): Promise<void> {
  await sql`
    insert into mpi.audit_log (request_id, actor_id, action, resource, resource_id, detail)
    values (${`linkage-${id}`}, ${linker_actor_id}::uuid, ${action}, 'linkage_run', ${id}::uuid,
      ${JSON.stringify({ ...detail, purpose: 'linkage' })}::jsonb)`.execute(db);
}

import type { CallContext } from '@zdravo/kit/http';
import { notFound, Problem } from '@zdravo/kit/problem';
import type { PersonRead } from './contract.ts';
import type { MpiDeps } from './deps.ts';
import { mergedIds } from './match-persons.ts';
import { readPersons } from './vault.ts';

/** The whole person; the audit row is durable before the data leave. A merged id answers with its parent. */
export async function getPerson(deps: MpiDeps, id: string, context: CallContext): Promise<PersonRead> {
  const head = await deps.db
    .selectFrom('mpi.persons')
    .select(['status', 'parent_id'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (!head) throw notFound();
  if (head.status === 'erased')
    throw new Problem({ status: 410, code: 'person_erased', message: 'This person was erased.' });
  const living_id = head.parent_id ?? id;
  const stored = (await readPersons(deps.db, deps.keys, [living_id]))[0];
  if (!stored) throw notFound();
  await deps.read_audit.record({
    request_id: context.request_id,
    actor_id: context.actor_id ?? null,
    client_id: context.client_id ?? null,
    action: 'person.read',
    resource: 'person',
    resource_id: living_id,
    purpose: context.purpose ?? null,
  });
  const merged = await mergedIds(deps.db, [living_id]);
  return { ...stored, requested_id: id, is_active: true, merged_ids: merged.get(living_id) ?? [] };
}

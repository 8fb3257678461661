import type { DeclarationState } from '@zdravo/ops/contract';
import { sql } from 'kysely';
import { living, page_size, pagesOf, type Run } from './run.ts';

type Heard = { id: string; event_time: string; declaration_id: string; status: string; actor_id: string };
type Place = Pick<Heard, 'event_time' | 'id'>;

/**
 * Ends and approvals that this module heard of, in the last 30 days, and that a restored Operations does not know any more.
 * A declaration that ended never lives again, so an end that was heard is an end that holds.
 */
export async function checkEnds(run: Run): Promise<void> {
  for await (const page of pagesOf(
    (after: Place | undefined) => readPage(run, after),
    (row) => row,
  )) {
    run.findings.looked('declaration events', page.length);
    const body = { ids: [...new Set(page.map((one) => one.declaration_id))] };
    const states = await run.deps.ops.findStates({ body }, run.context);
    const by_id = new Map(states.map((one) => [one.id, one]));
    for (const heard of page) await repeat(run, heard, by_id.get(heard.declaration_id));
  }
}

/** In the order in which they were heard, along the index of the events. */
async function readPage({ deps }: Run, after: Place | undefined): Promise<Heard[]> {
  const { rows } = await sql<Heard>`
    select id, event_time, entity_id as declaration_id, properties -> 'status' ->> 'new_value' as status,
      changed_by as actor_id
    from il.status_change_events
    where entity_type = 'Declaration' ${after ? sql`and (event_time, id) > (${after.event_time}, ${after.id})` : sql``}
    order by event_time, id limit ${page_size}`.execute(deps.db);
  return rows;
}

async function repeat({ deps, findings, context }: Run, heard: Heard, state?: DeclarationState): Promise<void> {
  if (!state || !living.has(state.status) || state.status === heard.status) return;
  const params = { id: state.id };
  const body = { actor_id: heard.actor_id, reason: 'reconciliation' };
  const was_pending = state.status === 'pending_verification';
  const again =
    heard.status === 'active'
      ? was_pending && (() => deps.ops.putApproval({ params, body }, context))
      : heard.status === 'rejected' && was_pending
        ? () => deps.ops.putRejection({ params, body }, context)
        : heard.status !== 'pending_verification' && (() => deps.ops.putTermination({ params, body }, context));
  if (!again) return;
  await findings.repair('end_missing', state.id, async () => {
    state.status = (await again()).status;
    return true;
  });
}

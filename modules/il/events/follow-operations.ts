import { daysBefore } from '@zdravo/kit/clock';
import { type Consumer, createConsumer, deleteOldConsumed, type Event } from '@zdravo/kit/events';
import type { Job } from '@zdravo/kit/jobs';
import { announceStatus, type StatusChange } from '../audit.ts';
import type { IlDeps, IlTransaction } from '../deps.ts';
import { freeSlots, nameSlots } from '../slots/slots.ts';
import type { Tables } from '../tables.ts';
import { proved_days } from '../verifications/handlers.ts';

const ended = new Set(['declaration.terminated', 'declaration.closed', 'declaration.rejected']);

/** What Operations tells: vendors hear of it, slots learn whose they are, and the slot of an ended declaration is free again. */
export function followOperations(deps: IlDeps): Consumer {
  return createConsumer<Tables>({
    feed: (query) => deps.ops.readEvents({ query }, { request_id: 'feed-ops' }),
    feed_name: 'ops',
    db: deps.db,
    schema: 'il',
    handleMany: (transaction, events) => handleDeclarationEvents(transaction, deps, events),
    log: deps.log,
  });
}

async function handleDeclarationEvents(
  transaction: IlTransaction,
  deps: IlDeps,
  events: readonly Event[],
): Promise<void> {
  const declarations = events.filter(({ object_type }) => object_type === 'declaration');
  await announceStatus(transaction, declarations.flatMap(changeOf));
  await nameSlots(transaction, deps, declarations.flatMap(patientOf));
  for (const { type, object_id } of declarations)
    if (ended.has(type)) await freeSlots(transaction, { declaration_id: object_id });
}

function patientOf({ type, object_id: id, payload }: Event): { id: string; person_id: string }[] {
  const { person_id } = payload as { person_id?: string };
  return person_id === undefined || ended.has(type) ? [] : [{ id, person_id }];
}

function changeOf({ object_id: entity_id, payload }: Event): StatusChange[] {
  const { status, actor_id } = payload as { status?: string; actor_id?: string };
  if (status === undefined || actor_id === undefined) return [];
  return [{ entity_type: 'Declaration', entity_id, new_value: status, changed_by: actor_id }];
}

/** Events older than 30 days go (domain.md §3.11), and so do codes and the telephones that they proved. */
export function eventExpiryJob({ db, clock }: IlDeps): Job {
  return {
    name: 'delete_old_events',
    schedule: '50 1 * * *',
    run: async () => {
      const before = daysBefore(clock.now(), 30);
      await db.deleteFrom('il.status_change_events').where('event_time', '<', before).execute();
      await db.deleteFrom('il.verifications').where('inserted_at', '<', before).execute();
      await db
        .deleteFrom('il.verified_phones')
        .where('verified_at', '<', daysBefore(clock.now(), proved_days))
        .execute();
      await deleteOldConsumed(db, 'il', clock.now());
    },
  };
}

import { conflict, malformed, notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { Asker, MpiDeps } from '../deps.ts';
import type { TrainingFigures } from './train.ts';

/** Fewer pairs of known truth say too little about a model. */
const fewest_pairs = 50;

/**
 * Somebody takes the responsibility for a model: from now on it decides, and may merge. A candidate must have beaten the
 * serving model on the seeded pairs and on what reviewers decided; the serving one is signed as it is. Safe to repeat.
 * @throws Problem 400 without an actor, 404, 409 `model_not_better`, `model_retired`.
 */
export async function signOffModel(
  { db }: Pick<MpiDeps, 'db'>,
  id: string,
  asker: Asker,
): Promise<{ id: string; state: string }> {
  if (asker.actor_id === null) throw malformed('A sign-off needs somebody (x-actor-id).', 'actor_required');
  return db.transaction().execute(async (transaction) => {
    await sql`select pg_advisory_xact_lock(hashtextextended('mpi linkage models', 0))`.execute(transaction);
    const row = await transaction
      .selectFrom('mpi.linkage_models')
      .select(['state', 'figures', 'signed_off_at'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row) throw notFound();
    if (row.state === 'retired') throw conflict('Another model took this one’s place.', 'model_retired');
    if (row.state === 'candidate') {
      refuseUnlessBetter(row.figures as TrainingFigures);
      await sql`update mpi.linkage_models set state = 'retired' where state = 'serving'`.execute(transaction);
    }
    await sql`
      update mpi.linkage_models set state = 'serving', signed_off_by = coalesce(signed_off_by, ${asker.actor_id}),
        signed_off_at = coalesce(signed_off_at, now()) where id = ${id}`.execute(transaction);
    await sql`
      insert into mpi.audit_log (request_id, actor_id, client_id, action, resource, resource_id)
      values (${asker.request_id}, ${asker.actor_id}, ${asker.client_id}, 'linkage_model.signed_off', 'linkage_model', ${id})`.execute(
      transaction,
    );
    return { id, state: 'serving' };
  });
}

function refuseUnlessBetter({ reviewed, seeded }: TrainingFigures): void {
  for (const [name, { pairs, surprise, surprise_of_serving }] of Object.entries({ reviewed, seeded })) {
    if (pairs < fewest_pairs)
      throw conflict(`Measured on ${pairs} ${name} pairs; at least ${fewest_pairs} are needed.`, 'model_not_better');
    if (surprise >= surprise_of_serving)
      throw conflict(`On ${name} pairs the serving model does as well or better.`, 'model_not_better');
  }
}

import { conflict, malformed, notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { Asker, MpiDeps } from '../deps.ts';
import type { Standing } from './known-pairs.ts';
import type { TrainingFigures } from './train.ts';

/** Fewer pairs of known truth say too little about a model. */
const fewest_pairs = 50;

/**
 * Somebody takes the responsibility for a model: from now on it decides, and may merge. It must have proved itself on
 * pairs whose truth is known; a candidate must also have beaten the serving model on the seeded ones and on what
 * reviewers decided. Safe to repeat.
 * @throws Problem 400 without an actor, 404, 409 `model_not_proven`, `model_not_better`, `model_retired`.
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
    if (row.signed_off_at !== null) return { id, state: 'serving' };
    const figures = row.figures as Partial<TrainingFigures>;
    refuseUnlessProven(figures.standing);
    if (row.state === 'candidate') {
      refuseUnlessBetter(figures as TrainingFigures);
      await sql`update mpi.linkage_models set state = 'retired' where state = 'serving'`.execute(transaction);
    }
    await sql`
      update mpi.linkage_models set state = 'serving', signed_off_by = ${asker.actor_id}, signed_off_at = now()
      where id = ${id}`.execute(transaction);
    await sql`
      insert into mpi.audit_log (request_id, actor_id, client_id, action, resource, resource_id)
      values (${asker.request_id}, ${asker.actor_id}, ${asker.client_id}, 'linkage_model.signed_off', 'linkage_model', ${id})`.execute(
      transaction,
    );
    return { id, state: 'serving' };
  });
}

/** Enough pairs of every kind, none of them merged wrongly, and more known about them than their share. */
function refuseUnlessProven(standing: Standing | undefined): void {
  const refuse = (why: string) => conflict(why, 'model_not_proven');
  if (!standing) throw refuse('The model has not been measured on known pairs yet; a job does it hourly.');
  for (const kind of ['reviewed', 'seeded', 'same', 'different'] as const)
    if (!(standing[kind] >= fewest_pairs))
      throw refuse(`Measured on ${standing[kind]} ${kind} pairs; at least ${fewest_pairs} are needed.`);
  if (standing.wrong_merges > 0)
    throw refuse(`By itself it would merge ${standing.wrong_merges} of the pairs that are two persons.`);
  if (!(standing.surprise < standing.surprise_of_share))
    throw refuse('It knows no more of these pairs than how many of them are one person.');
}

function refuseUnlessBetter({ reviewed, seeded }: TrainingFigures): void {
  for (const [name, { pairs, surprise, surprise_of_serving }] of Object.entries({ reviewed, seeded })) {
    if (pairs < fewest_pairs)
      throw conflict(`Measured on ${pairs} ${name} pairs; at least ${fewest_pairs} are needed.`, 'model_not_better');
    if (surprise >= surprise_of_serving)
      throw conflict(`On ${name} pairs the serving model does as well or better.`, 'model_not_better');
  }
}

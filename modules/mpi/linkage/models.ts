import { randomUUID } from 'node:crypto';
import { createMatcher, type LinkageModel, type Matcher, readModel } from '@zdravo/linkage';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import founding_model from './founding-model.json' with { type: 'json' };

export type ServingModel = { id: string; model: LinkageModel; matcher: Matcher; is_signed_off: boolean };

/** Reading and preparing a model takes as long as ten matches: kept while its row stays what it was. */
const opened = new Map<string, ServingModel>();

/**
 * The model that decides now. A new installation starts with the founding one, which was learnt on a generated country:
 * good enough to ask people, and without their sign-off it merges nobody.
 */
export async function openServingModel(db: Kysely<Tables>): Promise<ServingModel> {
  const [known] = await db
    .selectFrom('mpi.linkage_models')
    .select(['id', 'signed_off_at'])
    .where('state', '=', 'serving')
    .execute();
  const ready = known && opened.get(known.id);
  if (ready && ready.is_signed_off === (known.signed_off_at !== null)) return ready;
  const figures = JSON.stringify({ origin: 'founding model, learnt on 104,405 generated records' });
  await sql`
    insert into mpi.linkage_models (id, state, model, figures)
    select ${randomUUID()}::uuid, 'serving', ${JSON.stringify(founding_model)}::jsonb, ${figures}::jsonb
    where not exists (select from mpi.linkage_models where state = 'serving') on conflict do nothing`.execute(db);
  const row = await db
    .selectFrom('mpi.linkage_models')
    .select(['id', 'model', 'signed_off_at'])
    .where('state', '=', 'serving')
    .executeTakeFirstOrThrow();
  const model = readModel(row.model);
  const serving = { id: row.id, model, matcher: createMatcher(model), is_signed_off: row.signed_off_at !== null };
  opened.clear();
  opened.set(row.id, serving);
  return serving;
}

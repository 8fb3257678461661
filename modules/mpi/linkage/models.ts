import { randomUUID } from 'node:crypto';
import { createMatcher, type LinkageModel, type Matcher, readModel } from '@zdravo/linkage';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import founding_model from './founding-model.json' with { type: 'json' };

export type ServingModel = {
  id: string;
  model: LinkageModel;
  /** Persons of the index, about; a pair of many needs more evidence than a pair of few. */
  population: number;
  matcher: Matcher;
  is_signed_off: boolean;
};

/** Reading and preparing a model takes as long as ten matches: kept while it stays what it was. */
const opened = new Map<string, { state: Standby; serving: ServingModel }>();

/** What decides whether a model is the one that was prepared. */
type Standby = { id: string; signed_off_at: string | null; is_at_home: boolean; population: number };

/**
 * The model that decides now. A new installation starts with the founding one, which was learnt on a generated country:
 * good enough to ask people, and without their sign-off it merges nobody.
 */
export async function openServingModel(db: Kysely<Tables>): Promise<ServingModel> {
  const state = (await findStandby(db)) ?? (await found(db));
  const ready = opened.get(state.id);
  if (ready && isStill(ready.state, state)) return ready.serving;
  const row = await db
    .selectFrom('mpi.linkage_models')
    .select(['id', 'model', 'signed_off_at'])
    .where('id', '=', state.id)
    .executeTakeFirstOrThrow();
  const model = state.is_at_home ? readModel(row.model) : withoutFrequencies(readModel(row.model));
  const { population } = state;
  const matcher = createMatcher(model, { population });
  const serving = { id: row.id, model, population, matcher, is_signed_off: row.signed_off_at !== null };
  opened.clear();
  opened.set(row.id, { state, serving });
  return serving;
}

/** The server's own estimate of the population is near enough, and costs nothing. */
async function findStandby(db: Kysely<Tables>): Promise<Standby | undefined> {
  const { rows } = await sql<Standby>`
    select id, signed_off_at,
      coalesce(figures ->> 'key_id' = (select key_id from mpi.index_generations where state = 'serving'), false) as is_at_home,
      (select greatest(reltuples, 0)::bigint from pg_class where oid = 'mpi.persons'::regclass) as population
    from mpi.linkage_models where state = 'serving'`.execute(db);
  return rows[0];
}

async function found(db: Kysely<Tables>): Promise<Standby> {
  const figures = JSON.stringify({ origin: 'founding model, learnt on 104,405 generated records' });
  await sql`
    insert into mpi.linkage_models (id, state, model, figures)
    select ${randomUUID()}::uuid, 'serving', ${JSON.stringify(founding_model)}::jsonb, ${figures}::jsonb
    where not exists (select from mpi.linkage_models where state = 'serving') on conflict do nothing`.execute(db);
  return (await findStandby(db))!;
}

function isStill(before: Standby, now: Standby): boolean {
  const grown = Math.abs(now.population - before.population) > before.population / 10;
  return before.signed_off_at === now.signed_off_at && before.is_at_home === now.is_at_home && !grown;
}

/**
 * How common values are is told by their keyed hashes, which mean nothing under another generation of keys: every name would
 * count as a rare one, and each that agrees as strong evidence.
 */
function withoutFrequencies(model: LinkageModel): LinkageModel {
  return { ...model, frequencies: model.frequencies.map(({ entities }) => ({ entities, common: [] })) };
}

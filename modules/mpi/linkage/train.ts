import { randomUUID } from 'node:crypto';
import type { KeyStore } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import {
  createMatcher,
  createTableBuilder,
  type LinkageModel,
  linkRecords,
  type Matcher,
  modelOf,
  type Tokens,
} from '@zdravo/linkage';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { openAll, servingKey } from './match-online.ts';
import { openServingModel } from './models.ts';
import { recordRun } from './sketch-audit.ts';
import { comparable_fields, sketch_fields } from './sketch-fields.ts';

type TrainDeps = { db: Kysely<Tables>; keys: KeyStore; log: Logger };

/** How two models did on pairs whose truth is known: mean bits of surprise, the less the better. */
export type Comparison = { pairs: number; surprise: number; surprise_of_serving: number };
export type TrainingFigures = { records: number; expected_matches: number; reviewed: Comparison; seeded: Comparison };

const batch_size = 5000;

/**
 * Learns a candidate model from the living sketches, without examples, and measures it against the serving one on what
 * reviewers decided and on the seeded pairs. It decides nothing until somebody signs it off.
 * @param most_records beyond them a part of the persons is taken, each with all whom a block joins to them.
 */
export async function trainModel(
  deps: TrainDeps,
  most_records = 200_000,
): Promise<{ id: string; figures: TrainingFigures }> {
  const key_id = await servingKey(deps.db);
  const id = randomUUID();
  await recordRun(deps.db, { action: 'linkage.training_started', id, detail: { key_id, most_records } });
  const table = await tableOf(deps, key_id, most_records);
  const model = modelOf(table, linkRecords(table), { kind: 'tokens', fields: sketch_fields });
  const matchers = [createMatcher(model), (await openServingModel(deps.db)).matcher] as const;
  const figures = {
    records: table.size,
    expected_matches: model.training.expected_matches,
    reviewed: await compare(deps, { key_id, matchers, truth: 'outcome' }),
    seeded: await compare(deps, { key_id, matchers, truth: 'expected' }),
  };
  await store(deps.db, id, model, figures);
  await recordRun(deps.db, { action: 'linkage.trained', id, detail: { records: table.size } });
  return { id, figures };
}

async function tableOf(deps: TrainDeps, key_id: string, most_records: number) {
  const builder = createTableBuilder(comparable_fields, 'tokens');
  const { rows } = await sql<{ person_id: string }>`
    with base as (
      select person_id from mpi.linkage_sketches where key_id = ${key_id} order by person_id limit ${most_records}
    )
    select person_id from base union
    select other.person_id from base join mpi.linkage_blocks own on own.person_id = base.person_id and own.key_id = ${key_id}
    join mpi.linkage_blocks other on other.token = own.token and other.key_id = own.key_id`.execute(deps.db);
  for (let at = 0; at < rows.length; at += batch_size) {
    const ids = rows.slice(at, at + batch_size).map((row) => row.person_id);
    for (const [id, tokens] of await sketchesOf(deps, key_id, ids)) builder.addTokens({ id }, tokens);
  }
  return builder.build();
}

async function sketchesOf(deps: TrainDeps, key_id: string, ids: readonly string[]): Promise<Map<string, Tokens[]>> {
  if (ids.length === 0) return new Map();
  const rows = await deps.db
    .selectFrom('mpi.linkage_sketches')
    .select(['person_id', 'ciphertext'])
    .where('key_id', '=', key_id)
    .where('person_id', 'in', [...ids])
    .execute();
  return openAll({ ...deps, key_id, onOpened: () => {} }, rows);
}

type Comparing = { key_id: string; matchers: readonly [Matcher, Matcher]; truth: 'outcome' | 'expected' };

async function compare(deps: TrainDeps, { key_id, matchers, truth }: Comparing): Promise<Comparison> {
  const items = await deps.db
    .selectFrom('mpi.review_items')
    .select(['low_id', 'high_id', `${truth} as truth`])
    .where(truth, 'is not', null)
    .where('expected', truth === 'expected' ? 'is not' : 'is', null)
    .orderBy('created_at', 'desc')
    .limit(batch_size)
    .execute();
  const sketches = await sketchesOf(deps, key_id, [...new Set(items.flatMap((item) => [item.low_id, item.high_id]))]);
  const known = items.filter((item) => sketches.has(item.low_id) && sketches.has(item.high_id));
  const surprise = (matcher: Matcher): number => {
    const bits = known.map(({ low_id, high_id, truth: said }) => {
      const { log2_odds } = matcher.compareTokens(sketches.get(low_id)!, sketches.get(high_id)!);
      return Math.log2(1 + 2 ** Math.min(60, said === 'same' ? -log2_odds : log2_odds));
    });
    return bits.reduce((sum, one) => sum + one, 0) / Math.max(1, bits.length);
  };
  return { pairs: known.length, surprise: surprise(matchers[0]), surprise_of_serving: surprise(matchers[1]) };
}

async function store(db: Kysely<Tables>, id: string, model: LinkageModel, figures: TrainingFigures): Promise<void> {
  const row = { id, state: 'candidate', model: JSON.stringify(model), figures: JSON.stringify(figures) };
  await db.insertInto('mpi.linkage_models').values(row).execute();
}

import { randomUUID } from 'node:crypto';
import type { Logger } from '@zdravo/kit/log';
import {
  createMatcher,
  createTableBuilder,
  type LinkageModel,
  linkRecords,
  type Matcher,
  modelOf,
} from '@zdravo/linkage';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { type KnownPair, knownPairs, type Standing, sketchesOf, standingOf, surpriseOf } from './known-pairs.ts';
import { servingKey } from './match-online.ts';
import { openServingModel } from './models.ts';
import { recordRun } from './sketch-audit.ts';
import { comparable_fields, sketch_fields } from './sketch-fields.ts';
import type { SketchKeys } from './sketch-keys.ts';

type TrainDeps = { db: Kysely<Tables>; keys: SketchKeys; log: Logger };

/** How two models did on pairs whose truth is known: mean bits of surprise, the less the better. */
export type Comparison = { pairs: number; surprise: number; surprise_of_serving: number };
export type TrainingFigures = {
  /** The generation of keys under which its frequencies of values mean something. */
  key_id: string;
  records: number;
  expected_matches: number;
  reviewed: Comparison;
  seeded: Comparison;
  standing: Standing;
};

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
  const serving = await openServingModel(deps.db);
  const matchers = [createMatcher(model, serving), serving.matcher] as const;
  const pairs = await knownPairs(deps, key_id);
  const of = (origin: KnownPair['origin']) =>
    compare(
      matchers,
      pairs.filter((pair) => pair.origin === origin),
    );
  const figures = {
    key_id,
    records: table.size,
    expected_matches: model.training.expected_matches,
    reviewed: of('reviewed'),
    seeded: of('seeded'),
    standing: standingOf(matchers[0], pairs),
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

function compare([candidate, serving]: readonly [Matcher, Matcher], pairs: readonly KnownPair[]): Comparison {
  return {
    pairs: pairs.length,
    surprise: surpriseOf(candidate, pairs),
    surprise_of_serving: surpriseOf(serving, pairs),
  };
}

async function store(db: Kysely<Tables>, id: string, model: LinkageModel, figures: TrainingFigures): Promise<void> {
  const row = { id, state: 'candidate', model: JSON.stringify(model), figures: JSON.stringify(figures) };
  await db.insertInto('mpi.linkage_models').values(row).execute();
}

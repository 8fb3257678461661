import type { Logger } from '@zdravo/kit/log';
import type { Matcher, Tokens } from '@zdravo/linkage';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { verdictOf } from './decide.ts';
import { openAll, servingKey } from './match-online.ts';
import { openServingModel } from './models.ts';
import { recordRun } from './sketch-audit.ts';
import type { SketchKeys } from './sketch-keys.ts';

type KnownDeps = { db: Kysely<Tables>; keys: SketchKeys; log: Logger };

/** A pair of which people know whether it is one person: decided by reviewers, or seeded. */
export type KnownPair = { origin: 'reviewed' | 'seeded'; truth: 'same' | 'different'; left: Tokens[]; right: Tokens[] };

/** How a model does on known pairs; surprise is the mean number of bits by which the truth surprised it, the less the better. */
export type Standing = {
  measured_at: string;
  reviewed: number;
  seeded: number;
  same: number;
  different: number;
  surprise: number;
  /** The surprise of somebody who knows no pair, only how many of them are one person. */
  surprise_of_share: number;
  /** Pairs of two persons that it would merge by itself. */
  wrong_merges: number;
};

const most_pairs = 5000;

type Row = { low_id: string; high_id: string; expected: KnownPair['truth'] | null; truth: KnownPair['truth'] };

/** The newest known pairs of persons whose sketches can be opened. */
export async function knownPairs(deps: KnownDeps, key_id: string): Promise<KnownPair[]> {
  const { rows } = await sql<Row>`
    (select low_id, high_id, expected, expected as truth from mpi.review_items where expected is not null
      order by created_at desc limit ${most_pairs})
    union all
    (select low_id, high_id, null, outcome from mpi.review_items where outcome is not null and expected is null
      order by decided_at desc limit ${most_pairs})`.execute(deps.db);
  const sketches = await sketchesOf(deps, key_id, [...new Set(rows.flatMap((row) => [row.low_id, row.high_id]))]);
  return rows.flatMap(({ low_id, high_id, expected, truth }) => {
    const [left, right] = [sketches.get(low_id), sketches.get(high_id)];
    return left && right ? [{ origin: expected === null ? 'reviewed' : 'seeded', truth, left, right } as const] : [];
  });
}

/** The sketches of these persons that open, by person. */
export async function sketchesOf(
  deps: KnownDeps,
  key_id: string,
  ids: readonly string[],
): Promise<Map<string, Tokens[]>> {
  if (ids.length === 0) return new Map();
  const rows = await deps.db
    .selectFrom('mpi.linkage_sketches')
    .select(['person_id', 'ciphertext'])
    .where('key_id', '=', key_id)
    .where('person_id', 'in', [...ids])
    .execute();
  return openAll({ ...deps, key_id, onOpened: () => {} }, rows);
}

/** Mean bits of surprise: 0 for a model that was sure and right, 1 for one that tossed a coin. */
export function surpriseOf(matcher: Matcher, pairs: readonly KnownPair[]): number {
  const bits = pairs.map(({ left, right, truth }) => {
    const { log2_odds } = matcher.compareTokens(left, right);
    return Math.log2(1 + 2 ** Math.min(60, truth === 'same' ? -log2_odds : log2_odds));
  });
  return bits.reduce((sum, one) => sum + one, 0) / Math.max(1, bits.length);
}

export function standingOf(matcher: Matcher, pairs: readonly KnownPair[]): Standing {
  const count = (is: (pair: KnownPair) => boolean) => pairs.filter(is).length;
  const same = count(({ truth }) => truth === 'same');
  return {
    measured_at: new Date().toISOString(),
    reviewed: count(({ origin }) => origin === 'reviewed'),
    seeded: count(({ origin }) => origin === 'seeded'),
    same,
    different: pairs.length - same,
    surprise: surpriseOf(matcher, pairs),
    surprise_of_share: entropy(same / Math.max(1, pairs.length)),
    wrong_merges: count(({ truth, left, right }) => truth === 'different' && wouldMerge(matcher, left, right)),
  };
}

function wouldMerge(matcher: Matcher, left: Tokens[], right: Tokens[]): boolean {
  return verdictOf(matcher.compareTokens(left, right), { is_signed_off: true }) === 'merge';
}

function entropy(share: number): number {
  const part = (p: number) => (p <= 0 || p >= 1 ? 0 : -p * Math.log2(p));
  return part(share) + part(1 - share);
}

/** Measures the model that serves on the pairs known by now and keeps the figures beside it. */
export async function measureServingModel(deps: KnownDeps): Promise<Standing> {
  const [{ id, matcher }, key_id] = await Promise.all([openServingModel(deps.db), servingKey(deps.db)]);
  await recordRun(deps.db, { action: 'linkage.measurement_started', id, detail: { key_id } });
  const standing = standingOf(matcher, await knownPairs(deps, key_id));
  await sql`
    update mpi.linkage_models set figures = figures || jsonb_build_object('standing', ${JSON.stringify(standing)}::jsonb)
    where id = ${id}`.execute(deps.db);
  return standing;
}

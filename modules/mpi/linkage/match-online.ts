import { KeyError } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { Tokens } from '@zdravo/linkage';
import { sql } from 'kysely';
import type { MpiDatabase } from '../deps.ts';
import { openEach } from '../vault/epochs.ts';
import { evidenceOf, verdictOf } from './decide.ts';
import type { ServingModel } from './models.ts';
import type { Judged } from './propose.ts';
import { openSketch } from './sketch.ts';
import type { SketchKeys } from './sketch-keys.ts';

export type Opening = {
  keys: SketchKeys;
  key_id: string;
  log: Logger;
  /** Told of everybody whose sketch was opened, for the audit. */
  onOpened(person_ids: Iterable<string>): void;
};
export type Matching = Opening & { db: MpiDatabase; model: ServingModel };

/** No composite is shared by more; numbers that clerks make up are not looked at further. */
const most_candidates = 64;

type Candidate = { asked_id: string; person_id: string; root_id: string };

/**
 * Compares persons with everybody who shares a block with them, on sketches alone: one query for all pairs, one for
 * the sketches, one for their keys. Records that were merged speak for their parents.
 * @returns for each who has a sketch what the model says of each other living person, the likeliest first.
 */
export async function matchOnline(matching: Matching, person_ids: readonly string[]): Promise<Map<string, Judged[]>> {
  const candidates = await candidatesOf(matching, person_ids);
  const asked = Map.groupBy(candidates, ({ asked_id }) => asked_id);
  const compared = [...asked].filter(([, rows]) => rows.length > 1);
  const ids = new Set(compared.flatMap(([, rows]) => rows.map(({ person_id }) => person_id)));
  const sketches = await openAll(matching, await sealedSketches(matching, [...ids]));
  return new Map(compared.map(([id, rows]) => [id, judgeOne(matching.model, id, { rows, sketches })]));
}

type Opened = { rows: readonly Candidate[]; sketches: ReadonlyMap<string, Tokens[]> };

function judgeOne(model: ServingModel, person_id: string, { rows, sketches }: Opened): Judged[] {
  const own = rows.find((row) => row.person_id === person_id);
  const left = sketches.get(person_id);
  if (!own || !left) return [];
  const best = new Map<string, Judged>();
  for (const row of rows) {
    const right = sketches.get(row.person_id);
    if (row.root_id === own.root_id || !right) continue;
    const explanation = model.matcher.compareTokens(left, right);
    const known = best.get(row.root_id);
    if (known && known.probability >= explanation.probability) continue;
    const verdict = verdictOf(explanation, model);
    const evidence = verdict === 'nothing' ? undefined : evidenceOf(model.id, explanation);
    best.set(row.root_id, { ids: [row.root_id, own.root_id], verdict, probability: explanation.probability, evidence });
  }
  return peopleDecideBetweenSeveral([...best.values()]);
}

/** A person who is likely two others is a question: the two may be one, or one of them somebody's relative. */
export function peopleDecideBetweenSeveral(compared: Judged[]): Judged[] {
  const likely = compared.filter(({ verdict }) => verdict !== 'nothing');
  likely.sort((one, other) => other.probability - one.probability);
  return likely.length === 1 ? likely : likely.map((one) => ({ ...one, verdict: 'review' as const }));
}

async function candidatesOf({ db, key_id }: Matching, person_ids: readonly string[]): Promise<Candidate[]> {
  const { rows } = await sql<Candidate>`
    select asked.id as asked_id, head.id as person_id, coalesce(head.parent_id, head.id) as root_id
    from unnest(${person_ids}::uuid[]) as asked (id)
    cross join lateral (
      select asked.id as person_id union
      select person_id from (
        select other.person_id
        from mpi.linkage_blocks own
        join mpi.linkage_blocks other on other.token = own.token and other.key_id = own.key_id
        where own.person_id = asked.id and own.key_id = ${key_id} limit ${4 * most_candidates}
      ) row limit ${most_candidates}
    ) candidate
    join mpi.persons head on head.id = candidate.person_id and head.status <> 'erased'`.execute(db);
  return rows;
}

type Sealed = { person_id: string; ciphertext: Buffer };

async function sealedSketches({ db, key_id }: Matching, person_ids: readonly string[]): Promise<Sealed[]> {
  if (person_ids.length === 0) return [];
  const { rows } = await sql<Sealed>`
    select person_id, ciphertext from mpi.linkage_sketches
    where key_id = ${key_id} and person_id = any(${person_ids}::uuid[])`.execute(db);
  return rows;
}

/**
 * A sketch that does not open, or whose key was altered, is left out and told: nobody else is touched by it.
 * @throws KeyError `key_unknown` for a generation of keys that is not here: nothing is to be concluded without it.
 */
export async function openAll(
  { keys, key_id, log, onOpened }: Opening,
  rows: readonly Sealed[],
): Promise<Map<string, Tokens[]>> {
  const ids = rows.map(({ person_id }) => person_id);
  const [known, epochs] = await Promise.all([
    openEach({ store: keys.persons, log }, ids),
    keys.epochs.keysOf(rows.map(({ ciphertext }) => ciphertext)),
  ]);
  const opened = new Map<string, Tokens[]>();
  for (const { person_id, ciphertext } of rows) {
    const key = known.get(person_id);
    if (!key) continue;
    try {
      opened.set(person_id, openSketch({ key, epochs }, { person_id, key_id }, ciphertext));
    } catch (error) {
      if (!(error instanceof KeyError) && !(error instanceof RangeError)) throw error;
      log.error({ err: error, person_id }, 'a sketch does not open; the next change of the person makes it anew');
    }
  }
  onOpened(opened.keys());
  return opened;
}

/** The generation of keys under which sketches can be compared now. */
export async function servingKey(db: Matching['db']): Promise<string> {
  const { key_id } = await db
    .selectFrom('mpi.index_generations')
    .select('key_id')
    .where('state', '=', 'serving')
    .executeTakeFirstOrThrow();
  return key_id;
}

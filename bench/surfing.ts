import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@zdravo/kit/testing';
import type { SearchSettings } from '@zdravo/mpi';
import { personsOption } from './linkage/registry.ts';
import { attackers } from './surfing-town/attackers.ts';
import { serve } from './surfing-town/clerks.ts';
import { type Residents, residentsByName } from './surfing-town/residents.ts';
import { type Defence, surf } from './surfing-town/surf.ts';
import { foundTown, type Town } from './surfing-town/town.ts';

const queries = 10_000;
/** Where nothing locks anybody every query is really asked: fewer say as much. */
const unlocked_queries = 500;
const clerks = 10;
const never = 1_000_000_000;

const no_locks: Partial<SearchSettings> = {
  wrong_answers: never,
  sweep: never,
  misses: never,
  unused: never,
  unused_of_client: never,
};
const no_budgets = { queries_of_actor: never, queries_of_client: never, found_by_actor: never };

const defences: Record<string, Defence> = {
  all: { settings: {}, has_decoys: true },
  no_decoys: { settings: {}, has_decoys: false },
  no_budgets: { settings: no_budgets, has_decoys: true },
  no_locks: { settings: no_locks, has_decoys: true },
  none: { settings: { ...no_locks, ...no_budgets }, has_decoys: false },
};

/** What every attacker got who met all defences. */
type Worst = { queries: number; share: number; flagged_after: number };

/**
 * Attackers of several kinds against a generated town (`--persons=N`, 100,000), with and without each defence of the search
 * dialogue, and honest clerks with all of them. `ATTACKER.DEFENCE.found_percent`: of the town, by 10,000 queries (by 500
 * without locks); `.queries_until_locked`; `.right_guess_percent`: of the answers that the attacker made up. With all defences:
 * `share` of the town that the best attacker found in `queries`, `flagged_after` the most queries that one who found anybody
 * sent unlocked; `honest_success`: share of the clerks' visits that reached the patient.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-bench-'));
  const postgres = await startPostgres({ directory: join(directory, 'postgres') });
  try {
    const town = await foundTown(postgres.url, directory, personsOption(100_000));
    const { honest_success, ...of_clerks } = await clerkFigures(town);
    const { worst, figures, ratios } = await everyAttack(town, residentsByName(town));
    const persons = town.residents.length;
    return { figures: { persons, ...worst, honest_success, ...of_clerks, ...figures }, ratios };
  } finally {
    await postgres.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function clerkFigures(town: Town) {
  const { visits, reached, reached_without_question, locked_clerks } = await serve(town, clerks);
  return {
    honest_success: reached / visits,
    'clerks.without_question_percent': (100 * reached_without_question) / visits,
    'clerks.locked': locked_clerks,
  };
}

/** `ratios`: what an attacker got per query without any defence, for one that they get with all. */
async function everyAttack(town: Town, residents: Residents) {
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  const worst: Worst = { queries, share: 0, flagged_after: 0 };
  for (const [name, attacker] of Object.entries(attackers)) {
    const per_query: Record<string, number> = {};
    for (const [defence_name, defence] of Object.entries(defences)) {
      const sent = defence.settings.misses === never ? unlocked_queries : queries;
      const loot = await surf(town, residents, attacker, defence, sent);
      const label = `${name}.${defence_name}`;
      figures[`${label}.found_percent`] = (100 * loot.found) / town.residents.length;
      figures[`${label}.queries_until_locked`] = loot.sent_before_lock;
      if (loot.guesses > 0) figures[`${label}.right_guess_percent`] = (100 * loot.right_guesses) / loot.guesses;
      per_query[defence_name] = loot.found / sent;
      if (defence_name !== 'all' || loot.found === 0) continue;
      worst.share = Math.max(worst.share, loot.found / town.residents.length);
      worst.flagged_after = Math.max(worst.flagged_after, loot.sent_before_lock);
    }
    ratios[`${name}.none_of_all`] = per_query['none']! / Math.max(per_query['all']!, 1 / queries);
  }
  return { worst, figures, ratios };
}

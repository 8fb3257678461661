import { randomInt, randomUUID } from 'node:crypto';
import { Problem } from '@zdravo/kit/problem';
import type { SearchSettings } from '@zdravo/mpi';
import type { SearchAnswer, SearchQuery } from '@zdravo/mpi/search-contract';
import type { Attacker } from './attackers.ts';
import { answersOf, nameKey, type Residents } from './residents.ts';
import { type Desk, openDesk, type Town } from './town.ts';

export type Defence = { settings: Partial<SearchSettings>; has_decoys: boolean };
export type Loot = {
  /** Different searches that ended in a handle. */
  found: number;
  /** Queries sent before the first one that met a lock; all of them when none did. */
  sent_before_lock: number;
  guesses: number;
  right_guesses: number;
};

type Run = { desk: Desk; attacker: Attacker; defence: Defence; residents: Residents; loot: Loot };
type Context = { request_id: string; actor_id: string; client_id: string; purpose: string };

/**
 * Lets an attacker send so many queries. Who is refused for a while goes on sending, as a script does; those that would be
 * refused until the end of that day are counted and not sent.
 */
export async function surf(
  town: Town,
  residents: Residents,
  attacker: Attacker,
  defence: Defence,
  queries: number,
): Promise<Loot> {
  const desk = await openDesk(town, defence.settings);
  const loot = { found: 0, sent_before_lock: queries, guesses: 0, right_guesses: 0 };
  const run = { desk, attacker, defence, residents, loot };
  const client_id = randomUUID();
  const users = Array.from({ length: attacker.users }, () => contextOf(client_id));
  const queue = attacker.queries(town)[Symbol.iterator]();
  try {
    for (let sent = 0; sent < queries; sent += attacker.queries_per_day) {
      await oneDay(run, users, queue, sent, Math.min(attacker.queries_per_day, queries - sent));
      desk.clock.advance(86_400_000);
    }
    return loot;
  } finally {
    await desk.close();
  }
}

async function oneDay(run: Run, users: Context[], queue: Iterator<SearchQuery>, sent: number, queries: number) {
  let free = [...users];
  for (let number = 0; number < queries && free.length > 0; number += 1) {
    const query = queue.next();
    if (query.done) return;
    const user = free[number % free.length]!;
    const refusal = await oneQuery(run, user, query.value);
    if (refusal === undefined) continue;
    free = free.filter((one) => one !== user);
    if (refusal === 'search_locked') run.loot.sent_before_lock = Math.min(run.loot.sent_before_lock, sent + number);
  }
}

/** @returns the code of the refusal, if there was one. */
async function oneQuery({ desk, ...run }: Run, context: Context, query: SearchQuery): Promise<string | undefined> {
  try {
    let answer = await desk.client.startSearch({ body: query }, context);
    while (answer.result === 'question' && run.attacker.with_questions === 'guess') {
      const body = { dialogue: answer.dialogue, answer: guess(run, query, answer) };
      answer = await desk.client.replyToSearch({ body }, context);
      run.loot.guesses += 1;
      run.loot.right_guesses += Number(answer.result !== 'none');
    }
    run.loot.found += Number(answer.result === 'found');
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.status === 429) return error.code;
    throw error;
  }
}

/** Without decoys every option that is shown would be true of somebody whom the query fits. */
function guess({ defence, residents }: Omit<Run, 'desk'>, query: SearchQuery, question: Question): string {
  const { attribute, options } = question;
  if (defence.has_decoys) return options[randomInt(options.length)]!;
  const namesakes = residents.get(nameKey(query)) ?? [];
  const truths = options.filter((option) => namesakes.some((one) => answersOf(one, attribute).includes(option)));
  return truths[0] ?? options[0]!;
}

type Question = Extract<SearchAnswer, { result: 'question' }>;

export function contextOf(client_id: string): Context {
  return { request_id: 'surfing', actor_id: randomUUID(), client_id, purpose: 'person_search:treat' };
}

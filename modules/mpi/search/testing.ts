import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { Client } from '@zdravo/kit/client';
import { type SettableClock, settableClock } from '@zdravo/kit/clock';
import { Problem } from '@zdravo/kit/problem';
import type { contract, Person } from '../contract.ts';
import type { Mpi } from '../index.ts';
import { type MpiUnderTest, somebody, somePersons, startMpiForTest } from '../testing.ts';
import type { SearchAnswer, SearchQuery } from './contract.ts';

export type Context = { request_id: string; actor_id: string; client_id: string; purpose: string };

/** The search of an index of its own, on a day that can be moved. */
export type Desk = {
  under: MpiUnderTest;
  client: Client<typeof contract>;
  mpi: Mpi;
  clock: SettableClock;
  typical: Person[];
  search(body: SearchQuery, context?: Context): Promise<SearchAnswer>;
  reply(dialogue: string, answer: string | null, context: Context): Promise<SearchAnswer>;
  put(given: Partial<Person>): Promise<{ id: string; person: Person }>;
  whoIs(answer: SearchAnswer, context: Context): Promise<string>;
  canaries(actor_id: string): Promise<{ reason: string; path: string[] }[]>;
};

export async function openDesk(): Promise<Desk> {
  const under = await startMpiForTest();
  const clock = settableClock('2026-03-02T08:00:00Z', 'UTC');
  const typical = somePersons(600, 'typical');
  const options = { search: { settings: { floor_ms: 1 }, typicalPersons: () => typical }, clock };
  const { client, mpi } = await under.open(under.key_file, options);
  return {
    under,
    client,
    mpi,
    clock,
    typical,
    search: (body, context = clerk()) => client.startSearch({ body }, context),
    reply: (dialogue, answer, context) => client.replyToSearch({ body: { dialogue, answer } }, context),
    put: async (given) => {
      const person = somebody({ last_name: uniqueFamily(), ...given });
      return { id: (await under.put(person)).id, person };
    },
    whoIs: async (answer, context) => {
      assert.ok(answer.result === 'found', answer.result);
      return (await client.openHandle({ body: { handle: answer.handle } }, context)).person_id;
    },
    canaries: async (actor_id) => {
      const { rows } = await under.superuser.query(
        `select payload from mpi.outbox where type = 'search.canary' and object_id = $1 order by position`,
        [actor_id],
      );
      return rows.map(({ payload }) => payload);
    },
  };
}

export function clerk(client_id: string = randomUUID()): Context {
  return { request_id: 'search-test', actor_id: randomUUID(), client_id, purpose: 'person_search:treat' };
}

export function queryOf({ first_name, last_name, birth_date }: Person): SearchQuery & { birth_date: string } {
  return { first_name, last_name, birth_date };
}

export function question(answer: SearchAnswer) {
  assert.ok(answer.result === 'question', answer.result);
  return answer;
}

export function isProblem(status: number, code: string) {
  return (error: unknown) => error instanceof Problem && error.status === status && error.code === code;
}

let serial = 0;
/** Namesakes are nobody else's in a file. */
export function uniqueFamily(): string {
  const letters = 'бвгджзклмнпрст';
  let number = ++serial + 20_000;
  let name = '';
  for (; number > 0; number = Math.floor(number / letters.length)) name += `${letters[number % letters.length]}о`;
  return `Х${name}енко`;
}

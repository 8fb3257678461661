import { generateCountry } from '@zdravo/country-ua';
import type { Person } from '@zdravo/mpi/contract';
import type { SearchQuery } from '@zdravo/mpi/search-contract';
import type { Town } from './town.ts';

/** Somebody who looks for people they have no business with. */
export type Attacker = {
  /** Users of one organisation, who take turns. */
  users: number;
  queries_per_day: number;
  /** What they do with a question: pick an option, or leave it, having learned that there is somebody. */
  with_questions: 'guess' | 'leave';
  queries(town: Town): Iterable<SearchQuery>;
};

const as_many_as_allowed = 400;
const hasty = { users: 1, queries_per_day: as_many_as_allowed, with_questions: 'guess' } as const;

export const attackers: Record<string, Attacker> = {
  /** Has nothing but the public frequencies of names and days of birth. */
  name_list: { ...hasty, queries: plausiblePeople },
  /** Knows the full names of residents, from a social network, and not when they were born. */
  neighbour: { ...hasty, queries: fullNames },
  /** The same, and never answers a question. */
  prober: { ...hasty, with_questions: 'leave', queries: fullNames },
  /** Knows names and year of birth, and tries the days. */
  sweeper: { ...hasty, queries: everyDayOfAYear },
  /** Has a leaked list of names and days of birth, and wants to know who is registered. */
  leaked_list: { ...hasty, queries: namesAndDays },
  /** The same, a little every day. */
  trickle: { ...hasty, queries_per_day: 15, queries: namesAndDays },
  /** The same, by ten users of one clinic in turns. */
  ring: { ...hasty, users: 10, queries: namesAndDays },
};

function* plausiblePeople({ residents }: Town): Generator<SearchQuery> {
  const count = residents.length;
  const elsewhere = generateCountry({ seed: 'another town', persons: count });
  const days = [...elsewhere.persons(0, Math.min(count, 10_000))].map(({ person }) => person.birth_date);
  let at = 0;
  for (const { person } of elsewhere.persons()) {
    at += 7;
    yield { ...namesOf(person), birth_date: days[at % days.length]! };
  }
}

function* fullNames({ residents }: Town): Generator<SearchQuery> {
  for (const { person } of inNoOrder(residents))
    if (person.second_name) yield { ...namesOf(person), second_name: person.second_name };
}

function* everyDayOfAYear({ residents }: Town): Generator<SearchQuery> {
  for (const { person } of inNoOrder(residents)) {
    const day = new Date(`${person.birth_date.slice(0, 4)}-01-01T00:00:00Z`);
    const year = day.getUTCFullYear();
    for (; day.getUTCFullYear() === year; day.setUTCDate(day.getUTCDate() + 1))
      yield { ...namesOf(person), birth_date: day.toISOString().slice(0, 10) };
  }
}

function* namesAndDays({ residents }: Town): Generator<SearchQuery> {
  for (const { person } of inNoOrder(residents)) yield { ...namesOf(person), birth_date: person.birth_date };
}

function namesOf({ first_name, last_name }: Pick<Person, 'first_name' | 'last_name'>) {
  return { first_name, last_name };
}

/** Families stand together in the town, on nobody's list. */
function* inNoOrder<Item>(items: readonly Item[]): Generator<Item> {
  const step = 7919;
  for (let number = 0; number < items.length; number += 1) yield items[(number * step) % items.length]!;
}

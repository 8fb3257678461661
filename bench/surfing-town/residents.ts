import type { Person } from '@zdravo/mpi/contract';
import type { QuestionAttribute } from '@zdravo/mpi/search-contract';
import type { Town } from './town.ts';

/** Residents by family and given name: what the bench knows and no attacker does. */
export type Residents = ReadonlyMap<string, Person[]>;

export function residentsByName({ residents }: Town): Residents {
  return Map.groupBy(
    residents.map(({ person }) => person),
    nameKey,
  );
}

export function nameKey({ last_name, first_name }: Pick<Person, 'last_name' | 'first_name'>): string {
  return `${last_name} ${first_name}`;
}

/** What the person would answer to a question: the options that are true of them, in every spelling. */
export function answersOf(person: Person, attribute: QuestionAttribute): string[] {
  if (attribute === 'patronymic_initial') return [(person.second_name ?? '').slice(0, 1).toUpperCase()];
  if (attribute === 'birth_years') {
    const first = Number(person.birth_date.slice(0, 4)) - (Number(person.birth_date.slice(0, 4)) % 5);
    return [`${first}–${first + 4}`];
  }
  if (attribute === 'birth_settlement') return spellings(person.birth_settlement);
  const residence = person.addresses.find(({ type }) => type === 'RESIDENCE') ?? person.addresses[0];
  return spellings(String(residence?.['settlement'] ?? ''));
}

function spellings(settlement: string): string[] {
  const bare = settlement
    .toLowerCase()
    .replace(/^(м|с|смт|місто|село|селище)\.?\s+/, '')
    .replace(/[’'`ʼ]/g, '’');
  return [bare.replace(/(^|[ -])\p{L}/gu, (letter) => letter.toUpperCase())];
}

import type { Person } from '../contract.ts';

/** What of a person is kept in clear. */
export type Facts = { birth_month: string; gender: 'MALE' | 'FEMALE'; deceased_on: string | null };

export function factsOf(person: Person): Facts {
  return {
    birth_month: birthMonth(person.birth_date),
    gender: person.gender,
    deceased_on: person.death_date ?? null,
  };
}

/**
 * The first of the month from which on, on the first of any month, somebody has their full years: the birth month for
 * those born on the 1st, the month after for all others (design.md §3, birth dates in reports).
 */
export function birthMonth(birth_date: string): string {
  const [year, month, day] = birth_date.split('-').map(Number) as [number, number, number];
  if (day === 1) return birth_date;
  const next = month === 12 ? [year + 1, 1] : [year, month + 1];
  return `${String(next[0]).padStart(4, '0')}-${String(next[1]).padStart(2, '0')}-01`;
}

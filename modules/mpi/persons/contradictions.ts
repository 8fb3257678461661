import type { Person } from '../contract.ts';
import type { IdentityRules } from '../identity-rules.ts';
import { documents, taxIds } from '../indexes/composites.ts';

/**
 * Whether two records of the same full name, birth date and telephone contradict each other: another gender, another
 * tax number, or another number on a paper of the same kind. Absent contradicts nothing.
 */
export function contradict(one: Person, other: Person, rules: IdentityRules): boolean {
  if (one.gender !== other.gender || differ(taxIds(one), taxIds(other))) return true;
  const types = new Set(one.documents.map((document) => document.type));
  return [...types].some((type) => differ(numbersOf(one, type, rules), numbersOf(other, type, rules)));
}

function differ(ones: string[], others: string[]): boolean {
  return ones.length > 0 && others.length > 0 && !ones.some((value) => others.includes(value));
}

function numbersOf(person: Person, type: string, rules: IdentityRules): string[] {
  return documents(person, rules).flatMap(([of_type, number]) => (of_type === type ? [number!] : []));
}

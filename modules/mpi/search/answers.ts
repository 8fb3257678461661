import type { Person } from '../contract.ts';
import type { QuestionAttribute, SearchQuery } from './contract.ts';

/** The more it would tell a stranger, the later it is asked. */
export const attributes: readonly { name: QuestionAttribute; cost: number }[] = [
  { name: 'patronymic_initial', cost: 1 },
  { name: 'birth_years', cost: 2 },
  { name: 'birth_settlement', cost: 3 },
  { name: 'residence_settlement', cost: 4 },
];

/** What the person would answer; empty when the record does not say. */
export function trueAnswer(person: Person, attribute: QuestionAttribute): string {
  if (attribute === 'patronymic_initial') return [...(person.second_name ?? '').trim().toUpperCase()][0] ?? '';
  if (attribute === 'birth_years') return yearsAround(Number(person.birth_date.slice(0, 4)));
  if (attribute === 'birth_settlement') return shown(person.birth_settlement);
  const residence = person.addresses.find(({ type }) => type === 'RESIDENCE') ?? person.addresses[0];
  return typeof residence?.['settlement'] === 'string' ? shown(residence['settlement']) : '';
}

/** What the query says already is not asked. */
export function isGiven(query: SearchQuery, attribute: QuestionAttribute): boolean {
  if (attribute === 'patronymic_initial') return query.second_name !== undefined;
  if (attribute === 'birth_years') return query.birth_date !== undefined;
  return attribute === 'birth_settlement' && query.birth_settlement !== undefined;
}

/** Five years in which somebody was born: `1985–1989`. */
function yearsAround(year: number): string {
  const first = year - (year % 5);
  return `${first}–${first + 4}`;
}

/** One way to write a settlement among the options, whichever way the record has it. */
function shown(settlement: string): string {
  return placeKey(settlement).replace(/(^|[ -])\p{L}/gu, (letter) => letter.toUpperCase());
}

/** A settlement's name in one spelling; kinds of settlement and punctuation are left out. */
export function placeKey(text: string): string {
  const folded = text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[’'`ʼ]/g, '’');
  const words = folded.split(/[^\p{L}\p{N}’-]+/u);
  return words.filter((word) => word !== '' && !settlement_kinds.has(word)).join(' ');
}

const settlement_kinds = new Set(['м', 'місто', 'с', 'село', 'смт', 'селище']);

import type { Person } from '../contract.ts';
import { type IdentityRules, isIdentifying, plainNumber } from '../identity-rules.ts';
import { documents, phones, taxIds } from '../indexes/composites.ts';
import { settlementOf } from './sketch-fields.ts';

export type BlockDefinition = {
  /** Beyond those of the blind indexes; never reused. */
  id: number;
  /** Stands in every composite of the block, so that tokens of two blocks never meet. */
  name: string;
  /** Min-entropy on a million persons of the generated country, bits (`entropy.long.test.ts` measures it anew). */
  measured_bits: number;
  composites(values: BlockValues): string[][];
};

/** Of one person, as this country compares them; empty where nothing is known. */
export type BlockValues = Record<
  'family' | 'given' | 'patronymic' | 'birth_date' | 'settlement' | 'birthplace',
  string
> & {
  /** Both plain, in one order whichever way they were entered. */ sorted_names: string[];
  tax_ids: string[];
  document_numbers: string[];
  phones: string[];
};

/**
 * By what persons are found for comparison: each composite is rare, at least 15 bits of min-entropy, so that its token tells
 * nothing by itself (mpi.md §7.5, §8). Strangers who meet by chance grow with the square of the population, so that a block on
 * names and a date has a place or initials too (docs/mpi.md tells what that saves). A change here needs a re-index.
 */
export const block_definitions: readonly BlockDefinition[] = [
  { id: 101, name: 'tax_id', measured_bits: 19, composites: ({ tax_ids }) => tax_ids.map((tax_id) => [tax_id]) },
  {
    id: 102,
    name: 'document',
    measured_bits: 18,
    composites: ({ document_numbers }) => document_numbers.map((number) => [number]),
  },
  {
    id: 103,
    name: 'phone_birth',
    measured_bits: 18,
    composites: ({ phones: numbers, birth_date }) => numbers.map((phone) => [phone, birth_date]),
  },
  {
    id: 104,
    name: 'phone_given',
    measured_bits: 17,
    composites: ({ phones: numbers, given }) => numbers.map((phone) => [phone, given]),
  },
  {
    id: 109,
    name: 'swapped_birth',
    measured_bits: 17,
    composites: ({ sorted_names, birth_date }) => [[...sorted_names, birth_date]],
  },
  {
    id: 110,
    name: 'full_name_settlement',
    measured_bits: 17,
    composites: ({ family, given, patronymic, settlement, birth_date }) => [
      [family, given, patronymic, settlement, birth_date.slice(0, 4)],
    ],
  },
  {
    id: 111,
    name: 'family_birth_initials',
    measured_bits: 18,
    composites: ({ family, birth_date, given, patronymic }) => [
      [family, birth_date, initial(given), initial(patronymic)],
    ],
  },
  {
    id: 112,
    name: 'given_birth_settlement_initial',
    measured_bits: 18,
    composites: ({ given, birth_date, settlement, patronymic }) => [
      [given, birth_date, settlement, initial(patronymic)],
    ],
  },
  {
    id: 113,
    name: 'given_birth_birthplace_initial',
    measured_bits: 18,
    composites: ({ given, birth_date, birthplace, patronymic }) => [
      [given, birth_date, birthplace, initial(patronymic)],
    ],
  },
  {
    id: 114,
    name: 'family_birth_settlement',
    measured_bits: 18,
    composites: ({ family, birth_date, settlement }) => [[family, birth_date, settlement]],
  },
];

/** Every composite of a person with the name of its block before it; one with an absent value does not exist. */
export function blockComposites(person: Person, rules: IdentityRules): string[][] {
  const values = blockValues(person, rules);
  return block_definitions.flatMap(({ name, composites }) =>
    composites(values)
      .filter((composite) => !composite.includes(''))
      .map((composite) => [name, ...composite]),
  );
}

/** One for all who have no such name, so that they meet among themselves. */
function initial(name: string): string {
  return name.slice(0, 1) || '-';
}

export function blockValues(person: Person, rules: IdentityRules): BlockValues {
  return {
    family: rules.family_name(person.last_name),
    given: rules.given_name(person.first_name),
    patronymic: rules.patronymic(person.second_name ?? ''),
    birth_date: person.birth_date,
    settlement: rules.family_name(settlementOf(person)),
    birthplace: rules.family_name(person.birth_settlement),
    sorted_names: [plainNumber(person.first_name), plainNumber(person.last_name)].sort(),
    tax_ids: taxIds(person),
    document_numbers: documents(person, rules).map(([, number]) => number!),
    // Numbers that clerks enter where none is known would join everybody.
    phones: phones(person, rules).filter(isIdentifying),
  };
}

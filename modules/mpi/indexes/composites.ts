import type { Person } from '../contract.ts';
import { type IdentityRules, isIdentifying, plainNumber } from '../identity-rules.ts';

/** The values of one composite, in order. A composite with an absent value does not exist: absent is not equal. */
export type Composite = readonly string[];

export type IndexName =
  | 'tax_id'
  | 'document'
  | 'names'
  | 'full_names'
  | 'phone_birth'
  | 'phone'
  | 'family_birth'
  | 'given_patronymic_birth'
  | 'full_name';

export type IndexDefinition = {
  /** Stands in every row of the index; never reused. */
  id: number;
  name: IndexName;
  /** Min-entropy on a million persons of the generated country, bits (`entropy.long.test.ts` measures it anew). */
  measured_bits: number;
  composites(person: Person, rules: IdentityRules): Composite[];
};

/**
 * Every blind index there is: composites or naturally unique identifiers only, each with at least 15 bits of
 * min-entropy, so that a stolen index has no commonest value worth guessing (mpi.md §8).
 */
export const index_definitions: readonly IndexDefinition[] = [
  { id: 1, name: 'tax_id', measured_bits: 19, composites: (person) => taxIds(person).map((tax_id) => [tax_id]) },
  { id: 2, name: 'document', measured_bits: 19, composites: (person, rules) => documents(person, rules) },
  { id: 3, name: 'names', measured_bits: 18, composites: (person, rules) => names(person, rules) },
  { id: 4, name: 'full_names', measured_bits: 18, composites: (person, rules) => fullNames(person, rules) },
  {
    id: 5,
    name: 'phone_birth',
    measured_bits: 18,
    composites: (person, rules) => phones(person, rules).map((phone) => [phone, person.birth_date]),
  },
  {
    id: 6,
    name: 'phone',
    measured_bits: 17,
    composites: (person, rules) => phones(person, rules).map((phone) => [phone]),
  },
  // The last three are for searches by people, who mistype one name or do not know the day of birth.
  { id: 7, name: 'family_birth', measured_bits: 17, composites: familyBirth },
  { id: 8, name: 'given_patronymic_birth', measured_bits: 17, composites: givenPatronymicBirth },
  { id: 9, name: 'full_name', measured_bits: 15, composites: fullName },
];

export type IdentityKey = { strength: 'tax_id' | 'document'; composite: Composite };

/**
 * What makes two records one person without further questions: the same identifier *and* birth date *and* given name
 * *and* family name or patronymic. An identifier alone does not: a parent's passport is given for a child, twins share
 * one, a number is mistyped. Of family name and patronymic one is enough, so that marriage changes nothing.
 */
export function identityKeys(person: Person, rules: IdentityRules): IdentityKey[] {
  const given_name = rules.given_name(person.first_name);
  if (given_name === '') return [];
  const identifiers: IdentityKey[] = [
    ...taxIds(person).map((tax_id) => ({ strength: 'tax_id', composite: ['tax_id', tax_id] }) as const),
    ...documents(person, rules).map((composite) => ({ strength: 'document', composite }) as const),
  ];
  const anchors = [
    ['family_name', rules.family_name(person.last_name)],
    ['patronymic', rules.patronymic(person.second_name ?? '')],
  ].filter(([, name]) => name !== '') as [string, string][];
  return identifiers.flatMap(({ strength, composite }) =>
    anchors.map((anchor) => ({ strength, composite: [...composite, person.birth_date, given_name, ...anchor] })),
  );
}

/** The tax number, when it can tell people apart. */
export function taxIds(person: Pick<Person, 'tax_id'>): string[] {
  const tax_id = plainNumber(person.tax_id ?? '');
  return isIdentifying(tax_id) ? [tax_id] : [];
}

/** All telephones of a person, the one that codes are sent to included. */
export function phones(person: Pick<Person, 'phones' | 'authentication_methods'>, rules: IdentityRules): string[] {
  const numbers = [
    ...(person.phones ?? []).map((phone) => phone.number),
    ...person.authentication_methods.flatMap((method) => method.phone_number ?? []),
  ];
  return unique(numbers.map((number) => phoneKey(number, rules)).filter((phone) => phone !== ''));
}

export function phoneKey(number: string, rules: IdentityRules): string {
  return rules.phone?.(number) ?? number.replace(/\D/g, '');
}

/** Type and number of the papers whose numbers can tell people apart. */
export function documents(person: Person, rules: IdentityRules): Composite[] {
  const keys = person.documents.map(({ type, number }) => [
    type,
    rules.document_number?.(type, number) ?? plainNumber(number),
  ]);
  return unique(keys.filter(([, number]) => isIdentifying(number!)).map((key) => JSON.stringify(key))).map(
    (key) => JSON.parse(key) as Composite,
  );
}

function names(person: Named, rules: IdentityRules): Composite[] {
  const composite = [rules.family_name(person.last_name), rules.given_name(person.first_name), person.birth_date];
  return composite.includes('') ? [] : [composite];
}

function fullNames(person: Named, rules: IdentityRules): Composite[] {
  const patronymic = rules.patronymic(person.second_name ?? '');
  return patronymic === '' ? [] : names(person, rules).map((composite) => [...composite, patronymic]);
}

function familyBirth(person: Named, rules: IdentityRules): Composite[] {
  return complete([rules.family_name(person.last_name), person.birth_date]);
}

function givenPatronymicBirth(person: Named, rules: IdentityRules): Composite[] {
  return complete([rules.given_name(person.first_name), rules.patronymic(person.second_name ?? ''), person.birth_date]);
}

function fullName(person: Named, rules: IdentityRules): Composite[] {
  const names = [rules.family_name(person.last_name), rules.given_name(person.first_name)];
  return complete([...names, rules.patronymic(person.second_name ?? '')]);
}

function complete(composite: string[]): Composite[] {
  return composite.includes('') ? [] : [composite];
}

export type Named = Pick<Person, 'first_name' | 'last_name' | 'second_name' | 'birth_date'>;

function unique(values: string[]): string[] {
  return [...new Set(values)];
}

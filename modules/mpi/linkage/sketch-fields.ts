import { buildFields, type Field, type ResolvedField, type TypeName } from '@zdravo/linkage';
import type { Person } from '../contract.ts';
import type { IdentityRules } from '../identity-rules.ts';
import { documents, phones, taxIds } from '../indexes/composites.ts';

const types = {
  first_name: 'given_name',
  last_name: 'surname',
  second_name: 'given_name',
  birth_date: 'date',
  tax_id: 'identifier',
  document: 'identifier',
  phone: 'phone',
  settlement: 'name',
  birth_settlement: 'name',
  gender: 'category',
} as const satisfies Record<string, TypeName>;

/** What of a person is compared, in the order in which a sketch holds it. A change here needs a new `sketch_version`. */
export const sketch_fields: readonly ResolvedField[] = Object.entries(types).map(([name, type]) => ({
  name,
  type,
  columns: [name],
  weight: 1,
  weights: {},
  ...(name === 'first_name' ? { swaps_with: 'last_name' } : {}),
}));

/** The same, ready to compare. */
export const comparable_fields: readonly Field[] = buildFields(sketch_fields);

/** A person's values in the order of `sketch_fields`; empty where nothing comparable is known. */
export function sketchValues(person: Person, rules: IdentityRules): string[] {
  const [document] = documents(person, rules);
  const [phone] = phones(person, rules);
  return [
    person.first_name,
    person.last_name,
    person.second_name ?? '',
    person.birth_date,
    taxIds(person)[0] ?? '',
    document?.[1] ?? '',
    phone ?? '',
    settlementOf(person),
    person.birth_settlement,
    person.gender,
  ];
}

export function settlementOf(person: Person): string {
  const { addresses } = person;
  const address = addresses.find(({ type }) => type === 'RESIDENCE') ?? addresses[0];
  const settlement = address?.['settlement'];
  return typeof settlement === 'string' ? settlement : '';
}

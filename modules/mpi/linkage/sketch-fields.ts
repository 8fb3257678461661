import { buildFields, type Field, type ResolvedField, type TypeName } from '@zdravo/linkage';
import type { Person } from '../contract.ts';
import { type IdentityRules, isIdentifying, plainNumber } from '../identity-rules.ts';
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

function settlementOf(person: Person): string {
  const { addresses } = person;
  const address = addresses.find(({ type }) => type === 'RESIDENCE') ?? addresses[0];
  const settlement = address?.['settlement'];
  return typeof settlement === 'string' ? settlement : '';
}

/** The composites by which pairs of persons are found for comparison; each is rare, so that its token tells nothing by itself. */
export function blockComposites(person: Person, rules: IdentityRules): string[][] {
  const family = rules.family_name(person.last_name);
  const given = rules.given_name(person.first_name);
  const patronymic = rules.patronymic(person.second_name ?? '');
  const { birth_date } = person;
  const settlement = rules.family_name(settlementOf(person));
  const birthplace = rules.family_name(person.birth_settlement);
  const composites = [
    ...taxIds(person).map((tax_id) => ['tax_id', tax_id]),
    ...documents(person, rules).map(([, number]) => ['document', number!]),
    ...phones(person, rules).flatMap((phone) => [
      ['phone_birth', phone, birth_date],
      ['phone_given', phone, given],
    ]),
    ['family_birth', family, birth_date],
    ['given_birth_settlement', given, birth_date, settlement],
    ['given_birth_birthplace', given, birth_date, birthplace],
    ['given_patronymic_birth', given, patronymic, birth_date],
    ['swapped_birth', ...[plainNumber(person.first_name), plainNumber(person.last_name)].sort(), birth_date],
    ['full_name_settlement', family, given, patronymic, settlement, birth_date.slice(0, 4)],
  ];
  return composites.filter((composite) => !composite.includes('') && !isMadeUp(composite));
}

/** Numbers that clerks enter where none is known would join everybody. */
function isMadeUp([kind, number]: string[]): boolean {
  return (kind === 'phone_birth' || kind === 'phone_given') && !isIdentifying(number!);
}

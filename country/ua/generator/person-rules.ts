import type { DeclarationPerson } from './types.ts';

/** The patterns of domain.md Annex C that the parts of a person have to match. */
const text = /^(?!.*[ЫЪЭЁыъэё@%&$^#])[a-zA-ZА-ЯҐЇІЄа-яґїіє0-9№"!^*)\][(._-].*$/;
const building =
  /^[1-9]([0-9]{1,3})?(([ -]{1})?(?![ЫЪЭЁыъэё])[А-ЯҐЇЄа-яґїє]{1})?((\s)?(\\|\/)(\s)?[1-9]([0-9]{1,3})?(([ -]{1})?(?![ЫЪЭЁыъэё])[А-ЯҐЇЄа-яґїє]{1})?)?$/;
const tax_id = /^[1-9]([0-9]{7}|[0-9]{9})$/;
const phone = /^\+38[0-9]{10}$/;
const id = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const date = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const any = /./;

type Shape = { [member: string]: RegExp | [Shape] | Shape };

const phones: [Shape] = [{ type: any, number: phone }];
const documents: [Shape] = [{ type: any, number: any }];
const born = { birth_date: date, birth_country: any, birth_settlement: text, gender: /^(MALE|FEMALE)$/ };
const address: Shape = {
  type: /^(REGISTRATION|RESIDENCE)$/,
  country: /^UA$/,
  area: text,
  'region?': text,
  settlement: text,
  settlement_type: any,
  settlement_id: id,
  'street_type?': any,
  'street?': text,
  building,
  'apartment?': any,
  'zip?': /^[0-9]{5}$/,
};
const names: Shape = { first_name: text, last_name: text, 'second_name?': text };
const secret = /^(?!.*[ЫЪЭЁыъэё@%&$^#]).{6,}$/;
const confidant: Shape = {
  ...names,
  ...born,
  relation_type: /^(PRIMARY|SECONDARY)$/,
  'tax_id?': tax_id,
  secret,
  documents_person: documents,
  documents_relationship: documents,
  'phones?': phones,
};
const person_shape: Shape = {
  ...names,
  ...born,
  'email?': /^[a-z.0-9]+@example\.com$/,
  'tax_id?': tax_id,
  secret,
  documents,
  addresses: [address],
  'phones?': phones,
  authentication_methods: [{ type: /^(OTP|OFFLINE)$/, 'phone_number?': phone }],
  emergency_contact: { ...names, phones },
  'confidant_person?': [confidant],
  patient_signed: /^false$/,
  process_disclosure_data_consent: /^true$/,
};

/** Where a generated person breaks the closed schema of a declaration request's person; empty when it is right. */
export function brokenPersonRules(person: DeclarationPerson): string[] {
  const types = person.addresses.map(({ type }) => type).join();
  return [
    ...broken(person, person_shape, '$'),
    ...(types === 'REGISTRATION,RESIDENCE' ? [] : [`$.addresses: ${types}`]),
  ];
}

function broken(value: unknown, rule: Shape[string], path: string): string[] {
  if (rule instanceof RegExp)
    return typeof value === 'object' || !rule.test(String(value)) ? [`${path}: ${value}`] : [];
  if (Array.isArray(rule)) {
    if (!Array.isArray(value) || value.length === 0) return [`${path}: no items`];
    return value.flatMap((item, place) => broken(item, rule[0], `${path}[${place}]`));
  }
  const members = new Map(Object.entries(value as object));
  const wrong = Object.entries(rule).flatMap(([name, member]) => {
    const bare = name.replace('?', '');
    const found = members.get(bare);
    const present = members.delete(bare);
    return present || !name.endsWith('?') ? broken(found, member, `${path}.${bare}`) : [];
  });
  return [...wrong, ...[...members.keys()].map((name) => `${path}.${name}: not allowed`)];
}

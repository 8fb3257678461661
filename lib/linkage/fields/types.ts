import type { DateOrder } from '../comparators/dates.ts';
import { identifierType, phoneType, postcodeType } from './codes.ts';
import { dateType, numberType } from './dates-and-numbers.ts';
import type { FieldType } from './field-type.ts';
import { givenNameType, plainNameType, surnameType } from './names.ts';
import { categoryType, emailType, setType, textType } from './texts.ts';

/** The kinds of values that a configuration may name. */
export const TYPE_NAMES = [
  'given_name',
  'surname',
  'name',
  'date',
  'identifier',
  'phone',
  'email',
  'postcode',
  'text',
  'number',
  'category',
  'set',
] as const;
export type TypeName = (typeof TYPE_NAMES)[number];

/** What a configuration may say about a type beyond its name. */
export interface TypeOptions {
  equivalents?: readonly (readonly string[])[];
  date_order?: DateOrder;
  tolerance?: number;
}

const MAKERS: Record<TypeName, (options: TypeOptions) => FieldType> = {
  given_name: (options) => givenNameType(options.equivalents),
  surname: (options) => surnameType(options.equivalents),
  name: (options) => plainNameType(options.equivalents),
  date: (options) => dateType(options.date_order),
  identifier: () => identifierType(),
  phone: () => phoneType(),
  email: () => emailType(),
  postcode: () => postcodeType(),
  text: () => textType(),
  number: (options) => numberType(options.tolerance),
  category: () => categoryType(),
  set: () => setType(),
};

/** The comparison rules of a type. */
export function fieldType(name: TypeName, options: TypeOptions = {}): FieldType {
  return MAKERS[name](options);
}

const SYNONYMS: Record<string, TypeName> = {
  first_name: 'given_name',
  firstname: 'given_name',
  forename: 'given_name',
  given: 'given_name',
  middle_name: 'given_name',
  second_name: 'given_name',
  patronymic: 'given_name',
  last_name: 'surname',
  lastname: 'surname',
  family_name: 'surname',
  family: 'surname',
  full_name: 'name',
  person_name: 'name',
  string: 'name',
  place: 'name',
  city: 'name',
  settlement: 'name',
  dob: 'date',
  birth_date: 'date',
  birthdate: 'date',
  date_of_birth: 'date',
  datetime: 'date',
  id: 'identifier',
  code: 'identifier',
  exact: 'identifier',
  ssn: 'identifier',
  tax_id: 'identifier',
  document: 'identifier',
  number_id: 'identifier',
  telephone: 'phone',
  mobile: 'phone',
  tel: 'phone',
  mail: 'email',
  e_mail: 'email',
  zip: 'postcode',
  zipcode: 'postcode',
  postal_code: 'postcode',
  address: 'text',
  street: 'text',
  free_text: 'text',
  integer: 'number',
  int: 'number',
  float: 'number',
  numeric: 'number',
  year: 'number',
  month: 'number',
  day: 'number',
  enum: 'category',
  categorical: 'category',
  gender: 'category',
  sex: 'category',
  boolean: 'category',
  list: 'set',
  array: 'set',
};

/** The type that a word in a configuration means, with the usual synonyms; undefined for a word that means none. */
export function findTypeName(word: string): TypeName | undefined {
  const key = word
    .trim()
    .toLowerCase()
    .replace(/[\s-]+/g, '_');
  return TYPE_NAMES.find((name) => name === key) ?? SYNONYMS[key];
}

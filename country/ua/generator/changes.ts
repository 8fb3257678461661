import { addDays } from '../calendar.ts';
import { givenNameVariants } from '../names/given-names.ts';
import { genderedSurname } from '../names/surnames.ts';
import { transliterate } from '../names/transliteration.ts';
import { drawSurname } from './names.ts';
import { type Random, weighted } from './random.ts';
import type { DeclarationPerson, PersonAddress } from './types.ts';

/** What makes a second record of somebody differ from the first. */
export type Change =
  | 'typo'
  | 'marriage'
  | 'transliteration'
  | 'name_variant'
  | 'swapped_names'
  | 'birth_date'
  | 'new_phone'
  | 'moved'
  | 'other_document'
  | 'no_tax_id'
  | 'no_patronymic';

type Rewrite = (random: Random, person: DeclarationPerson, fresh: Fresh) => DeclarationPerson;

/** Values that no other record has: a telephone, a document. */
export type Fresh = { phone: string; national_id: string; address: (random: Random) => PersonAddress };

const rewrites: Record<Change, Rewrite> = {
  typo: misspelt,
  marriage: married,
  transliteration: (_, person) => ({ ...person, ...withNames(person, transliterate) }),
  name_variant: variantName,
  swapped_names: (_, person) => ({ ...person, first_name: person.last_name, last_name: person.first_name }),
  birth_date: (random, person) => ({ ...person, birth_date: wrongDate(random, person.birth_date) }),
  new_phone: newPhone,
  moved: (random, person, fresh) => ({ ...person, addresses: [person.addresses[0]!, fresh.address(random)] }),
  other_document: otherDocument,
  no_tax_id: (_, { tax_id, ...person }) => person,
  no_patronymic: (_, { second_name, ...person }) => person,
};

/** How often each change is made, of all changes. */
const common = weighted<[Change, number]>(
  [
    ['typo', 22],
    ['name_variant', 12],
    ['new_phone', 18],
    ['moved', 14],
    ['no_tax_id', 12],
    ['other_document', 10],
    ['marriage', 8],
    ['no_patronymic', 5],
    ['birth_date', 5],
    ['swapped_names', 3],
    ['transliteration', 3],
  ],
  ([, weight]) => weight,
);

/** A change that can happen to that person: only women marry into another name here, only tax numbers that are there go. */
export function drawChange(random: Random, person: DeclarationPerson, grown: boolean): Change {
  const [change] = random.weighted(common);
  if (change === 'marriage' && !(grown && person.gender === 'FEMALE')) return 'typo';
  if (change === 'other_document' && !grown) return 'typo';
  if (change === 'no_tax_id' && person.tax_id === undefined) return 'new_phone';
  if (change === 'no_patronymic' && person.second_name === undefined) return 'typo';
  return change;
}

/** The record after the change; the given one stays as it is. */
export function changed(random: Random, person: DeclarationPerson, change: Change, fresh: Fresh): DeclarationPerson {
  return rewrites[change](random, person, fresh);
}

function withNames(person: DeclarationPerson, rewrite: (name: string) => string) {
  const { first_name, last_name, second_name } = person;
  return {
    first_name: rewrite(first_name),
    last_name: rewrite(last_name),
    ...(second_name === undefined ? {} : { second_name: rewrite(second_name) }),
  };
}

function misspelt(random: Random, person: DeclarationPerson): DeclarationPerson {
  const field = random.pick(['first_name', 'last_name', 'last_name', 'second_name', 'document', 'tax_id'] as const);
  if (field === 'document') {
    const [first, ...others] = person.documents;
    return { ...person, documents: [{ ...first!, number: wrongDigit(random, first!.number) }, ...others] };
  }
  const value = person[field];
  if (value === undefined) return { ...person, last_name: misspeltName(random, person.last_name) };
  return { ...person, [field]: field === 'tax_id' ? wrongDigit(random, value) : misspeltName(random, value) };
}

const confused: Record<string, string> = {
  и: 'і',
  і: 'и',
  е: 'є',
  є: 'е',
  ї: 'і',
  г: 'ґ',
  о: 'а',
  а: 'о',
  ш: 'щ',
  з: 'с',
  д: 'т',
};

/** One letter left out, doubled, turned with its neighbour or confused; the first stays, as it mostly does. */
function misspeltName(random: Random, name: string): string {
  if (name.length < 3) return name;
  const at = random.between(1, name.length - 2);
  const letter = name[at]!;
  const kind = random.below(4);
  if (kind === 0) return name.slice(0, at) + name.slice(at + 1);
  if (kind === 1) return name.slice(0, at) + letter + name.slice(at);
  if (kind === 2) return name.slice(0, at) + name[at + 1] + letter + name.slice(at + 2);
  return name.slice(0, at) + (confused[letter] ?? 'о') + name.slice(at + 1);
}

function wrongDigit(random: Random, number: string): string {
  const digits = [...number].flatMap((letter, place) => (/[0-9]/.test(letter) && place > 0 ? [place] : []));
  const at = random.pick(digits);
  return number.slice(0, at) + String((Number(number[at]) + random.between(1, 9)) % 10) + number.slice(at + 1);
}

function married(random: Random, person: DeclarationPerson): DeclarationPerson {
  return { ...person, last_name: genderedSurname(drawSurname(random), person.gender) };
}

function variantName(random: Random, person: DeclarationPerson): DeclarationPerson {
  // Pattern P1 of the reference refuses the letters that only Russian has.
  const variants = givenNameVariants(person.first_name).filter((variant) => !/[ыъэё]/i.test(variant));
  if (variants.length === 0) return misspelt(random, person);
  return { ...person, first_name: random.chance(600) ? variants[0]! : random.pick(variants) };
}

/** Day and month turned where that makes a date, else a day or a year off. */
function wrongDate(random: Random, date: string): string {
  const [year, month, day] = date.split('-') as [string, string, string];
  if (day <= '12' && day !== month && random.chance(500)) return `${year}-${day}-${month}`;
  if (random.chance(500)) return addDays(date, -1);
  return addDays(date, -365);
}

function newPhone(_: Random, person: DeclarationPerson, fresh: Fresh): DeclarationPerson {
  return {
    ...person,
    phones: [{ type: 'MOBILE', number: fresh.phone }],
    authentication_methods: [{ type: 'OTP', phone_number: fresh.phone }],
  };
}

/** The card instead of the booklet, or a new card. */
function otherDocument(_: Random, person: DeclarationPerson, fresh: Fresh): DeclarationPerson {
  return { ...person, documents: [{ type: 'NATIONAL_ID', number: fresh.national_id }] };
}

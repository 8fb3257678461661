import { normaliseDate } from './comparators/dates.ts';
import { normaliseNumber } from './comparators/numbers.ts';
import { isAbsent } from './comparators/text.ts';
import { type FieldConfig, plainField } from './config.ts';
import type { TypeName } from './fields/types.ts';

/** What the first rows of a column look like. Shares are of the present values, 0…1. */
export interface ColumnProfile {
  name: string;
  rows: number;
  present: number;
  distinct: number;
  dates: number;
  integers: number;
  emails: number;
  withDigits: number;
  words: number;
  length: number;
  values: readonly string[];
}

/** Profiles the columns of some rows of an input. */
export function profileColumns(header: readonly string[], rows: readonly (readonly string[])[]): ColumnProfile[] {
  return header.map((name, column) => {
    const values = rows.map((row) => (row[column] ?? '').trim()).filter((value) => !isAbsent(value));
    const share = (test: (value: string) => boolean): number => values.filter(test).length / Math.max(1, values.length);
    const mean = (measure: (value: string) => number): number =>
      values.reduce((sum, value) => sum + measure(value), 0) / Math.max(1, values.length);
    return {
      name,
      rows: rows.length,
      present: values.length,
      distinct: new Set(values).size,
      dates: share((value) => value.length > 5 && normaliseDate(value) !== null && hasPlausibleYear(value)),
      integers: share((value) => /^\d+$/.test(value)),
      emails: share((value) => /^[^@\s]+@[^@\s]+$/.test(value)),
      withDigits: share((value) => /\d/.test(value)),
      words: mean((value) => value.split(/\s+/).length),
      length: mean((value) => value.length),
      values,
    };
  });
}

function hasPlausibleYear(value: string): boolean {
  return /^(1[5-9]|20)/.test(normaliseDate(value)!);
}

const RECORD_ID = /^(unique|rec|record|row|source)?_?id$|^rec_?num$|^uid$|^uuid$|^key$/i;

/**
 * The column that identifies records: named so and without repetition, or the first one, when it counts them. Taken for
 * data, such a column would say of every pair that an identifier differs.
 */
export function guessId(profiles: readonly ColumnProfile[]): string | undefined {
  const unique = profiles.filter(({ rows, distinct }) => rows > 0 && distinct === rows);
  const names = [RECORD_ID, /(^|_)id$/i];
  for (const name of names) {
    const found = unique.find((profile) => name.test(profile.name.trim()));
    if (found !== undefined) return found.name;
  }
  const [first] = profiles;
  return first !== undefined && unique.includes(first) && countsRecords(first) ? first.name : undefined;
}

/** A counter, with a prefix or without one, that leaves out next to nothing of what it runs through; or UUIDs. */
function countsRecords({ name, rows, values }: ColumnProfile): boolean {
  if (BY_NAME.some(([pattern]) => pattern.test(headerWords(name))) || rows < FEWEST_TO_JUDGE) return false;
  if (values.every((value) => UUID.test(value))) return true;
  const parts = values.map((value) => /^(\D*)(\d{1,12})$/.exec(value));
  if (parts.some((part) => part === null || part[1] !== parts[0]![1])) return false;
  const numbers = parts.map((part) => Number(part![2]));
  const [lowest, highest] = [Math.min(...numbers), Math.max(...numbers)];
  return lowest <= 1 || highest - lowest < 2 * rows;
}
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

const NOT_DATA =
  /^(row|rownum|index|unnamed.*|cluster.*|label|ground_?truth|truth|true_.*|is_?match|match.*|ent_?id|entity.*|group_?id|source|dataset|file|split|created.*|updated.*|modified.*|inserted.*|timestamp|version|url|comment.*|note.*)$/;

const FULL_NAME =
  /full_?name|person_?name|^name$|first_and|піб|фио|ονοματεπώνυμο|(^|_)(ad_soyad|nombre_completo|navn|namn)(_|$)/;

const BY_NAME: readonly [RegExp, TypeName][] = [
  [/e_?mail|courriel|correo|пошта/, 'email'],
  [
    /phone|mobile|(^|_)(handy|tel|cell|fax|msisdn|telef[oó]n[oaey]?|portable|movil|puhelin|telefonu)(_|$)|телефон|τηλέφωνο|κινητό/,
    'phone',
  ],
  [/post_?code|zip|postal|postleitzahl|(^|_)(plz|cap|cep|psc)(_|$)|індекс|индекс|поштовий/, 'postcode'],
  [
    /^(sex|sexe|sexo|sesso|gender|geschlecht|plec|płeć|pohlavi|cinsiyet|geslacht|k[oö]n|sukupuoli|nem|gi[oớ]i_t[ií]nh|стать|пол|φύλο)$/,
    'category',
  ],
  [FULL_NAME, 'name'],
  [
    /maiden|sur_?name|last_?name|family|(^|_)(lname|sname|lastname|nachname|apellido)|(^|_)(familienname|cognome|nazwisko|prijmeni|příjmení)(_|$)|^(last|nom|nom_de_famille|sobrenome)$|(^|_)(soyad[iı]?|apelido|achternaam|efternavn|efternamn|etternavn|sukunimi|csal[aá]dn[eé]v|vezet[eé]kn[eé]v|prezime|pavard[eė])(_|$)|прізвище|фамил|επώνυμο/,
    'surname',
  ],
  [
    /fore_?name|first_?name|given|middle|patronym|second_?name|nick_?name|(^|_)(fname|mname|vorname|nombre)|(^|_)(pr[eé]noms?|imi[eę]|imiona|jm[eé]no|drugie_imie)(_|$)|^(first|nome|ad[iı]?)$|(^|_)(isim|voornaam|fornavn|f[oö]rnamn|etunimi|keresztn[eé]v|ut[oó]n[eé]v|ime|vardas|prenume)(_|$)|ім.?я|батькові|отчество|^имя|όνομα|πατρώνυμο/,
    'given_name',
  ],
  [
    /(^|_)(city|town|suburb|settlement|village|county|country|district|place|birth_?place|municipality|region|місто|населений)|(^|_)(ville|ciudad|stadt|miasto|miejscowość|comune|citt[aà]|m[eě]sto|город|ort|wohnort|[sş]ehir|il|il[cç]e|t[iỉ]nh|cidade|stad|plaats|kaupunki|v[aá]ros|ora[sș])(_|$)|πόλη|νομός/,
    'name',
  ],
  [/(street|house|building|flat|apartment|unit)_?(no|num|number)/, 'number'],
  [
    /address|street|addr|memo|description|title|адрес|вулиця|улица|(^|_)(anschrift|stra(ss|ß)e|adres[se]?|rue|calle|direcci[oó]n|indirizzo|via|ulica|adresi?|địa_chỉ|dia_chi|endere[cç]o|adres|osoite|c[ií]m)(_|$)|διεύθυνση|οδός/,
    'text',
  ],
  [
    /ssn|soc_?sec|social|national|passport|document|(^|_)(doc|tax|nhs|inn|nino|mrn|ipn|rnokpp|unzr|pesel|edrpou|licen[cs]e)|ident|серія|(^|_)(tc|tckn|kimlik|cccd|cmnd|dni|nif|nie|curp|cpf|bsn|cnp|afm)(_|$)|αφμ|αμκα/,
    'identifier',
  ],
];

const MOST_GUESSED = 16;
/** A column that never changes says nothing; of a few rows that cannot be told. */
const FEWEST_TO_JUDGE = 20;

/** A column that is named like an identifier of records but repeats, so that it is none. */
export function findRepeatingId(profiles: readonly ColumnProfile[]): string | undefined {
  return profiles.find(({ name, rows, distinct }) => rows > 1 && distinct < rows && RECORD_ID.test(name.trim()))?.name;
}

/** Fields for the columns that look like data, with types by name and content. */
export function guessFields(
  profiles: readonly ColumnProfile[],
  except: readonly (string | undefined)[],
): FieldConfig[] {
  const usable = mostTelling(profiles.filter((profile) => !except.includes(profile.name) && isData(profile)));
  const date = findSplitDate(usable);
  const single = usable.filter(({ name }) => !date?.columns.includes(name));
  const fields = single.map((profile) => plainField(profile.name, guessType(profile)));
  const kept = withoutDerivedNames(fields);
  return date === undefined ? kept : [...kept, date];
}

/** Of very many columns those with the most different values: patterns of more could not be numbered, and the rest adds little. */
function mostTelling(profiles: readonly ColumnProfile[]): readonly ColumnProfile[] {
  if (profiles.length <= MOST_GUESSED) return profiles;
  const kept = profiles.toSorted((one, other) => other.distinct - one.distinct).slice(0, MOST_GUESSED);
  return profiles.filter((profile) => kept.includes(profile));
}

/** The type of one column. */
export function guessType(profile: ColumnProfile): TypeName {
  const name = headerWords(profile.name);
  if (profile.emails > 0.5) return 'email';
  if (profile.dates > 0.8 || (/dob|birth|born|date|дата/.test(name) && profile.dates > 0.5)) return 'date';
  const named = BY_NAME.find(([pattern]) => pattern.test(name))?.[1];
  if (named !== undefined && !(named === 'number' && profile.integers < 0.8)) return named;
  return guessByContent(profile);
}

function guessByContent({ distinct, present, integers, withDigits, words, length, values }: ColumnProfile): TypeName {
  if (distinct <= 12 || (distinct <= 60 && distinct < present * 0.02)) return 'category';
  if (integers > 0.9) return length >= 6 && distinct > present * 0.2 ? 'identifier' : 'number';
  if (values.every((value) => normaliseNumber(value) !== null)) return 'number';
  if (words > 2.5) return 'text';
  if (withDigits > 0.8 && words < 1.5) return 'identifier';
  return 'name';
}

function isData({ name, distinct, present, rows }: ColumnProfile): boolean {
  if (NOT_DATA.test(headerWords(name)) || RECORD_ID.test(name.trim()) || present === 0) return false;
  if (distinct < 2 && rows >= FEWEST_TO_JUDGE) return false;
  return present >= Math.min(2, rows) && present >= rows * 0.02;
}

/** Birth year, month and day in three columns. */
function findSplitDate(profiles: readonly ColumnProfile[]): FieldConfig | undefined {
  const find = (pattern: RegExp, lowest: number, highest: number): string | undefined =>
    profiles.find(({ name, values }) => {
      if (!pattern.test(headerWords(name)) || values.length === 0) return false;
      const inside = values.filter((value) => Number(value) >= lowest && Number(value) <= highest).length;
      return inside > values.length * 0.9;
    })?.name;
  const year = find(/(^|_)(by|yob|year|birth_?year|dob_?y|рік)(_|$)/, 1800, 2100);
  const month = find(/(^|_)(bm|mob|month|birth_?month|dob_?m|місяць)(_|$)/, 1, 12);
  const day = find(/(^|_)(bd|day|birth_?day|dob_?d|день)(_|$)/, 1, 31);
  if (year === undefined || month === undefined || day === undefined) return undefined;
  return plainField(`${year}_${month}_${day}`, 'date', [year, month, day]);
}

/** Leaves out a full name beside first and last name: the same error would count twice. */
function withoutDerivedNames(fields: readonly FieldConfig[]): FieldConfig[] {
  const hasBoth = fields.some(({ type }) => type === 'given_name') && fields.some(({ type }) => type === 'surname');
  return fields.filter(({ name, type }) => !(hasBoth && type === 'name' && FULL_NAME.test(headerWords(name))));
}

function headerWords(name: string): string {
  return name
    .trim()
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[\s.-]+/g, '_');
}

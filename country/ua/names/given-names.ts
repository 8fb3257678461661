import { spellingKey } from './spelling.ts';
import { given_name_variants } from './variants-table.ts';

const variants_by_key = new Map<string, string[]>();
const canonical = new Map<string, string>();
const canonical_stems = new Map<string, string>();

for (const line of given_name_variants.trim().split('\n')) {
  const [name, list] = line.split(':') as [string, string];
  const variants = list.split(',').map((variant) => variant.trim());
  const key = spellingKey(name);
  variants_by_key.set(key, variants);
  for (const form of [name, ...variants].map(spellingKey)) {
    if (!canonical.has(form)) canonical.set(form, key);
    if (!canonical_stems.has(stem(form))) canonical_stems.set(stem(form), stem(key));
  }
}

/** The one key of a given name's variants; takes and answers the spelling of `normaliseName`; an unknown name stays. */
export function canonicalGivenName(key: string): string {
  return canonical.get(key) ?? key;
}

/** The same for the stem that is left of a father's name in a patronymic. */
export function canonicalFatherStem(key: string): string {
  return canonical_stems.get(key) ?? key;
}

/** The other forms of a given name: Russian ones, diminutives and doublets; none for a name outside the table. */
export function givenNameVariants(name: string): string[] {
  return variants_by_key.get(spellingKey(name)) ?? [];
}

function stem(key: string): string {
  return key.replace(/[іеоа]+$/, '');
}

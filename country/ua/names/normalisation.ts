import { canonicalFatherStem, canonicalGivenName } from './given-names.ts';
import { spellingKey } from './spelling.ts';

/**
 * A name in the one spelling in which names are compared: lower case, without apostrophes, hyphens, blanks and soft signs,
 * with the letters that Ukrainian, Russian and passports confuse made one (и ї й ы → і, є э ё → е, ґ → г), and back from
 * Latin letters when it came in them. For comparing only: never show or store it in place of the name.
 */
export function normaliseName(text: string): string {
  return spellingKey(text);
}

/** A given name for comparing: normalised, and Russian forms and diminutives brought to one (Саша, Александр → олександр). */
export function normaliseGivenName(text: string): string {
  return canonicalGivenName(spellingKey(text));
}

/** A family name for comparing: normalised, without the endings that tell men from women (-ський, -ська, -ская → -ск). */
export function normaliseFamilyName(text: string): string {
  const key = spellingKey(text);
  const stem = key.replace(/(?:аіа|оі|іа|а|і)$/, '');
  return stem.length >= 3 ? stem : key;
}

/** A patronymic for comparing: the father's name, whatever the child's gender and in Russian or Ukrainian. */
export function normalisePatronymic(text: string): string {
  const key = spellingKey(text);
  const stem = key.replace(/(?:овіч|евіч|івна|овна|евна|інічна|ічна|іч)$/, '').replace(/[іеоа]+$/, '');
  return stem.length >= 2 ? canonicalFatherStem(stem) : key;
}

/** One key for both orders of given and family name: people and forms swap the fields. */
export function swappedNameKey(first_name: string, last_name: string): string {
  return [spellingKey(first_name), spellingKey(last_name)].sort().join(' ');
}

import { jaroWinkler } from '@zdravo/linkage';
import type { Person } from '../contract.ts';
import type { MpiDeps } from '../deps.ts';
import { type IdentityRules, plainNumber } from '../identity-rules.ts';
import { documents, phoneKey, phones, taxIds } from '../indexes/composites.ts';
import { type LookUp, lookUpEach } from '../indexes/look-ups.ts';
import { openPersons } from '../persons/read-versions.ts';
import { readable } from '../vault/unreadable.ts';
import { placeKey } from './answers.ts';
import type { SearchQuery } from './contract.ts';
import { most_candidates } from './settings.ts';

export type Candidate = { id: string; person: Person; is_certain: boolean };

/** Look-ups end here, so that a common name costs what a rare one does. */
const most_opened = 16;
/** Below it two names are two names (Jaro–Winkler). */
const similar_enough = 0.88;

/** Who may be meant, by ids: nobody was opened yet. `is_crowd`: more than are opened, or nothing to look up by. */
export type Found = { ids: string[]; is_crowd: boolean };

/** Found by exact composites, so that a typing error in one of the names still leaves another way. */
export async function findByTokens(deps: MpiDeps, query: SearchQuery): Promise<Found> {
  const { exact, inexact } = waysTo(query, deps.rules);
  if (exact.length === 0) return { ids: [], is_crowd: true };
  const { serving } = deps.generations.current();
  const found = await lookUpEach(deps.db, serving, [...exact, ...inexact], most_opened + 1);
  const [sure, unsure] = [found.slice(0, exact.length), found.slice(exact.length)];
  const is_crowd = sure.some((ids) => ids.length > most_opened);
  // A very common name and day without the other name leads nowhere.
  const others = unsure.filter((ids) => ids.length <= most_opened);
  return { ids: [...new Set([...sure, ...others].flat())].slice(0, most_opened), is_crowd };
}

/** `is_crowd`: more than questions can tell apart; how many more is never known. */
export type Candidates = { fitting: Candidate[]; is_crowd: boolean };

/** Whom of the found the query fits: they are opened and held against every value that was given. */
export async function fittingOf(deps: MpiDeps, query: SearchQuery, { ids, is_crowd }: Found): Promise<Candidates> {
  const persons = await readable(deps, () => openPersons(deps, deps.db, ids));
  const fitting = [...persons].flatMap(([id, person]) => {
    const fit = fitOf(query, person, deps.rules);
    return fit === 'none' ? [] : [{ id, person, is_certain: fit === 'certain' }];
  });
  return { fitting, is_crowd: is_crowd || fitting.length > most_candidates };
}

/** Exact composites by which the person may be found; `inexact` ones leave out a name that may be mistyped. */
function waysTo(query: SearchQuery, rules: IdentityRules): { exact: LookUp[]; inexact: LookUp[] } {
  const { tax_id, document, phone_number } = query;
  if (tax_id !== undefined) return ways([{ index: 'tax_id', composite: [plainNumber(tax_id)] }]);
  if (document !== undefined) return ways([{ index: 'document', composite: documentKey(document, rules) }]);
  if (phone_number !== undefined) return ways(waysByPhone(query, phone_number, rules));
  const family = rules.family_name(query.last_name);
  const given = rules.given_name(query.first_name);
  const swapped = [rules.family_name(query.first_name), rules.given_name(query.last_name)];
  const patronymic = rules.patronymic(query.second_name ?? '');
  const { birth_date } = query;
  if (birth_date === undefined)
    return ways([
      { index: 'full_name', composite: [family, given, patronymic] },
      { index: 'full_name', composite: [...swapped, patronymic] },
    ]);
  return ways(
    [
      { index: 'names', composite: [family, given, birth_date] },
      { index: 'names', composite: [...swapped, birth_date] },
    ],
    [
      { index: 'family_birth', composite: [family, birth_date] },
      { index: 'given_patronymic_birth', composite: [given, patronymic, birth_date] },
    ],
  );
}

function waysByPhone({ birth_date }: SearchQuery, phone_number: string, rules: IdentityRules): LookUp[] {
  const phone = phoneKey(phone_number, rules);
  return [
    birth_date === undefined
      ? { index: 'phone', composite: [phone] }
      : { index: 'phone_birth', composite: [phone, birth_date] },
  ];
}

/** A composite with an absent value is nobody's. */
function ways(exact: LookUp[], inexact: LookUp[] = []): { exact: LookUp[]; inexact: LookUp[] } {
  const isComplete = ({ composite }: LookUp) => !composite.includes('');
  return { exact: exact.filter(isComplete), inexact: inexact.filter(isComplete) };
}

function documentKey(document: { type: string; number: string }, rules: IdentityRules): [string, string] {
  return [document.type, rules.document_number?.(document.type, document.number) ?? plainNumber(document.number)];
}

export type Fit = 'certain' | 'likely' | 'none';

/**
 * Whether the person has every given value; names may be similar, or change places. What the person's record lacks does
 * not fit. Certain: nothing is only similar, and the day of birth or an identifier was given.
 */
export function fitOf(query: SearchQuery, person: Person, rules: IdentityRules): Fit {
  if (!fitsFacts(query, person, rules)) return 'none';
  const names = similarityOfNames(query, person, rules);
  if (names < similar_enough) return 'none';
  const has_anchor = query.birth_date !== undefined || query.tax_id !== undefined || query.document !== undefined;
  return names === 1 && has_anchor ? 'certain' : 'likely';
}

function fitsFacts(query: SearchQuery, person: Person, rules: IdentityRules): boolean {
  const { birth_date, birth_settlement, tax_id, phone_number, document } = query;
  if (birth_date !== undefined && person.birth_date !== birth_date) return false;
  if (birth_settlement !== undefined && placeKey(person.birth_settlement) !== placeKey(birth_settlement)) return false;
  if (tax_id !== undefined && !taxIds(person).includes(plainNumber(tax_id))) return false;
  if (phone_number !== undefined && !phones(person, rules).includes(phoneKey(phone_number, rules))) return false;
  if (document === undefined) return true;
  const wanted = documentKey(document, rules).join();
  return documents(person, rules).some((one) => one.join() === wanted);
}

/** The least similarity of the given names, in the better of both orders; 1 when all are the same. */
function similarityOfNames(query: SearchQuery, person: Person, rules: IdentityRules): number {
  const straight = Math.min(
    similarity(rules.family_name(query.last_name), rules.family_name(person.last_name)),
    similarity(rules.given_name(query.first_name), rules.given_name(person.first_name)),
  );
  const swapped = Math.min(
    similarity(rules.family_name(query.first_name), rules.family_name(person.last_name)),
    similarity(rules.given_name(query.last_name), rules.given_name(person.first_name)),
  );
  const names = Math.max(straight, swapped);
  if (query.second_name === undefined) return names;
  return Math.min(names, similarity(rules.patronymic(query.second_name), rules.patronymic(person.second_name ?? '')));
}

function similarity(left: string, right: string): number {
  if (left === '' || right === '') return 0;
  return left === right ? 1 : jaroWinkler(left, right);
}

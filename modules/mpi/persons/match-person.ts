import type { Person, PersonMatch } from '../contract.ts';
import type { Asker, MpiDeps } from '../deps.ts';
import { phones } from '../indexes/composites.ts';
import { type LookUp, lookUp } from '../indexes/look-ups.ts';
import { askForReview, neighbours } from '../linking/review-items.ts';
import { creditUse } from '../search/budgets.ts';
import { readable } from '../vault/unreadable.ts';
import { acceptPerson } from './accept-person.ts';
import { contradict } from './contradictions.ts';
import { recordRead } from './get-person.ts';
import { ownersOf } from './heads.ts';
import { identify } from './identify.ts';
import { openPersons } from './read-versions.ts';

const most_candidates = 16;

/**
 * Who is this? Found only when exactly one person fits: by an identity key, else by full name, birth date and a
 * telephone without any contradiction. Several are nobody, and people are asked to look at them.
 */
export async function matchPerson(deps: MpiDeps, given: Person, asker: Asker): Promise<PersonMatch> {
  const person = acceptPerson(given, deps.clock);
  return readable(deps, async () => {
    const candidates = await candidatesFor(deps, person, asker);
    if (candidates.length > 1) await askForReview(deps.db, 'ambiguous_match', neighbours(candidates));
    const [id] = candidates.length === 1 ? candidates : [];
    const [persons] = await Promise.all([
      openPersons(deps, deps.db, id === undefined ? [] : [id]),
      recordRead(deps, 'person.match', id === undefined ? [] : [id], asker),
    ]);
    const found = id === undefined ? undefined : persons.get(id);
    if (id === undefined || !found) return { result: 'none' };
    await creditUse(deps.db, asker, deps.clock.now());
    return { result: 'found', id, authentication_methods: found.authentication_methods };
  });
}

async function candidatesFor(deps: MpiDeps, person: Person, asker: Asker): Promise<string[]> {
  const { serving } = deps.generations.current();
  const keys = serving.identityTokens(person);
  const tokens = keys.map((key) => key.token);
  const strengths = new Map(keys.map((key) => [key.token, key.strength]));
  const owners = await ownersOf(deps.db, serving.key_id, tokens);
  const { person_id, contested } = identify(
    owners.map((owner) => ({ strength: strengths.get(owner.token)!, person_id: owner.person_id })),
  );
  if (person_id !== undefined) return [person_id];
  return contested.length > 0 ? contested : candidatesByTelephone(deps, person, asker);
}

async function candidatesByTelephone(deps: MpiDeps, person: Person, asker: Asker): Promise<string[]> {
  const { serving } = deps.generations.current();
  const name = fullName(deps, person);
  if (!name) return [];
  const found = await Promise.all(
    phones(person, deps.rules).map((phone) => {
      const by_phone: LookUp = { index: 'phone_birth', composite: [phone, person.birth_date] };
      return lookUp(deps.db, serving, [name, by_phone], most_candidates);
    }),
  );
  const ids = [...new Set(found.flat())].sort();
  if (ids.length === 0) return [];
  const [candidates] = await Promise.all([
    openPersons(deps, deps.db, ids),
    recordRead(deps, 'person.compare', ids, asker),
  ]);
  return ids.filter((id) => candidates.has(id) && !contradict(candidates.get(id)!, person, deps.rules));
}

function fullName({ rules }: MpiDeps, person: Person): LookUp | undefined {
  const composite = [
    rules.family_name(person.last_name),
    rules.given_name(person.first_name),
    person.birth_date,
    rules.patronymic(person.second_name ?? ''),
  ];
  return composite.includes('') ? undefined : { index: 'full_names', composite };
}

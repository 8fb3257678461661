import type { Person, PersonSearch, SearchedFields } from '../contract.ts';
import type { Asker, MpiDeps } from '../deps.ts';
import { plainNumber } from '../identity-rules.ts';
import { phoneKey } from '../indexes/composites.ts';
import { type LookUp, lookUp } from '../indexes/look-ups.ts';
import { admit, settleUse } from '../search/budgets.ts';
import { inConstantTime } from '../search/floor.ts';
import { type Searcher, searcherOf } from '../search/searcher.ts';
import { readable } from '../vault/unreadable.ts';
import { recordRead } from './get-person.ts';
import { mergedIds } from './heads.ts';
import { openPersons } from './read-versions.ts';

/** One page of the reference (domain.md §2.4); more is refused, and how many more never told. */
const page_size = 15;

/**
 * Persons who have all the given values. What was asked by comes back as it was asked: the asker learns the id and the
 * place of birth, nothing else. It shares budgets, floor and canaries with the dialogue, so that it is no side door.
 * @throws Problem 400 without actor, client and purpose, 429 when the budget is spent or the searcher is locked.
 */
export function searchPersons(deps: MpiDeps, fields: SearchedFields, asker: Asker): Promise<PersonSearch> {
  return inConstantTime(deps, async () => {
    const searcher = searcherOf(asker);
    await admit(deps, searcher, fields);
    const answer = await findPersons(deps, fields, searcher);
    const found = answer.result === 'found' ? answer.persons.length : 0;
    await settleUse(deps, searcher, found > 0 ? { found, unused: found } : { missed: 1 });
    return answer;
  });
}

async function findPersons(deps: MpiDeps, fields: SearchedFields, asker: Searcher): Promise<PersonSearch> {
  const look_ups = lookUpsFor(deps, fields);
  const { serving } = deps.generations.current();
  const ids = look_ups ? await lookUp(deps.db, serving, look_ups, page_size + 1) : [];
  if (ids.length > page_size) {
    await recordRead(deps, 'person.search', [], asker);
    return { result: 'too_many' };
  }
  const [persons] = await Promise.all([
    readable(deps, () => openPersons(deps, deps.db, ids)),
    recordRead(deps, 'person.search', ids, asker),
  ]);
  const found = await Promise.all([...persons].map(([id, person]) => shownPart(deps, id, person, fields)));
  return { result: 'found', persons: found.sort((one, other) => (one.id < other.id ? -1 : 1)) };
}

/** Undefined when a value has nothing comparable in it: then nobody has it. */
function lookUpsFor({ rules }: MpiDeps, fields: SearchedFields): LookUp[] | undefined {
  const names = [rules.family_name(fields.last_name), rules.given_name(fields.first_name), fields.birth_date];
  const look_ups: LookUp[] = [
    fields.second_name === undefined
      ? { index: 'names', composite: names }
      : { index: 'full_names', composite: [...names, rules.patronymic(fields.second_name)] },
  ];
  if (fields.tax_id !== undefined) look_ups.push({ index: 'tax_id', composite: [plainNumber(fields.tax_id)] });
  if (fields.phone_number !== undefined)
    look_ups.push({ index: 'phone_birth', composite: [phoneKey(fields.phone_number, rules), fields.birth_date] });
  return look_ups.some(({ composite }) => composite.includes('')) ? undefined : look_ups;
}

async function shownPart(deps: MpiDeps, id: string, person: Person, fields: SearchedFields) {
  const { birth_country, birth_settlement } = person;
  return { ...fields, id, birth_country, birth_settlement, merged_ids: await mergedIds(deps.db, id) };
}

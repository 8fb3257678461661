import type { TransactionOf } from '@zdravo/kit/db';
import { sql } from 'kysely';
import type { BlindIndexes, Normalise } from './blind-indexes.ts';
import type { Person, PersonMatch, PersonSearch, SearchedFields } from './contract.ts';
import type { MpiDeps } from './deps.ts';
import type { Tables } from './tables.ts';
import { readPersons, type StoredPerson } from './vault.ts';

const most_matches = 15;

/** The one who holds a naturally unique identifier of this person. Two different holders are nobody's answer. */
export async function findByUniqueTokens(
  db: TransactionOf<Tables>,
  indexes: BlindIndexes,
  person: Person,
): Promise<string | undefined> {
  const tokens = indexes.uniqueTokens(person);
  if (tokens.length === 0) return undefined;
  const rows = await db
    .selectFrom('mpi.unique_tokens')
    .select('person_id')
    .distinct()
    .where('generation', '=', indexes.generation)
    .where((eb) =>
      eb.or(
        tokens.map(({ index_name, token }) =>
          eb.and([eb('index_name', '=', index_name), eb('token', '=', token as never)]),
        ),
      ),
    )
    .execute();
  return rows.length === 1 ? rows[0]!.person_id : undefined;
}

/**
 * Who is this? A naturally unique identifier decides; without one on either side, all names, birth date and birth place
 * must agree, for one person only. Of several the answer is none: taking the first was how the original went wrong.
 */
export async function matchPerson(deps: MpiDeps, person: Person): Promise<PersonMatch> {
  const holder = await findByUniqueTokens(deps.db, deps.indexes, person);
  const candidates = holder ? await readPersons(deps.db, deps.keys, [holder]) : await namesakes(deps, person);
  const matches = holder ? candidates : candidates.filter((one) => agrees(one.person, person, deps.normalise));
  if (matches.length !== 1) return { result: 'none' };
  const { id, person: found } = matches[0]!;
  return { result: 'found', id, authentication_methods: found.authentication_methods };
}

/** Absent is not equal, and what is known on both sides must not differ. */
function agrees(a: Person, b: Person, normalise: Normalise): boolean {
  const same = (left: string | null | undefined, right: string | null | undefined) =>
    normalise(left ?? '') === normalise(right ?? '');
  const contradicts = (left: string | null | undefined, right: string | null | undefined) =>
    !!left && !!right && left !== right;
  const number = (person: Person) => person.documents.map((one) => `${one.type} ${normalise(one.number)}`);
  const shares_document = number(a).some((one) => number(b).includes(one));
  return (
    !contradicts(a.tax_id, b.tax_id) &&
    a.gender === b.gender &&
    same(a.second_name, b.second_name) &&
    same(a.birth_settlement, b.birth_settlement) &&
    shares_document
  );
}

async function namesakes(
  deps: MpiDeps,
  fields: Pick<SearchedFields, 'first_name' | 'last_name' | 'birth_date'>,
): Promise<StoredPerson[]> {
  const { index_name, token } = deps.indexes.searchToken(fields);
  const rows = await deps.db
    .selectFrom('mpi.search_tokens')
    .select('person_id')
    .where('index_name', '=', index_name)
    .where('generation', '=', deps.indexes.generation)
    .where('token', '=', token as never)
    .limit(most_matches + 1)
    .execute();
  return readPersons(
    deps.db,
    deps.keys,
    rows.map((row) => row.person_id),
  );
}

/** The reference's search: only what was asked by comes back, and too many is an answer of its own that tells no number. */
export async function searchPersons(deps: MpiDeps, fields: SearchedFields): Promise<PersonSearch> {
  const candidates = await namesakes(deps, fields);
  if (candidates.length > most_matches) return { result: 'too_many' };
  const found = candidates.filter(({ person }) => fits(person, fields, deps.normalise));
  const merged = await mergedIds(
    deps.db,
    found.map((one) => one.id),
  );
  return {
    result: 'found',
    persons: found.map(({ id, person }) => ({
      id,
      birth_country: person.birth_country,
      birth_settlement: person.birth_settlement,
      merged_ids: merged.get(id) ?? [],
      ...fields,
    })),
  };
}

function fits(person: Person, fields: SearchedFields, normalise: Normalise): boolean {
  const { second_name, tax_id, phone_number } = fields;
  if (second_name !== undefined && normalise(person.second_name ?? '') !== normalise(second_name)) return false;
  if (tax_id !== undefined && person.tax_id !== tax_id) return false;
  return phone_number === undefined || (person.phones ?? []).some((phone) => phone.number === phone_number);
}

/** The ids that were merged into these. */
export async function mergedIds(
  db: TransactionOf<Tables>,
  parent_ids: readonly string[],
): Promise<Map<string, string[]>> {
  const { rows } = await sql<{ parent_id: string; ids: string[] }>`
    select parent_id, array_agg(id::text order by id) as ids from mpi.persons
    where parent_id = any(${parent_ids}::uuid[]) group by parent_id`.execute(db);
  return new Map(rows.map((row) => [row.parent_id, row.ids]));
}

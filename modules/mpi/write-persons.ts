import { appendEvents } from '@zdravo/kit/events';
import type { CallContext } from '@zdravo/kit/http';
import { conflict } from '@zdravo/kit/problem';
import { sql, type Transaction } from 'kysely';
import type { Token } from './blind-indexes.ts';
import type { Person, PersonWritten } from './contract.ts';
import type { MpiDeps } from './deps.ts';
import { findByUniqueTokens } from './match-persons.ts';
import type { Tables } from './tables.ts';
import { readPersons, sealPerson } from './vault.ts';

export type Source = { type: string; id: string };
type Head = { id: string; status: string; parent_id: string | null; version: number; pseudonym: string };

/** Another person holds a naturally unique identifier of this one: they are the same human. */
class SamePersonError extends Error {}

const attempts = 5;

/**
 * Creates a person under the caller's id or updates the one who lives there; the answer says where. Whoever holds the
 * same naturally unique identifier is the same person: the constraint decides, also between two who come at once.
 */
export async function putPerson(
  deps: MpiDeps,
  input: { id: string; person: Person; source: Source },
  context: CallContext,
): Promise<PersonWritten> {
  for (let attempt = 1; ; attempt++) {
    const id = await livingId(deps, input.id, input.person);
    await deps.keys.getOrCreate(id);
    try {
      return await deps.db.transaction().execute((transaction) => store(transaction, deps, { ...input, id }, context));
    } catch (error) {
      if (!(error instanceof SamePersonError) || attempt === attempts) throw error;
    }
  }
}

/** The id under which this person lives or will live. */
async function livingId(deps: MpiDeps, id: string, person: Person): Promise<string> {
  const head = await deps.db
    .selectFrom('mpi.persons')
    .select(['status', 'parent_id'])
    .where('id', '=', id)
    .executeTakeFirst();
  if (head?.status === 'erased') throw erased();
  if (head) return head.parent_id ?? id;
  return (await findByUniqueTokens(deps.db, deps.indexes, person)) ?? id;
}

async function store(
  transaction: Transaction<Tables>,
  deps: MpiDeps,
  input: { id: string; person: Person; source: Source },
  context: CallContext,
): Promise<PersonWritten> {
  const head = await lockHead(transaction, input.id);
  if (head?.status === 'erased') throw erased();
  if (head && (await isRepetition(transaction, head, input.source)))
    return { id: head.id, pseudonym: head.pseudonym, created: head.version === 1, version: head.version };
  return writeVersion(transaction, deps, { ...input, head }, context);
}

export async function lockHead(transaction: Transaction<Tables>, id: string): Promise<Head | undefined> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`person ${id}`}, 0))`.execute(transaction);
  return transaction
    .selectFrom('mpi.persons')
    .select(['id', 'status', 'parent_id', 'version', 'pseudonym'])
    .where('id', '=', id)
    .executeTakeFirst();
}

async function isRepetition(transaction: Transaction<Tables>, head: Head, source: Source): Promise<boolean> {
  const written = await transaction
    .selectFrom('mpi.person_versions')
    .select('version')
    .where('person_id', '=', head.id)
    .where('source_type', '=', source.type)
    .where('source_id', '=', source.id)
    .executeTakeFirst();
  return written !== undefined;
}

/** A new version with all that must be true with it: head, tokens, facts, event, audit row. */
export async function writeVersion(
  transaction: Transaction<Tables>,
  deps: MpiDeps,
  input: { id: string; person: Person; source: Source; head: Head | undefined },
  context: CallContext,
): Promise<PersonWritten> {
  const version = (input.head?.version ?? 0) + 1;
  const key = await deps.keys.getOrCreate(input.id);
  const pseudonym = await writeHead(transaction, input.id, version);
  await transaction
    .insertInto('mpi.person_versions')
    .values({
      person_id: input.id,
      version,
      ciphertext: sealPerson(input.person, key, { id: input.id, version }),
      source_type: input.source.type,
      source_id: input.source.id,
    })
    .execute();
  await writeTokens(transaction, deps, input.id, input.person);
  await writeFacts(transaction, pseudonym, input.person);
  const type = version === 1 ? 'person.created' : 'person.updated';
  await appendEvents(transaction, 'mpi', [
    { type, object_type: 'person', object_id: input.id, payload: { pseudonym, version } },
  ]);
  await auditWrite(transaction, { action: type, person_id: input.id }, context);
  return { id: input.id, pseudonym, created: version === 1, version };
}

async function writeHead(transaction: Transaction<Tables>, id: string, version: number): Promise<string> {
  const { rows } = await sql<{ pseudonym: string }>`
    insert into mpi.persons (id, status, version) values (${id}, 'active', ${version})
    on conflict (id) do update set version = excluded.version, updated_at = now() returning pseudonym`.execute(
    transaction,
  );
  return rows[0]!.pseudonym;
}

async function writeTokens(transaction: Transaction<Tables>, deps: MpiDeps, id: string, person: Person): Promise<void> {
  const { generation } = deps.indexes;
  await dropTokens(transaction, id, generation);
  const row = (token: Token) => ({
    index_name: token.index_name,
    generation,
    token: token.token as never,
    person_id: id,
  });
  await transaction.insertInto('mpi.search_tokens').values(deps.indexes.searchTokens(person).map(row)).execute();
  const unique = deps.indexes.uniqueTokens(person);
  if (unique.length === 0) return;
  const { numInsertedOrUpdatedRows } = await transaction
    .insertInto('mpi.unique_tokens')
    .values(unique.map(row))
    .onConflict((conflicting) => conflicting.doNothing())
    .executeTakeFirst();
  if (Number(numInsertedOrUpdatedRows) < unique.length)
    throw new SamePersonError('another person holds this identifier');
}

async function dropTokens(transaction: Transaction<Tables>, id: string, generation: string): Promise<void> {
  for (const table of ['mpi.search_tokens', 'mpi.unique_tokens'] as const)
    await transaction.deleteFrom(table).where('person_id', '=', id).where('generation', '=', generation).execute();
}

async function writeFacts(transaction: Transaction<Tables>, pseudonym: string, person: Person): Promise<void> {
  const facts = {
    birth_month: birthMonth(person.birth_date),
    gender: person.gender,
    deceased_on: person.death_date ?? null,
  };
  await transaction
    .insertInto('mpi.person_facts')
    .values({ pseudonym, ...facts })
    .onConflict((conflicting) => conflicting.column('pseudonym').doUpdateSet(facts))
    .execute();
}

/** The first day of a month on which the person is as old as on their birthday: exact for ages on the 1st. */
export function birthMonth(birth_date: string): string {
  const [year, month, day] = birth_date.split('-').map(Number) as [number, number, number];
  const months = year * 12 + (month - 1) + (day === 1 ? 0 : 1);
  return `${String(Math.floor(months / 12)).padStart(4, '0')}-${String((months % 12) + 1).padStart(2, '0')}-01`;
}

export async function auditWrite(
  transaction: Transaction<Tables>,
  { action, person_id }: { action: string; person_id: string },
  context: CallContext,
): Promise<void> {
  await transaction
    .insertInto('mpi.audit_log')
    .values({
      request_id: context.request_id,
      actor_id: context.actor_id ?? null,
      client_id: context.client_id ?? null,
      action,
      resource: 'person',
      resource_id: person_id,
    })
    .execute();
}

/** Forgets the authentication method, once per order. */
export async function resetAuthenticationMethod(
  deps: MpiDeps,
  input: { id: string; reset_id: string },
  context: CallContext,
): Promise<PersonWritten> {
  const stored = (await readPersons(deps.db, deps.keys, [input.id]))[0];
  if (!stored) throw notKnown();
  const source = { type: 'authentication_method_reset', id: input.reset_id };
  const person: Person = { ...stored.person, authentication_methods: [{ type: 'NA' }] };
  return deps.db
    .transaction()
    .execute((transaction) => store(transaction, deps, { id: stored.id, person, source }, context));
}

function erased() {
  return conflict('This person was erased.', 'person_erased');
}

function notKnown() {
  return conflict('No living person has this id.', 'person_not_living');
}

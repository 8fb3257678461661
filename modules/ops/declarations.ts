import type { KeyObject } from 'node:crypto';
import type { Clock } from '@zdravo/kit/clock';
import { type Database, inOneRoundTrip, isUniqueViolation, retryOnConflict, type TransactionOf } from '@zdravo/kit/db';
import { createGroupCommit, type GroupCommit } from '@zdravo/kit/groups';
import type { KeyStore } from '@zdravo/kit/keys';
import { conflict } from '@zdravo/kit/problem';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { NewDeclaration } from './contract.ts';
import type { HeadCache } from './log/checkpoints.ts';
import { findDeclaration, findDeclarations, listLiving, type StoredDeclaration } from './read-declarations.ts';
import type { Tables } from './tables.ts';
import { nextVersion } from './transitions.ts';
import type { VersionBody } from './versions.ts';
import { type NewVersion, personErased, prepareVersions, type WriteContext, writeVersions } from './write-version.ts';

export type OpsDeps = {
  db: Kysely<Tables>;
  pool: Database<Tables>['pool'];
  keys: KeyStore;
  handle_key: KeyObject;
  clock: Clock;
  heads: HeadCache;
};

export type Put = { id: string; input: NewDeclaration; context: WriteContext };
/** Stores declarations, those that come at once together. */
export type DeclarationWriter = GroupCommit<Put, StoredDeclaration>;

export function createDeclarationWriter(deps: OpsDeps): DeclarationWriter {
  return createGroupCommit({
    write: (puts) => retryOnConflict(() => putTogether(deps, puts)),
    keysOf: ({ id, input }) => [id, input.person_id, input.declaration_request_id],
  });
}

/**
 * Stores a signed declaration and ends the person's living ones, in one transaction. Safe to repeat: what is stored
 * under the id is the answer, if it is the same declaration.
 */
export async function putDeclaration(deps: OpsDeps, writer: DeclarationWriter, put: Put): Promise<StoredDeclaration> {
  try {
    return await writer.run(put);
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
    const stored = await findDeclaration(deps.db, put.id);
    if (!stored)
      throw conflict('This declaration request already has another declaration.', 'declaration_request_used');
    return sameOrRefused(stored, put.input);
  }
}

/** @returns the stored declarations, in the order of the puts. @throws the first refusal of any of them. */
async function putTogether(deps: OpsDeps, puts: readonly Put[]): Promise<StoredDeclaration[]> {
  return (await storeFirsts(deps, puts)) ?? putWithCare(deps, puts);
}

/**
 * The usual case in one round trip: nobody has a declaration yet, nobody was merged or erased, nothing is repeated. The write
 * looks for all that under the locks, and does nothing when it finds any of it.
 * @returns undefined when nothing was stored: what is there is to be looked at.
 */
async function storeFirsts(deps: OpsDeps, puts: readonly Put[]): Promise<StoredDeclaration[] | undefined> {
  if (deps.heads.isBehind()) return undefined;
  const person_ids = puts.map(({ input }) => input.person_id).sort();
  const person_keys = await deps.keys.getOrCreateMany(person_ids);
  if (person_keys.size < person_ids.length) return undefined;
  const now = deps.clock.now().toISOString();
  const versions = puts.map(({ id, input, context }) => ({ body: firstVersion({ ...input, id }, now), context }));
  const { statement, stored } = prepareVersions(deps, versions, person_keys);
  const ids = puts.map(({ id }) => id);
  const [, written] = await inOneRoundTrip(deps.pool, [
    locking(person_ids).compile(deps.db),
    statement(whatStands(ids, person_ids)).compile(deps.db),
  ]);
  return written!.length === puts.length ? stored : undefined;
}

/** Whatever makes a first declaration more than a first declaration. */
function whatStands(ids: readonly string[], person_ids: readonly string[]): RawBuilder<unknown> {
  return sql`
    select from ops.declaration_heads where id = any(${ids}::uuid[])
    union all select from ops.declaration_heads
      where person_id = any(${person_ids}::uuid[]) and status in ('active', 'pending_verification')
    union all select from ops.person_aliases where person_id = any(${person_ids}::uuid[])
    union all select from ops.erasures where person_id = any(${person_ids}::uuid[])`;
}

/** What is there already is answered; who has a living declaration gets it ended. */
async function putWithCare(deps: OpsDeps, puts: readonly Put[]): Promise<StoredDeclaration[]> {
  const stored = new Map(
    (
      await findDeclarations(
        deps.db,
        puts.map(({ id }) => id),
      )
    ).map((one) => [one.id, one]),
  );
  const fresh = puts.filter(({ id }) => !stored.has(id));
  if (fresh.length > 0) {
    deps.heads.refuseWhenBehind();
    for (const one of await storeAndReplace(deps, fresh)) stored.set(one.id, one);
  }
  return puts.map(({ id, input }) => sameOrRefused(stored.get(id)!, input));
}

function sameOrRefused(stored: StoredDeclaration, input: NewDeclaration): StoredDeclaration {
  if (stored.declaration_request_id === input.declaration_request_id) return stored;
  throw conflict('Another declaration is stored under this id.', 'declaration_differs');
}

async function storeAndReplace(deps: OpsDeps, puts: readonly Put[]): Promise<StoredDeclaration[]> {
  const parents = await findParents(
    deps.db,
    puts.map(({ input }) => input.person_id),
  );
  const personOf = ({ input }: Put) => parents.get(input.person_id) ?? input.person_id;
  const person_ids = [...new Set(puts.map(personOf))].sort();
  const person_keys = await deps.keys.getOrCreateMany(person_ids);
  return deps.db.transaction().execute(async (transaction) => {
    await lockPersons(transaction, person_ids);
    await refuseMergedOrErased(transaction, person_ids);
    const found = await listLiving(transaction, person_ids);
    if (found.some(({ id }) => puts.some((put) => put.id === id))) throw overtaken();
    const living = Map.groupBy(found, ({ person_id }) => person_id);
    const now = deps.clock.now().toISOString();
    const ended = new Set<string>();
    const versions = puts.flatMap((put): NewVersion[] => {
      const person_id = personOf(put);
      const earlier = ended.has(person_id) ? [] : (living.get(person_id) ?? []);
      ended.add(person_id);
      return [
        ...earlier.map((one) => ({ body: endOf(one, put.input.created_by, now), context: put.context })),
        { body: firstVersion({ ...put.input, id: put.id, person_id }, now), context: put.context },
      ];
    });
    return writeVersions(transaction, deps, versions, person_keys);
  });
}

function endOf(earlier: StoredDeclaration, actor_id: string, now: string): VersionBody {
  return nextVersion(earlier, { op: 'terminate', status: 'terminated', actor_id, reason: 'new_declaration' }, now);
}

/** What a declaration is when it is stored: its first version. */
export function firstVersion(input: NewDeclaration & { id: string }, now: string): VersionBody {
  return {
    ...input,
    version: 1,
    op: 'create',
    reason: input.reason ?? null,
    reason_description: null,
    updated_by: input.created_by,
    inserted_at: now,
    updated_at: now,
  };
}

/** The ids under which merged persons live now: their parents. */
export async function findParents(
  db: TransactionOf<Tables>,
  person_ids: readonly string[],
): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('ops.person_aliases')
    .select(['person_id', 'parent_id'])
    .where(sql<boolean>`person_id = any(${person_ids}::uuid[])`)
    .execute();
  return new Map(rows.map((row) => [row.person_id, row.parent_id]));
}

/** Writes about one person take turns, in one order for all; the unique index on active declarations stands behind. */
export async function lockPersons(transaction: Transaction<Tables>, person_ids: readonly string[]): Promise<void> {
  await locking(person_ids).execute(transaction);
}

function locking(person_ids: readonly string[]): RawBuilder<unknown> {
  return sql`
    select pg_advisory_xact_lock(hashtextextended('person ' || person_id, 0))
    from (select person_id from unnest(${person_ids}::text[]) person_id order by person_id) wanted`;
}

/**
 * A merge that committed between the first look and the lock: the whole group looks again. An erasure: nothing more is
 * stored under that id.
 */
async function refuseMergedOrErased(transaction: Transaction<Tables>, person_ids: readonly string[]): Promise<void> {
  const { rows } = await sql<{ is_merged: boolean }>`
    select true as is_merged from ops.person_aliases where person_id = any(${person_ids}::uuid[])
    union all select false from ops.erasures where person_id = any(${person_ids}::uuid[])`.execute(transaction);
  if (rows.some(({ is_merged }) => is_merged)) throw overtaken();
  if (rows.length > 0) throw personErased();
}

/** As PostgreSQL says it (serialization_failure): `retryOnConflict` looks again. */
export function overtaken(): Error {
  return Object.assign(new Error('Another write came between the look and the lock.'), { code: '40001' });
}

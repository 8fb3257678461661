import type { Clock } from '@zdravo/kit/clock';
import { isUniqueViolation, retryOnConflict } from '@zdravo/kit/db';
import type { KeyStore } from '@zdravo/kit/keys';
import { conflict } from '@zdravo/kit/problem';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { NewDeclaration } from './contract.ts';
import type { HeadCache } from './log/checkpoints.ts';
import { findDeclaration, getDeclaration, type StoredDeclaration } from './read-declarations.ts';
import type { Tables } from './tables.ts';
import { nextVersion } from './transitions.ts';
import type { VersionBody } from './versions.ts';
import { type WriteContext, writeVersion } from './write-version.ts';

export type OpsDeps = { db: Kysely<Tables>; keys: KeyStore; handle_key: Uint8Array; clock: Clock; heads: HeadCache };

/**
 * Stores a signed declaration and ends the person's living ones, in one transaction. Safe to repeat: what is stored
 * under the id is the answer, if it is the same declaration.
 */
export async function putDeclaration(
  deps: OpsDeps,
  id: string,
  input: NewDeclaration,
  context: WriteContext,
): Promise<StoredDeclaration> {
  const stored = await findDeclaration(deps.db, id);
  if (stored) return sameOrRefused(stored, input);
  deps.heads.refuseWhenBehind();
  try {
    await retryOnConflict(() =>
      deps.db.transaction().execute((transaction) => storeAndReplace(transaction, deps, { ...input, id }, context)),
    );
  } catch (error) {
    if (!isUniqueViolation(error)) throw error;
  }
  const now = await findDeclaration(deps.db, id);
  if (!now) throw conflict('This declaration request already has another declaration.', 'declaration_request_used');
  return sameOrRefused(now, input);
}

function sameOrRefused(stored: StoredDeclaration, input: NewDeclaration): StoredDeclaration {
  if (stored.declaration_request_id === input.declaration_request_id) return stored;
  throw conflict('Another declaration is stored under this id.', 'declaration_differs');
}

async function storeAndReplace(
  transaction: Transaction<Tables>,
  deps: OpsDeps,
  input: NewDeclaration & { id: string },
  context: WriteContext,
): Promise<void> {
  await lockPerson(transaction, input.person_id);
  // Under the lock: a merge that comes between would leave the declaration with a person who is nobody any more.
  const person_id = await resolvePerson(transaction, input.person_id);
  if (person_id !== input.person_id) await lockPerson(transaction, person_id);
  const now = deps.clock.now().toISOString();
  for (const earlier of await livingDeclarations(transaction, person_id)) {
    const change = {
      op: 'terminate',
      status: 'terminated',
      actor_id: input.created_by,
      reason: 'new_declaration',
    } as const;
    await writeVersion(transaction, deps, nextVersion(earlier, change, now), context);
  }
  await writeVersion(transaction, deps, firstVersion({ ...input, person_id }, now), context);
}

function firstVersion(input: NewDeclaration & { id: string }, now: string): VersionBody {
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

/** The id under which the person lives now: a merged person's parent. */
export async function resolvePerson(transaction: Transaction<Tables>, person_id: string): Promise<string> {
  const alias = await transaction
    .selectFrom('ops.person_aliases')
    .select('parent_id')
    .where('person_id', '=', person_id)
    .executeTakeFirst();
  return alias?.parent_id ?? person_id;
}

/** Writes about one person take turns; the unique index on active declarations stands behind. */
export async function lockPerson(transaction: Transaction<Tables>, person_id: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`person ${person_id}`}, 0))`.execute(transaction);
}

export async function livingDeclarations(
  transaction: Transaction<Tables>,
  person_id: string,
): Promise<StoredDeclaration[]> {
  const rows = await transaction
    .selectFrom('ops.declaration_heads')
    .select('id')
    .where('person_id', '=', person_id)
    .where('status', 'in', ['active', 'pending_verification'])
    .orderBy('inserted_at')
    .forUpdate()
    .execute();
  return Promise.all(rows.map((row) => getDeclaration(transaction, row.id)));
}

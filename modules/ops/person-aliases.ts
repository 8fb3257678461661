import { retryOnConflict } from '@zdravo/kit/db';
import type { Transaction } from 'kysely';
import { findParents, lockPersons, type OpsDeps } from './declarations.ts';
import { logPersonLink } from './person-links.ts';
import { getDeclaration, listLiving, type StoredDeclaration } from './read-declarations.ts';
import type { Tables } from './tables.ts';
import { nextVersion } from './transitions.ts';
import { parseBody } from './versions.ts';
import { type WriteContext, writeVersions } from './write-version.ts';

/** Why a merge ended a declaration: two persons who were one had one too many. */
const merge_reason = 'persons_merged';

export type PersonMerge = { parent_id: string; parent_pseudonym: string; actor_id: string };
export type PersonParting = { from_parent_id: string; pseudonym: string; actor_id: string };

type Context = { deps: OpsDeps; transaction: Transaction<Tables>; actor_id: string; call: WriteContext };

/**
 * Two persons are one from now on: stores the alias, ends the older of two living declarations and moves the other to
 * the parent, in one transaction. Safe to repeat.
 * @returns the declarations that ended and those that moved in this call.
 */
export async function putPersonAlias(
  deps: OpsDeps,
  person_id: string,
  merge: PersonMerge,
  call: WriteContext,
): Promise<{ person_id: string; parent_id: string; ended: string[]; moved: string[] }> {
  return retryOnConflict(() =>
    deps.db.transaction().execute(async (transaction) => {
      await lockPersons(transaction, [person_id]);
      const parents = await findParents(transaction, [merge.parent_id]);
      const parent_id = parents.get(merge.parent_id) ?? merge.parent_id;
      if (parent_id === person_id) return { person_id, parent_id, ended: [], moved: [] };
      await lockPersons(transaction, [parent_id]);
      // Erased in between: the merged person is erased with the parent, by an event of its own.
      if (await isErased(transaction, parent_id)) return { person_id, parent_id, ended: [], moved: [] };
      await storeAlias(transaction, person_id, parent_id);
      await logPersonLink(deps, transaction, { person_id, parent_id, op: 'merge', actor_id: merge.actor_id });
      const context = { deps, transaction, actor_id: merge.actor_id, call };
      const living = await listLiving(transaction, [person_id, parent_id]);
      const ended = await endAllButNewest(context, living);
      const kept = living.filter(
        (declaration) => !ended.includes(declaration.id) && declaration.person_id === person_id,
      );
      for (const declaration of kept)
        await move(context, declaration, { person_id: parent_id, pseudonym: merge.parent_pseudonym });
      return { person_id, parent_id, ended, moved: kept.map(({ id }) => id) };
    }),
  );
}

async function isErased(transaction: Transaction<Tables>, person_id: string): Promise<boolean> {
  const found = await transaction
    .selectFrom('ops.erasures')
    .select('person_id')
    .where('person_id', '=', person_id)
    .executeTakeFirst();
  return found !== undefined;
}

/** A person who is merged is nobody's parent: whoever led to them leads to the parent now. */
async function storeAlias(transaction: Transaction<Tables>, person_id: string, parent_id: string): Promise<void> {
  await transaction
    .insertInto('ops.person_aliases')
    .values({ person_id, parent_id })
    .onConflict((conflict) => conflict.column('person_id').doUpdateSet({ parent_id }))
    .execute();
  await transaction.updateTable('ops.person_aliases').set({ parent_id }).where('parent_id', '=', person_id).execute();
}

/** Of each status the newest stays: an active declaration is not ended by one that waits for verification. */
async function endAllButNewest(context: Context, living: StoredDeclaration[]): Promise<string[]> {
  const ended: string[] = [];
  for (const [at, declaration] of living.entries()) {
    if (!living.slice(at + 1).some(({ status }) => status === declaration.status)) continue;
    const change = { op: 'terminate', status: 'terminated', reason: merge_reason, actor_id: context.actor_id } as const;
    await append(context, nextVersion(declaration, change, now(context)));
    ended.push(declaration.id);
  }
  return ended;
}

async function move(
  context: Context,
  declaration: StoredDeclaration,
  to: { person_id: string; pseudonym: string },
): Promise<void> {
  const change = { op: 'relink', status: declaration.status, actor_id: context.actor_id } as const;
  await append(context, { ...nextVersion(declaration, change, now(context)), ...to });
}

/**
 * A merge is taken back: the alias goes, and what had been moved to the parent returns. What the merge ended stays
 * ended, and what was signed while both were one stays where it is: people decide about these. Safe to repeat.
 */
export async function removePersonAlias(
  deps: OpsDeps,
  person_id: string,
  parting: PersonParting,
  call: WriteContext,
): Promise<{ person_id: string; returned: string[]; ended: string[]; signed_meanwhile: string[] }> {
  return retryOnConflict(() =>
    deps.db.transaction().execute(async (transaction) => {
      await lockPersons(transaction, [person_id]);
      await lockPersons(transaction, [parting.from_parent_id]);
      const { merged_at, parent_id } = await removeAlias(transaction, person_id);
      const { actor_id } = parting;
      if (parent_id) await logPersonLink(deps, transaction, { person_id, parent_id, op: 'unmerge', actor_id });
      const context = { deps, transaction, actor_id: parting.actor_id, call };
      const returned: string[] = [];
      const signed_meanwhile: string[] = [];
      for (const declaration of await listLiving(transaction, [parting.from_parent_id])) {
        if (await wasTheirs(transaction, declaration, person_id)) {
          await move(context, declaration, { person_id, pseudonym: parting.pseudonym });
          returned.push(declaration.id);
        } else if (merged_at !== undefined && declaration.inserted_at > merged_at)
          signed_meanwhile.push(declaration.id);
      }
      const ended = await endedByMerge(transaction, [person_id, parting.from_parent_id]);
      return { person_id, returned, ended, signed_meanwhile };
    }),
  );
}

/** @returns when the merge was, in UTC, and into whom; nothing when there is no alias (any more). */
async function removeAlias(
  transaction: Transaction<Tables>,
  person_id: string,
): Promise<{ merged_at?: string; parent_id?: string }> {
  const row = await transaction
    .deleteFrom('ops.person_aliases')
    .where('person_id', '=', person_id)
    .returning(['merged_at', 'parent_id'])
    .executeTakeFirst();
  return row ? { merged_at: new Date(row.merged_at).toISOString(), parent_id: row.parent_id } : {};
}

/** Whether the version before the last move named this person. */
async function wasTheirs(
  transaction: Transaction<Tables>,
  { id }: StoredDeclaration,
  person_id: string,
): Promise<boolean> {
  const rows = await transaction
    .selectFrom('ops.declaration_versions')
    .select('body')
    .where('declaration_id', '=', id)
    .execute();
  return rows.some(({ body }) => parseBody(body).person_id === person_id);
}

async function endedByMerge(transaction: Transaction<Tables>, person_ids: string[]): Promise<string[]> {
  const heads = await transaction
    .selectFrom('ops.declaration_heads')
    .select('id')
    .where('person_id', 'in', person_ids)
    .where('status', '=', 'terminated')
    .execute();
  const declarations = await Promise.all(heads.map(({ id }) => getDeclaration(transaction, id)));
  return declarations.filter(({ reason }) => reason === merge_reason).map(({ id }) => id);
}

async function append({ transaction, deps, call }: Context, body: ReturnType<typeof nextVersion>): Promise<void> {
  const person_keys = await deps.keys.getOrCreateMany([body.person_id]);
  await writeVersions(transaction, deps, [{ body, context: call }], person_keys);
}

function now({ deps }: Context): string {
  return deps.clock.now().toISOString();
}

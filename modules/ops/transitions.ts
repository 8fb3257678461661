import { retryOnConflict } from '@zdravo/kit/db';
import { conflict, notFound } from '@zdravo/kit/problem';
import type { DeclarationStatus } from './contract.ts';
import type { OpsDeps } from './declarations.ts';
import { findDeclarations, type StoredDeclaration } from './read-declarations.ts';
import type { Op, VersionBody } from './versions.ts';
import { type WriteContext, writeVersions } from './write-version.ts';

export type Change = {
  op: Op;
  status: DeclarationStatus;
  actor_id: string;
  reason?: string | null;
  reason_description?: string | null;
};

/** From which status to which a declaration may go (domain.md §3.6). */
const allowed: Record<DeclarationStatus, readonly DeclarationStatus[]> = {
  pending_verification: ['active', 'rejected', 'terminated', 'closed'],
  active: ['terminated', 'closed'],
  terminated: [],
  closed: [],
  rejected: [],
};

/**
 * Moves a declaration to another status, as a new version. Safe to repeat: one that is already there is answered as it
 * is. @throws Problem 404; 409 when the step is not allowed.
 */
export async function changeStatus(
  deps: OpsDeps,
  id: string,
  change: Change,
  context: WriteContext,
): Promise<StoredDeclaration> {
  const [changed] = await changeStatuses(deps, [id], change, context, (declaration) => {
    if (!mayBecome(declaration, change)) throw conflict('Incorrect status transition.', 'status_transition');
  });
  if (!changed) throw notFound();
  return changed;
}

/**
 * Moves many declarations to another status in one transaction. Those that are there already, or may not go there any
 * more because somebody else was faster, are answered as they are.
 * @param check refuses a declaration that is not there yet, by throwing.
 */
export async function changeStatuses(
  deps: OpsDeps,
  ids: readonly string[],
  change: Change,
  context: WriteContext,
  check: (declaration: StoredDeclaration) => void = () => {},
): Promise<StoredDeclaration[]> {
  deps.heads.refuseWhenBehind();
  return retryOnConflict(() =>
    deps.db.transaction().execute(async (transaction) => {
      await transaction
        .selectFrom('ops.declaration_heads')
        .select('id')
        .where('id', 'in', ids)
        .orderBy('id')
        .forUpdate()
        .execute();
      const current = await findDeclarations(transaction, ids);
      const elsewhere = current.filter(({ status }) => status !== change.status);
      for (const one of elsewhere) check(one);
      const moving = elsewhere.filter((one) => mayBecome(one, change));
      const person_keys = await deps.keys.findMany([...new Set(moving.map(({ person_id }) => person_id))]);
      const now = deps.clock.now().toISOString();
      const versions = moving.map((one) => ({ body: nextVersion(one, change, now), context }));
      const written = versions.length === 0 ? [] : await writeVersions(transaction, deps, versions, person_keys);
      const by_id = new Map(written.map((one) => [one.id, one]));
      return current.map((one) => by_id.get(one.id) ?? one);
    }),
  );
}

function mayBecome({ status }: StoredDeclaration, change: Change): boolean {
  return allowed[status].includes(change.status);
}

/** The body of the version that follows. */
export function nextVersion(current: StoredDeclaration, change: Change, now: string): VersionBody {
  const {
    is_active: _active,
    leaf_hash: _hash,
    leaf_index: _index,
    ...body
  } = current as StoredDeclaration & VersionBody;
  return {
    ...body,
    version: current.version + 1,
    op: change.op,
    status: change.status,
    reason: change.reason ?? current.reason,
    reason_description: change.reason_description ?? null,
    updated_by: change.actor_id,
    updated_at: now,
  };
}

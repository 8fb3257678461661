import { conflict } from '@zdravo/kit/problem';
import type { DeclarationStatus } from './contract.ts';
import type { OpsDeps } from './declarations.ts';
import { findDeclaration, getDeclaration, type StoredDeclaration } from './read-declarations.ts';
import type { Op, VersionBody } from './versions.ts';
import { type WriteContext, writeVersion } from './write-version.ts';

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
 * is. @throws Problem 409 when the step is not allowed.
 */
export async function changeStatus(
  deps: OpsDeps,
  id: string,
  change: Change,
  context: WriteContext,
): Promise<StoredDeclaration> {
  await getDeclaration(deps.db, id);
  deps.heads.refuseWhenBehind();
  await deps.db.transaction().execute(async (transaction) => {
    await transaction.selectFrom('ops.declaration_heads').select('id').where('id', '=', id).forUpdate().execute();
    const current = await getDeclaration(transaction, id);
    if (current.status === change.status) return;
    if (!allowed[current.status].includes(change.status))
      throw conflict('Incorrect status transition.', 'status_transition');
    await writeVersion(transaction, deps, nextVersion(current, change, deps.clock.now().toISOString()), context);
  });
  return (await findDeclaration(deps.db, id))!;
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

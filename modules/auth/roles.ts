import { randomUUID } from 'node:crypto';
import type { CallContext } from '@zdravo/kit/http';
import { malformed } from '@zdravo/kit/problem';
import { type AuthDeps, type AuthTransaction, audit, type ForeignTransaction, inTransaction } from './deps.ts';
import { announceRevocation } from './revocations.ts';
import { revokeTokensOf } from './tokens.ts';

/** A role of a user, for one client or (without one) for all. */
export type RoleGrant = { user_id: string; role: string; client_id: string | null };

export type UserRole = {
  id: string;
  user_id: string;
  role_id: string;
  role_name: string;
  client_id: string | null;
  client_name: string | null;
  scope: string[];
};

/** Gives a role; giving it again changes nothing. @throws Problem 400 for a role that was never seeded. */
export function grantRole(
  deps: AuthDeps,
  { user_id, role, client_id }: RoleGrant,
  context?: CallContext,
  foreign?: ForeignTransaction,
): Promise<void> {
  return inTransaction(deps, foreign, async (transaction) => {
    const role_id = await getRoleId(transaction, role);
    const inserted = await transaction
      .insertInto('auth.user_roles')
      .values({ id: randomUUID(), user_id, role_id, client_id })
      .onConflict((conflict) => conflict.constraint('user_roles_once').doNothing())
      .returning('id')
      .executeTakeFirst();
    if (!inserted) return;
    await announceRevocation(transaction, { user_id });
    await audit(transaction, context, grantEntry('grant_role', { user_id, role, client_id }));
  });
}

/**
 * Takes a role away, and with it the user's approval of that client and all tokens for it: what is still allowed has
 * to be consented to anew.
 */
export function revokeRole(
  deps: AuthDeps,
  { user_id, role, client_id }: RoleGrant,
  context?: CallContext,
  foreign?: ForeignTransaction,
): Promise<void> {
  return inTransaction(deps, foreign, async (transaction) => {
    const role_id = await getRoleId(transaction, role);
    const { numDeletedRows } = await transaction
      .deleteFrom('auth.user_roles')
      .where('user_id', '=', user_id)
      .where('role_id', '=', role_id)
      .where('client_id', client_id === null ? 'is' : '=', client_id)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return;
    await endApproval(deps, transaction, { user_id, client_id });
    await audit(transaction, context, grantEntry('revoke_role', { user_id, role, client_id }));
  });
}

async function endApproval(
  deps: AuthDeps,
  transaction: AuthTransaction,
  { user_id, client_id }: { user_id: string; client_id: string | null },
): Promise<void> {
  let approvals = transaction.deleteFrom('auth.apps').where('user_id', '=', user_id);
  if (client_id !== null) approvals = approvals.where('client_id', '=', client_id);
  await approvals.execute();
  await revokeTokensOf(deps, transaction, client_id === null ? { user_id } : { user_id, client_id });
}

function grantEntry(action: string, { user_id, role, client_id }: RoleGrant) {
  return { action, resource: 'user', resource_id: user_id, detail: { role, client_id } };
}

async function getRoleId(transaction: AuthTransaction, name: string): Promise<string> {
  const role = await transaction.selectFrom('auth.roles').select('id').where('name', '=', name).executeTakeFirst();
  if (!role) throw malformed('User OAuth role does not exists', 'role_unknown');
  return role.id;
}

/** The roles of a user, for one client (and everywhere) or all of them. */
export function listUserRoles(
  deps: Pick<AuthDeps, 'db'>,
  { user_id, client_id }: { user_id: string; client_id?: string },
): Promise<UserRole[]> {
  let query = deps.db
    .selectFrom('auth.user_roles as ur')
    .innerJoin('auth.roles as r', 'r.id', 'ur.role_id')
    .leftJoin('auth.clients as c', 'c.id', 'ur.client_id')
    .select([
      'ur.id',
      'ur.user_id',
      'ur.role_id',
      'r.name as role_name',
      'ur.client_id',
      'c.name as client_name',
      'r.scope',
    ])
    .where('ur.user_id', '=', user_id)
    .orderBy('ur.inserted_at')
    .orderBy('ur.id');
  if (client_id !== undefined)
    query = query.where((where) =>
      where.or([where('ur.client_id', '=', client_id), where('ur.client_id', 'is', null)]),
    );
  return query.execute();
}

import type { Call } from '@zdravo/kit/http';
import { conflict, forbidden, notFound } from '@zdravo/kit/problem';
import type { IlDeps } from '../deps.ts';
import { inviteHash } from './create.ts';
import { findRequestByInvite, lockRequest, type StoredRequest } from './requests.ts';

/** What an invitation's link shows, and whether its e-mail has a user already. @throws Problem 404. */
export async function findInvitation(deps: IlDeps, invite: string) {
  const request = await findRequestByInvite(deps.db, inviteHash(invite));
  if (!request) throw notFound();
  const [user, legal_entity] = await Promise.all([
    deps.auth.findUserByEmail(request.email),
    deps.prm.findLegalEntity(request.legal_entity_id),
  ]);
  if (!legal_entity) throw notFound();
  return { request, legal_entity, user };
}

/**
 * Makes the invited person's user by the alias of the invitation, once. The id of a request, which its clinic knows, does not
 * serve: or the clinic could set a doctor's password.
 * @throws Problem 404 for an alias that is not known or used up, 403 for an expired invitation, 409 when the user exists.
 */
export function createInvitedUser(
  deps: IlDeps,
  user_alias: string,
  password: string,
  call: Pick<Call, 'context'>,
): Promise<{ id: string; email: string }> {
  return deps.db.transaction().execute(async (transaction) => {
    const request = await lockRequest(transaction, user_alias);
    if (request?.user_alias !== user_alias || request.user_made_at !== null) throw notFound();
    refuseDecided(request);
    if (await deps.auth.findUserByEmail(request.email))
      throw conflict('User with this email already exists', 'user_exists');
    const user = await deps.auth.createUser({ email: request.email, password }, { transaction, context: call.context });
    await transaction
      .updateTable('il.employee_requests')
      .set({ user_made_at: deps.clock.now().toISOString() })
      .where('id', '=', request.id)
      .execute();
    return user;
  });
}

function refuseDecided({ status }: StoredRequest): void {
  if (status === 'EXPIRED') throw forbidden('Employee request is expired', 'employee_request_expired');
  if (status !== 'NEW')
    throw conflict(`Employee request status is ${status} and cannot be updated`, 'employee_request_decided');
}

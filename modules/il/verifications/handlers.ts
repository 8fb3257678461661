import { daysBefore } from '@zdravo/kit/clock';
import type { Handlers } from '@zdravo/kit/contract';
import type { Call } from '@zdravo/kit/http';
import { forbidden, notFound } from '@zdravo/kit/problem';
import type { IlDatabase, IlDeps } from '../deps.ts';
import { type Attempt, lockCode, phoneHash, sendCode, tryCode } from './codes.ts';
import type { contract } from './contract.ts';

/** Days for which a proved telephone may be given in declaration requests of the same legal entity. */
export const proved_days = 30;

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    createVerification: async ({ body }, call) => {
      const { id, expires_at } = await deps.db
        .transaction()
        .execute((transaction) => sendCode(transaction, deps, body.phone_number, { purpose: 'phone' }, call));
      return { data: { id, status: 'new', code_expired_at: expires_at, active: true } };
    },
    completeVerification: async ({ params, body }, call) => {
      const proved = await prove(deps, params.phone_number, String(body.code), call);
      return { data: { ...proved, status: 'verified', active: false } };
    },
    getVerification: async ({ params }, call) => {
      if (!(await isProved(deps, deps.db, params.phone_number, call.principal.client_id))) throw notFound();
      return { data: { phone_number: params.phone_number } };
    },
  };
}

async function prove(deps: IlDeps, phone: string, code: string, call: Call) {
  const phone_hmac = phoneHash(deps, phone);
  const { client_id } = call.principal;
  const { attempt, stored } = await deps.db.transaction().execute(async (transaction) => {
    const stored = await lockCode(transaction, { phone_hmac, client_id });
    const attempt = await tryCode(transaction, deps, stored, code);
    if (attempt === 'right') {
      const verified_at = deps.clock.now().toISOString();
      await transaction
        .insertInto('il.verified_phones')
        .values({ phone_hmac, client_id, verified_at })
        .onConflict((one) => one.columns(['phone_hmac', 'client_id']).doUpdateSet({ verified_at }))
        .execute();
    }
    return { attempt, stored };
  });
  refuseAttempt(attempt);
  return { id: stored!.id, code_expired_at: stored!.expires_at };
}

/** @throws Problem 404 when no code was sent, 403 for a wrong, expired or used up one (texts of the reference). */
export function refuseAttempt(attempt: Attempt): void {
  if (attempt === 'none') throw notFound();
  if (attempt === 'wrong') throw forbidden('Invalid verification code', 'code_wrong');
  if (attempt === 'expired') throw forbidden('Verification code expired', 'code_expired');
  if (attempt === 'used_up') throw forbidden('Maximum attempts exceed', 'code_used_up');
}

/** Whether the telephone's bearer gave this legal entity the code lately. */
export async function isProved(
  deps: Pick<IlDeps, 'hash_key' | 'clock'>,
  db: IlDatabase,
  phone: string,
  client_id: string,
): Promise<boolean> {
  const since = daysBefore(deps.clock.now(), proved_days);
  const row = await db
    .selectFrom('il.verified_phones')
    .select('client_id')
    .where('phone_hmac', '=', phoneHash(deps, phone))
    .where('client_id', '=', client_id)
    .where('verified_at', '>', since)
    .executeTakeFirst();
  return row !== undefined;
}

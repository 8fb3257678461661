import { randomUUID } from 'node:crypto';
import { lockName } from '@zdravo/kit/db';
import { accessDenied, tooManyRequests, unavailable } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import { type AuthDeps, type AuthTransaction, after, type OtpDelivery } from './deps.ts';
import { keyedHash, newOtpCode, sameBytes } from './secrets.ts';
import { countFailure } from './sign-in-limits.ts';
import type { Token } from './tokens.ts';

/**
 * Makes a code for a 2fa token, within the limits of its phone and its user, in the transaction that issues the token.
 * @returns the delivery, to be made after the commit.
 */
export async function makeOtp(
  deps: AuthDeps,
  transaction: AuthTransaction,
  token: Token,
  phone: string,
): Promise<OtpDelivery> {
  const { settings, clock, hash_key } = deps;
  const phone_hash = keyedHash(hash_key, 'otp phone', phone);
  await lockName(transaction, `otp ${phone_hash.toString('hex')}`);
  await refuseTooManySends(deps, transaction, phone_hash, token.user_id);
  const code = newOtpCode(settings.otp_digits);
  const expires_at = after(clock, settings.otp_ttl_s);
  await transaction
    .insertInto('auth.otps')
    .values({
      id: randomUUID(),
      token_id: token.id,
      user_id: token.user_id,
      phone_hash,
      code_hash: hashCode(deps, token.id, code),
      sent_at: clock.now().toISOString(),
      expires_at,
    })
    .execute();
  return { phone, code, purpose: token.pending_phone === null ? 'sign_in' : 'new_factor', expires_at };
}

async function refuseTooManySends(
  { settings, clock }: AuthDeps,
  transaction: AuthTransaction,
  phone_hash: Buffer,
  user_id: string,
): Promise<void> {
  const { rows } = await sql<{ minute: number; day: number }>`
    select count(*) filter (where sent_at > ${after(clock, -60)}) as minute, count(*) as day
    from auth.otps
    where (phone_hash = ${phone_hash} or user_id = ${user_id}) and sent_at > ${after(clock, -86_400)}`.execute(
    transaction,
  );
  const { minute, day } = rows[0]!;
  if (minute < settings.otp_sends_per_minute && day < settings.otp_sends_per_day) return;
  const wait_s = day < settings.otp_sends_per_day ? 60 : 3_600;
  throw tooManyRequests('Sending OTP timeout. Try later.', wait_s, 'otp_send_limit');
}

/** Sends a code; a carrier that fails is told as such, and the user may ask again. */
export async function deliver(deps: AuthDeps, otp: OtpDelivery): Promise<void> {
  try {
    await deps.deliverOtp(otp);
  } catch (cause) {
    throw unavailable('The code could not be sent.', 10, 'otp_not_sent', cause);
  }
}

/**
 * Checks a code against the newest one of a 2fa token. The attempt is counted, durably, before the code is compared:
 * of any number of guesses at once only three are looked at.
 * @returns the id of the right code, to be used up by `useOtp`.
 */
export async function checkOtp(deps: AuthDeps, token: Token, code: string, email: string): Promise<string> {
  const { db, settings, clock } = deps;
  const { rows } = await sql<{ id: string; code_hash: Buffer }>`
    update auth.otps set attempts = attempts + 1
    where id = (select id from auth.otps where token_id = ${token.id} order by sent_at desc limit 1)
      and attempts < ${settings.otp_attempts} and used_at is null and expires_at > ${clock.now().toISOString()}
    returning id, code_hash`.execute(db);
  const otp = rows[0];
  if (!otp) throw accessDenied('Invalid OTP code', 'otp_exhausted');
  if (sameBytes(otp.code_hash, hashCode(deps, token.id, code))) return otp.id;
  await countFailure(deps, email);
  throw accessDenied('Invalid OTP code', 'otp_invalid');
}

/** @returns false when the code was used by a rival. */
export async function useOtp(deps: AuthDeps, transaction: AuthTransaction, id: string): Promise<boolean> {
  const { numUpdatedRows } = await transaction
    .updateTable('auth.otps')
    .set({ used_at: deps.clock.now().toISOString() })
    .where('id', '=', id)
    .where('used_at', 'is', null)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

function hashCode({ hash_key }: AuthDeps, token_id: string, code: string): Buffer {
  return keyedHash(hash_key, `otp of ${token_id}`, code);
}

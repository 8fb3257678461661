import { createHmac, randomInt, randomUUID, timingSafeEqual } from 'node:crypto';
import { fillIn, message_texts } from '@zdravo/country-ua';
import { lockName } from '@zdravo/kit/db';
import type { Call } from '@zdravo/kit/http';
import { tooManyRequests } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { IlDeps, IlTransaction } from '../deps.ts';

/** Minutes that a code holds, tries that it has, and how often codes are sent (design.md §6.7). */
export const code_rules = {
  ttl_s: 15 * 60,
  attempts: 3,
  sends_per_phone_and_hour: 5,
  sends_per_sender_and_hour: 120,
} as const;

export type CodeOf = { purpose: 'phone' } | { purpose: 'declaration_request'; subject_id: string };

/** The key of these hashes; its generation is named, for another one would lose every telephone and slot. */
export const hash_key_name = { purpose: 'il one-time codes', generation: '1' } as const;

/** A keyed hash; `label` keeps hashes of different meanings apart. */
export function keyedHash(deps: Pick<IlDeps, 'hash_key'>, label: string, text: string): Buffer {
  return createHmac('sha256', deps.hash_key).update(`${label}\n${text}`).digest();
}

/** By what a telephone is found again without being stored. */
export function phoneHash(deps: Pick<IlDeps, 'hash_key'>, phone: string): Buffer {
  return keyedHash(deps, 'phone', phone);
}

/**
 * Makes a code and queues its SMS, in the caller's transaction: it is sent if and only if that commits. An earlier code for
 * the same purpose ends.
 * @throws Problem 429 when too many were sent to the phone or by the sender.
 */
export async function sendCode(
  transaction: IlTransaction,
  deps: IlDeps,
  phone: string,
  code_of: CodeOf,
  call: Pick<Call, 'principal'>,
): Promise<{ id: string; expires_at: string }> {
  const phone_hmac = phoneHash(deps, phone);
  const { user_id, client_id } = call.principal;
  // Two sends to one phone take turns, or both would count without the other.
  await lockName(transaction, `otp ${phone_hmac.toString('hex')}`);
  await refuseTooMany(transaction, deps, phone_hmac, user_id);
  const subject_id = code_of.purpose === 'declaration_request' ? code_of.subject_id : null;
  await endEarlier(transaction, { purpose: code_of.purpose, phone_hmac, subject_id, client_id });
  const id = randomUUID();
  const code = String(randomInt(100_000, 1_000_000));
  const now_ms = deps.clock.now().getTime();
  const expires_at = new Date(now_ms + code_rules.ttl_s * 1000).toISOString();
  await transaction
    .insertInto('il.verifications')
    .values({
      id,
      purpose: code_of.purpose,
      subject_id,
      phone_hmac,
      code_hmac: codeHash(deps, id, code),
      expires_at,
      inserted_by: user_id,
      client_id,
      inserted_at: new Date(now_ms).toISOString(),
    })
    .execute();
  const text = fillIn(message_texts.verification_code, { code });
  await deps.messages.enqueue(transaction, { kind: 'sms', phone, text }, { expires_at });
  return { id, expires_at };
}

type EarlierCodes = { purpose: CodeOf['purpose']; phone_hmac: Buffer; subject_id: string | null; client_id: string };

/** Of the same request, or of the same client when there is none. */
async function endEarlier(transaction: IlTransaction, { purpose, phone_hmac, subject_id, client_id }: EarlierCodes) {
  await transaction
    .updateTable('il.verifications')
    .set({ status: 'canceled' })
    .where('purpose', '=', purpose)
    .where('phone_hmac', '=', phone_hmac)
    .where('status', '=', 'new')
    .where(subject_id === null ? 'client_id' : 'subject_id', '=', subject_id ?? client_id)
    .execute();
}

function codeHash(deps: Pick<IlDeps, 'hash_key'>, id: string, code: string): Buffer {
  return keyedHash(deps, 'code', `${id} ${code}`);
}

async function refuseTooMany(
  transaction: IlTransaction,
  deps: IlDeps,
  phone_hmac: Buffer,
  sender: string,
): Promise<void> {
  const since = new Date(deps.clock.now().getTime() - 3_600_000).toISOString();
  const { rows } = await sql<{ to_phone: number; by_sender: number }>`
    select (select count(*) from il.verifications where phone_hmac = ${phone_hmac} and inserted_at > ${since}) as to_phone,
      (select count(*) from il.verifications where inserted_by = ${sender} and inserted_at > ${since}) as by_sender`.execute(
    transaction,
  );
  const { to_phone, by_sender } = rows[0]!;
  if (to_phone >= code_rules.sends_per_phone_and_hour || by_sender >= code_rules.sends_per_sender_and_hour)
    throw tooManyRequests('Too many codes were sent; try again later.', 3600, 'too_many_codes');
}

export type Attempt = 'right' | 'wrong' | 'used_up' | 'expired' | 'none';

export type StoredCode = {
  id: string;
  code_hmac: Buffer;
  status: string;
  attempts: number;
  expires_at: string;
};

/** Tries a code against the newest one that was sent; a wrong one is counted. To be committed whatever the answer is. */
export async function tryCode(
  transaction: IlTransaction,
  deps: IlDeps,
  stored: StoredCode | undefined,
  code: string,
): Promise<Attempt> {
  if (!stored) return 'none';
  if (stored.status !== 'new') return stored.status === 'unverified' ? 'used_up' : 'none';
  if (Date.parse(stored.expires_at) <= deps.clock.now().getTime()) return 'expired';
  const right = isCode(deps, stored, code);
  const attempts = stored.attempts + 1;
  const status = right ? 'verified' : attempts >= code_rules.attempts ? 'unverified' : 'new';
  await transaction.updateTable('il.verifications').set({ attempts, status }).where('id', '=', stored.id).execute();
  return right ? 'right' : status === 'unverified' ? 'used_up' : 'wrong';
}

export function isCode(
  deps: Pick<IlDeps, 'hash_key'>,
  stored: Pick<StoredCode, 'id' | 'code_hmac'>,
  code: string,
): boolean {
  return timingSafeEqual(stored.code_hmac, codeHash(deps, stored.id, code));
}

/** The newest code of a request or of a phone at a client, locked. */
export async function lockCode(
  transaction: IlTransaction,
  by: { subject_id: string } | { phone_hmac: Buffer; client_id: string },
): Promise<StoredCode | undefined> {
  let query = transaction
    .selectFrom('il.verifications')
    .select(['id', 'code_hmac', 'status', 'attempts', 'expires_at'])
    .orderBy('inserted_at', 'desc')
    .orderBy('id')
    .limit(1)
    .forUpdate();
  query =
    'subject_id' in by
      ? query.where('subject_id', '=', by.subject_id)
      : query
          .where('purpose', '=', 'phone')
          .where('phone_hmac', '=', by.phone_hmac)
          .where('client_id', '=', by.client_id);
  return query.executeTakeFirst();
}

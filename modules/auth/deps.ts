import type { Clock } from '@zdravo/kit/clock';
import { asModule, type Transaction } from '@zdravo/kit/db';
import type { CallContext } from '@zdravo/kit/http';
import type { Kysely } from 'kysely';
import type { PasswordHasher } from './password-hash.ts';
import type { Revocations } from './revocations.ts';
import type { AuthSettings } from './settings.ts';
import type { Tables } from './tables.ts';

/** A code on its way to a phone; the caller words the message and carries it. */
export type OtpDelivery = { phone: string; code: string; purpose: 'sign_in' | 'new_factor'; expires_at: string };
export type RecoveryDelivery = { email: string; link: string; expires_at: string };

export type AuthDeps = {
  db: Kysely<Tables>;
  clock: Clock;
  settings: AuthSettings;
  /** Keys the hashes of codes, phones and e-mails. */
  hash_key: Uint8Array;
  hasher: PasswordHasher;
  revocations: Revocations;
  deliverOtp: (otp: OtpDelivery) => Promise<void>;
  deliverRecovery: (recovery: RecoveryDelivery) => Promise<void>;
};

export type AuthTransaction = Transaction<Tables>;
/** An open transaction of another module of the platform, whatever its tables are: it goes through `asModule` only. */
export type ForeignTransaction = { readonly isTransaction: true };

export const auth_role = 'zdravo_auth';

/** Works in the caller's transaction, through the door, or in one of our own. */
export function inTransaction<Result>(
  deps: { db: Kysely<Tables> },
  foreign: ForeignTransaction | undefined,
  work: (transaction: AuthTransaction) => Promise<Result>,
): Promise<Result> {
  if (foreign) return asModule<Tables, Tables, Result>(foreign as AuthTransaction, auth_role, work);
  return deps.db.transaction().execute(work);
}

/** The instant `seconds` from now, as text. */
export function after(clock: Clock, seconds: number): string {
  return new Date(clock.now().getTime() + seconds * 1_000).toISOString();
}

export type AuditEntry = {
  action: string;
  resource: string;
  resource_id: string | null;
  detail?: Record<string, unknown>;
};

/** Witnesses a change, in its transaction. */
export async function audit(
  transaction: AuthTransaction,
  context: CallContext | undefined,
  entry: AuditEntry,
): Promise<void> {
  await transaction
    .insertInto('auth.audit_log')
    .values({
      request_id: context?.request_id ?? 'internal',
      actor_id: context?.actor_id ?? null,
      client_id: context?.client_id ?? null,
      action: entry.action,
      resource: entry.resource,
      resource_id: entry.resource_id,
      detail: entry.detail === undefined ? null : JSON.stringify(entry.detail),
    })
    .execute();
}

import { randomUUID } from 'node:crypto';
import { isUniqueViolation } from '@zdravo/kit/db';
import type { CallContext } from '@zdravo/kit/http';
import { conflict, invalidField, notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import { type AuthDeps, type AuthTransaction, audit, type ForeignTransaction, inTransaction } from './deps.ts';
import { acceptPassword, refuseWeakPassword, storePassword } from './passwords.ts';
import { announceRevocation } from './revocations.ts';
import { revokeTokensOf } from './tokens.ts';

export type User = {
  id: string;
  email: string;
  password_hash: string | null;
  password_set_at: string | null;
  second_factor_required: boolean;
  is_blocked: boolean;
  settings: unknown;
};

const columns = [
  'id',
  'email',
  'password_hash',
  'password_set_at',
  'second_factor_required',
  'is_blocked',
  'settings',
] as const;

type Reader = { db: Pick<AuthDeps['db'], 'selectFrom'> };

/** @param email in any case. */
export function findUserByEmail(deps: Reader, email: string): Promise<User | undefined> {
  return deps.db
    .selectFrom('auth.users')
    .select(columns)
    .where(sql<string>`lower(email)`, '=', email.toLowerCase())
    .executeTakeFirst();
}

export function findUser(deps: Reader, id: string): Promise<User | undefined> {
  return deps.db.selectFrom('auth.users').select(columns).where('id', '=', id).executeTakeFirst();
}

/** @throws Problem 404. */
export async function getUser(deps: Reader, id: string): Promise<User> {
  const user = await findUser(deps, id);
  if (!user) throw notFound();
  return user;
}

export type NewUser = {
  id?: string;
  email: string;
  /** Without one the account waits for its first password (a recovery link). */
  password?: string;
  second_factor_required?: boolean;
  /** A confirmed phone, for accounts that are set up by an operator. */
  phone?: string;
  /** Where the password stands in the request, for a refusal. */
  password_entry?: string;
};

/** What can be written to; whether somebody reads it, only a mail tells. */
const email_pattern = /^[^\s@]{1,64}@[^\s@]{1,185}$/;

/** Makes an account. @throws Problem 409 when the e-mail is taken in any case, 422 for a weak password. */
export async function createUser(
  deps: AuthDeps,
  input: NewUser,
  context?: CallContext,
  foreign?: ForeignTransaction,
): Promise<{ id: string; email: string }> {
  const entry = input.password_entry ?? '$.user.password';
  if (!email_pattern.test(input.email))
    throw invalidField('$.user.email', 'expected "email" format', 'format', ['email']);
  if (input.password !== undefined) refuseWeakPassword(deps, input.password, input.email, entry);
  const hash = input.password === undefined ? undefined : await deps.hasher.hash(input.password);
  const user = { id: input.id ?? randomUUID(), email: input.email.toLowerCase() };
  try {
    await inTransaction(deps, foreign, async (transaction) => {
      await insertUser(deps, transaction, { ...input, ...user });
      if (hash !== undefined) await storePassword(deps, transaction, user.id, { hash });
      await audit(transaction, context, { action: 'create_user', resource: 'user', resource_id: user.id });
    });
  } catch (error) {
    if (isUniqueViolation(error)) throw conflict('Email is already used by another person', 'email_taken');
    throw error;
  }
  return user;
}

async function insertUser(
  deps: AuthDeps,
  transaction: AuthTransaction,
  input: NewUser & { id: string },
): Promise<void> {
  const second_factor_required = input.second_factor_required ?? deps.settings.second_factor_required;
  await transaction
    .insertInto('auth.users')
    .values({ id: input.id, email: input.email, second_factor_required })
    .execute();
  if (second_factor_required || input.phone !== undefined) {
    await transaction
      .insertInto('auth.authentication_factors')
      .values({ user_id: input.id, factor: input.phone ?? null })
      .execute();
  }
}

/** Sets a password by authority of the caller (an accepted invitation, an operator) and ends the user's tokens. */
export async function setPassword(
  deps: AuthDeps,
  user_id: string,
  password: string,
  options: { entry?: string; foreign?: ForeignTransaction } = {},
): Promise<void> {
  const user = await getUser(deps, user_id);
  const accepted = await acceptPassword(deps, user, password, options.entry ?? '$.user.password');
  await inTransaction(deps, options.foreign, (transaction) => storePassword(deps, transaction, user_id, accepted));
}

/** The user's second factor: undefined when there is none, a null phone when it still has to be named. */
export async function findSecondFactor(deps: Reader, user_id: string): Promise<{ phone: string | null } | undefined> {
  const row = await deps.db
    .selectFrom('auth.authentication_factors')
    .select('factor')
    .where('user_id', '=', user_id)
    .where('is_active', '=', true)
    .executeTakeFirst();
  return row && { phone: row.factor };
}

/** Takes the phone away, so that the user names a new one at the next sign-in. */
export function resetSecondFactor(deps: AuthDeps, user_id: string, context?: CallContext): Promise<void> {
  return deps.db.transaction().execute(async (transaction) => {
    await transaction
      .insertInto('auth.authentication_factors')
      .values({ user_id, factor: null })
      .onConflict((one) => one.column('user_id').doUpdateSet({ factor: null, is_active: true }))
      .execute();
    await revokeTokensOf(deps, transaction, { user_id });
    await audit(transaction, context, { action: 'reset_second_factor', resource: 'user', resource_id: user_id });
  });
}

/** Bars a user, or lets them in again. */
export function setUserBlocked(
  deps: AuthDeps,
  user_id: string,
  block: { blocked: boolean; reason?: string },
  context?: CallContext,
  foreign?: ForeignTransaction,
): Promise<void> {
  return inTransaction(deps, foreign, async (transaction) => {
    await transaction
      .updateTable('auth.users')
      .set({ is_blocked: block.blocked, block_reason: block.blocked ? (block.reason ?? null) : null })
      .where('id', '=', user_id)
      .execute();
    if (block.blocked) await revokeTokensOf(deps, transaction, { user_id });
    else await announceRevocation(transaction, { user_id });
    const action = block.blocked ? 'block_user' : 'unblock_user';
    await audit(transaction, context, { action, resource: 'user', resource_id: user_id });
  });
}

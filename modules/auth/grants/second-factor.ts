import { accessDenied, conflict } from '@zdravo/kit/problem';
import { type AuthDeps, type AuthTransaction, audit, type OtpDelivery } from '../deps.ts';
import { checkOtp, deliver, makeOtp, useOtp } from '../otps.ts';
import { announceRevocation } from '../revocations.ts';
import { getHeldToken, type IssuedToken, issueToken, type NewToken, type Token, useUp } from '../tokens.ts';
import { findSecondFactor, getUser, type User } from '../users.ts';
import type { Granted, NextStep } from './granted.ts';

type Authorization = string | string[] | undefined;
type Waiting = Omit<NewToken, 'name' | 'ttl_s'>;

/** After the right password: a 2fa token, and a code to the user's phone when it is known. */
export async function askSecondFactor(deps: AuthDeps, waiting: Waiting, phone: string | null): Promise<Granted> {
  const { issued, otp } = await deps.db
    .transaction()
    .execute((transaction) => issueWaiting(deps, transaction, waiting, phone));
  if (!otp) return { issued, next_step: 'REQUEST_FACTOR' };
  await deliver(deps, otp);
  return { issued, next_step: 'REQUEST_OTP' };
}

async function issueWaiting(
  deps: AuthDeps,
  transaction: AuthTransaction,
  waiting: Waiting,
  phone: string | null,
): Promise<{ issued: IssuedToken; otp?: OtpDelivery }> {
  const ttl_s = deps.settings.second_factor_ttl_s;
  const issued = await issueToken(deps, transaction, { ...waiting, name: '2fa_access_token', ttl_s });
  if (phone === null) return { issued };
  return { issued, otp: await makeOtp(deps, transaction, issued.token, phone) };
}

/** `authorize_2fa_access_token`: the code from the known phone earns what the password asked for. */
export async function grantBySecondFactor(
  deps: AuthDeps,
  authorization: Authorization,
  code: string,
): Promise<Granted> {
  const token = await getHeldToken(deps, authorization, ['2fa_access_token']);
  if (token.pending_phone !== null) throw accessDenied('Invalid token type', 'token_type_invalid');
  const user = await getOpenUser(deps, token);
  await getPhone(deps, token);
  const otp_id = await checkOtp(deps, token, code, user.email);
  const issued = await deps.db.transaction().execute((transaction) => earn(deps, transaction, token, otp_id));
  return { issued, next_step: stepAfter(token) };
}

/** `refresh_2fa_access_token`: a new code and a new 2fa token instead of the old. */
export async function refreshSecondFactor(deps: AuthDeps, authorization: Authorization): Promise<Granted> {
  const token = await getHeldToken(deps, authorization, ['2fa_access_token']);
  await getOpenUser(deps, token);
  const phone = token.pending_phone ?? (await getPhone(deps, token));
  const { issued, otp } = await replaceBy(deps, token, token.pending_phone, phone);
  await deliver(deps, otp!);
  return { issued, next_step: token.pending_phone === null ? 'REQUEST_OTP' : 'APPROVE_FACTOR' };
}

/**
 * `init_factor`: names a phone, to which a code goes. At the first sign-in with the 2fa token; later with a full session
 * of the login pages, so that a stolen password alone cannot move the factor to another phone.
 */
export async function nameFactor(deps: AuthDeps, authorization: Authorization, phone: string): Promise<Granted> {
  const token = await getHeldToken(deps, authorization, ['2fa_access_token', 'access_token']);
  await getOpenUser(deps, token);
  await refuseWrongFactorToken(deps, token);
  const { issued, otp } = await replaceBy(deps, token, phone, phone);
  await deliver(deps, otp!);
  return { issued, next_step: 'APPROVE_FACTOR' };
}

const factor_scopes = ['app:authorize', 'user:request_factor'];

async function refuseWrongFactorToken(deps: AuthDeps, token: Token): Promise<void> {
  const factor = await findSecondFactor(deps, token.user_id);
  const first_time = factor !== undefined && factor.phone === null;
  const expected = first_time ? '2fa_access_token' : 'access_token';
  const is_session = token.grant_type === 'password' && token.scope.some((scope) => factor_scopes.includes(scope));
  if (token.name !== expected || (!first_time && !is_session))
    throw accessDenied('Invalid token type', 'token_type_invalid');
}

/** `approve_factor`: the code from the new phone makes it the second factor and goes on with the sign-in. */
export async function approveFactor(deps: AuthDeps, authorization: Authorization, code: string): Promise<Granted> {
  const token = await getHeldToken(deps, authorization, ['2fa_access_token']);
  if (token.pending_phone === null) throw accessDenied('Invalid token type', 'token_type_invalid');
  const user = await getOpenUser(deps, token);
  const otp_id = await checkOtp(deps, token, code, user.email);
  const issued = await deps.db.transaction().execute(async (transaction) => {
    await writeFactor(deps, transaction, token);
    return earn(deps, transaction, token, otp_id);
  });
  return { issued, next_step: stepAfter(token) };
}

async function writeFactor(deps: AuthDeps, transaction: AuthTransaction, token: Token): Promise<void> {
  const factor = { factor: token.pending_phone, is_active: true, updated_at: deps.clock.now().toISOString() };
  await transaction
    .insertInto('auth.authentication_factors')
    .values({ user_id: token.user_id, ...factor })
    .onConflict((conflict) => conflict.column('user_id').doUpdateSet(factor))
    .execute();
  await audit(transaction, undefined, { action: 'set_second_factor', resource: 'user', resource_id: token.user_id });
}

/** The one transaction in which code and 2fa token are used up and the earned token is issued. */
async function earn(deps: AuthDeps, transaction: AuthTransaction, token: Token, otp_id: string): Promise<IssuedToken> {
  const won = (await useOtp(deps, transaction, otp_id)) && (await useUp(deps, transaction, token));
  if (!won) throw accessDenied('Token expired', 'token_used');
  return issueToken(deps, transaction, {
    name: token.granted_name === 'change_password_token' ? 'change_password_token' : 'access_token',
    family_id: token.family_id,
    user_id: token.user_id,
    client_id: token.client_id,
    grant_type: token.grant_type,
    scope: token.scope,
    redirect_uri: token.redirect_uri,
    ttl_s: deps.settings.session_ttl_s,
  });
}

async function replaceBy(deps: AuthDeps, token: Token, pending_phone: string | null, phone: string) {
  return deps.db.transaction().execute(async (transaction) => {
    if (!(await useUp(deps, transaction, token))) throw accessDenied('Token expired', 'token_used');
    if (token.name === 'access_token') await announceRevocation(transaction, { family_id: token.family_id });
    const { family_id, user_id, client_id, grant_type, scope, redirect_uri } = token;
    const granted_name = token.granted_name ?? 'access_token';
    const waiting = { family_id, user_id, client_id, grant_type, scope, redirect_uri, granted_name, pending_phone };
    return issueWaiting(deps, transaction, waiting, phone);
  });
}

async function getPhone(deps: AuthDeps, token: Token): Promise<string> {
  const phone = (await findSecondFactor(deps, token.user_id))?.phone;
  if (!phone) throw conflict('Not found authentication factor for user.', 'factor_missing');
  return phone;
}

async function getOpenUser(deps: AuthDeps, token: Token): Promise<User> {
  const user = await getUser(deps, token.user_id);
  if (user.is_blocked) throw accessDenied('User blocked.', 'user_blocked');
  return user;
}

function stepAfter(token: Token): NextStep {
  return token.granted_name === 'change_password_token' ? 'UPDATE_PASSWORD' : 'REQUEST_APPS';
}

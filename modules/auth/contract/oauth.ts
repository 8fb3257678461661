import { Open, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';
import { AppBody, NextStep, Otp, Password, Token, TokenBody, User } from './models.ts';

const tag = 'Sign-in';

export const oauthContract = {
  createToken: route({
    method: 'POST',
    path: '/oauth/tokens',
    also: [{ path: '/api/oauth/tokens' }, { path: '/oauth/tokens/actions/change_password' }],
    summary: 'Get a token by a grant',
    description:
      'Grant types: password and change_password (the login pages), authorize_2fa_access_token and ' +
      'refresh_2fa_access_token (with the 2fa token in Authorization), authorization_code, refresh_token. ' +
      'A code and a refresh token serve once; using one again ends everything that came of it.',
    tag,
    access: { kind: 'public' },
    body: TokenBody,
    status: 201,
    envelope: 'reference',
    data: Token,
    urgent: NextStep,
    rate_limit_per_minute: 600,
    idempotent: false,
  }),
  getApp: route({
    method: 'GET',
    path: '/oauth/apps/authorize',
    summary: 'Which client a link asks consent for',
    description:
      'For the login pages, before anybody types a password: the client is registered, is not blocked, and the address ' +
      'is the one that it registered.',
    tag,
    access: { kind: 'public' },
    query: Type.Object({ client_id: Uuid, redirect_uri: Type.String({ maxLength: 4_096 }) }),
    envelope: 'reference',
    data: Type.Object({ client_id: Type.String(), client_name: Type.String() }),
    rate_limit_per_minute: 240,
  }),
  authorizeApp: route({
    method: 'POST',
    path: '/oauth/apps/authorize',
    summary: 'Consent to a client’s access',
    description:
      'The Location header names the registered redirect_uri with `code`, and with `state` when one was given.',
    tag,
    access: { kind: 'scopes', scopes: ['app:authorize'] },
    body: AppBody,
    status: 201,
    envelope: 'reference',
    data: Token,
    idempotent: false,
  }),
  initFactor: route({
    method: 'POST',
    path: '/oauth/users/actions/init_factor',
    summary: 'Name a phone as the second factor',
    description:
      'With the 2fa token at the first sign-in, later with the login pages’ access token. A code goes to the phone.',
    tag,
    access: { kind: 'public' },
    body: Open({
      type: Type.Enum(['SMS']),
      factor: Type.String({ pattern: '^\\+[1-9]\\d{9,14}$' }),
    }),
    status: 201,
    envelope: 'reference',
    data: Type.Omit(Token, ['details']),
    urgent: NextStep,
    rate_limit_per_minute: 60,
    idempotent: false,
  }),
  approveFactor: route({
    method: 'POST',
    path: '/oauth/users/actions/approve_factor',
    summary: 'Confirm the phone by its code',
    tag,
    access: { kind: 'public' },
    body: Open({ otp: Otp }),
    status: 201,
    envelope: 'reference',
    data: Token,
    urgent: NextStep,
    rate_limit_per_minute: 60,
    idempotent: false,
  }),
  updatePassword: route({
    method: 'POST',
    path: '/oauth/users/actions/update_password',
    summary: 'Set a new password',
    description:
      'With a change_password_token, which the grant type change_password earns. All tokens of the user end.',
    tag,
    access: { kind: 'public' },
    body: Open({ user: Open({ password: Password }) }),
    envelope: 'reference',
    data: User,
    rate_limit_per_minute: 30,
    idempotent: false,
  }),
};

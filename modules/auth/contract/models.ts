import { Nullable, Open, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const Text = Type.String({ maxLength: 4_096 });
export const Email = Type.String({ maxLength: 254, minLength: 3 });
export const Password = Type.String({ maxLength: 1_024 });
export const Scope = Type.String({ maxLength: 8_192 });

export const TokenDetails = Type.Object({
  scope: Type.String(),
  scope_request: Type.Optional(Type.String()),
  client_id: Type.String(),
  grant_type: Type.String(),
  redirect_uri: Nullable(Type.String()),
  refresh_token: Type.Optional(Type.String()),
});

/** `expires_at`: seconds since 1970. */
export const Token = Type.Object({
  id: Type.String(),
  name: Type.String(),
  value: Type.String(),
  expires_at: Type.Integer(),
  user_id: Type.String(),
  details: TokenDetails,
});

export const NextStep = Type.Object({ next_step: Type.String() });

export const User = Type.Object({
  id: Type.String(),
  email: Type.String(),
  settings: Type.Record(Type.String(), Type.Unknown()),
});

export const Role = Type.Object({
  id: Type.String(),
  name: Type.String(),
  scope: Type.String(),
  created_at: Type.String(),
  updated_at: Type.String(),
});

/** The members that any grant type knows; which of them one needs is checked with `grantBodies`. */
export const TokenBody = Open({
  token: Open({
    grant_type: Type.String({ maxLength: 64 }),
    email: Type.Optional(Email),
    password: Type.Optional(Password),
    client_id: Type.Optional(Uuid),
    client_secret: Type.Optional(Text),
    code: Type.Optional(Text),
    refresh_token: Type.Optional(Text),
    redirect_uri: Type.Optional(Text),
    scope: Type.Optional(Scope),
    otp: Type.Optional(Type.Union([Type.Integer(), Type.String({ pattern: '^\\d{4,10}$' })])),
  }),
});

/** Clients read a code as a number (`parseInt`) or leave it text: both are right. */
export const Otp = Type.Union([
  Type.Integer({ minimum: 0, maximum: 9_999_999_999 }),
  Type.String({ pattern: '^\\d{4,10}$' }),
]);

const members = { email: Email, password: Password, client_id: Uuid, client_secret: Text, scope: Scope };
const { client_id, client_secret } = members;
const sign_in = { email: Email, password: Password, client_id, scope: Scope };

function bodyOf<Properties extends Parameters<typeof Open>[0]>(properties: Properties) {
  return Open({ token: Open(properties) });
}

export const GrantBodies = {
  password: bodyOf(sign_in),
  change_password: bodyOf(sign_in),
  authorize_2fa_access_token: bodyOf({ otp: Otp }),
  refresh_2fa_access_token: bodyOf({}),
  authorization_code: bodyOf({
    client_id,
    client_secret,
    code: Text,
    redirect_uri: Text,
    scope: Type.Optional(Scope),
  }),
  refresh_token: bodyOf({ client_id, client_secret, refresh_token: Text }),
};
export type GrantType = keyof typeof GrantBodies;

export const grant_types = Object.keys(GrantBodies) as GrantType[];

export const AppBody = Open({
  app: Open({
    client_id: Uuid,
    redirect_uri: Text,
    scope: Scope,
    state: Type.Optional(Type.String({ maxLength: 2_048 })),
  }),
});

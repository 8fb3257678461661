import type { Handlers } from '@zdravo/kit/contract';
import { type Call, checkValue } from '@zdravo/kit/http';
import { fieldRule, validationFailed } from '@zdravo/kit/problem';
import type { Static } from 'typebox';
import { approveApp, getApp } from '../consent.ts';
import { GrantBodies, type GrantType, grant_types, type TokenBody } from '../contract/models.ts';
import type { oauthContract } from '../contract/oauth.ts';
import type { recoveryContract } from '../contract/recovery.ts';
import type { AuthDeps } from '../deps.ts';
import { grantByCode } from '../grants/authorization-code.ts';
import type { Granted } from '../grants/granted.ts';
import { grantByPassword, grantPasswordChange } from '../grants/password.ts';
import { grantByRefresh } from '../grants/refresh-token.ts';
import { approveFactor, grantBySecondFactor, nameFactor, refreshSecondFactor } from '../grants/second-factor.ts';
import { updatePassword } from '../grants/update-password.ts';
import { finishRecovery, startRecovery } from '../recoveries.ts';
import { viewToken } from '../tokens.ts';
import { viewUser } from './views.ts';

type Body = Static<typeof TokenBody>;

export function oauthHandlers(deps: AuthDeps): Handlers<typeof oauthContract & typeof recoveryContract> {
  return {
    createToken: async ({ body }, call) => {
      const granted = await grant(deps, body, call);
      return { data: viewToken(granted.issued, granted.refresh), ...urgentOf(granted) };
    },
    getApp: async ({ query }) => ({ data: await getApp(deps, query) }),
    authorizeApp: async ({ body }, call) => {
      const { code, location } = await approveApp(deps, body.app, call);
      return { data: viewToken(code), headers: { location } };
    },
    initFactor: async ({ body }, call) => {
      const granted = await nameFactor(deps, call.headers['authorization'], body.factor);
      const { details: _details, ...data } = viewToken(granted.issued);
      return { data, ...urgentOf(granted) };
    },
    approveFactor: async ({ body }, call) => {
      const granted = await approveFactor(deps, call.headers['authorization'], String(body.otp));
      return { data: viewToken(granted.issued), ...urgentOf(granted) };
    },
    updatePassword: async ({ body }, call) => ({
      data: viewUser(await updatePassword(deps, call.headers['authorization'], body.user.password)),
    }),
    startRecovery: async ({ body }) => ({ data: { is_active: true, ...(await startRecovery(deps, body.email)) } }),
    finishRecovery: async ({ params, body }) => ({
      data: viewUser(await finishRecovery(deps, params.id, body.password, '$.password')),
    }),
  };
}

function urgentOf({ next_step }: Granted): { urgent?: { next_step: string } } {
  return next_step === undefined ? {} : { urgent: { next_step } };
}

type Grant = (deps: AuthDeps, token: never, call: Call) => Promise<Granted>;

const grants: Record<GrantType, Grant> = {
  password: grantByPassword,
  change_password: grantPasswordChange,
  authorize_2fa_access_token: (deps, token: { otp: string | number }, call) =>
    grantBySecondFactor(deps, call.headers['authorization'], String(token.otp)),
  refresh_2fa_access_token: (deps, _token, call) => refreshSecondFactor(deps, call.headers['authorization']),
  authorization_code: grantByCode,
  refresh_token: grantByRefresh,
};

/** Each grant type needs members of its own; what is missing is named like any broken body. */
async function grant(deps: AuthDeps, body: Body, call: Call): Promise<Granted> {
  const grant_type = body.token.grant_type as GrantType;
  if (!grant_types.includes(grant_type)) {
    const rule = fieldRule('$.token.grant_type', 'value is not allowed in enum', 'inclusion', grant_types);
    throw validationFailed([rule]);
  }
  const invalid = checkValue(GrantBodies[grant_type], body);
  if (invalid.length > 0) throw validationFailed(invalid);
  return grants[grant_type](deps, body.token as never, call);
}

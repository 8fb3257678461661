import { randomInt, randomUUID } from 'node:crypto';
import { client_type_scopes, role_scopes } from '@zdravo/country-ua';
import { createGateway, served } from '@zdravo/gateway';
import { type SettableClock, settableClock } from '@zdravo/kit/clock';
import { type Database, openDatabase } from '@zdravo/kit/db';
import type { HttpServer } from '@zdravo/kit/http';
import { migrateJobs } from '@zdravo/kit/jobs';
import { createTestDatabase, testLogger } from '@zdravo/kit/testing';
import { auth_role } from '../deps.ts';
import { type Auth, type AuthSettings, contract, createAuth, migrations } from '../index.ts';
import type { Tables } from '../tables.ts';

export const password = 'correct horse battery';
export const phone = '+380670000001';
export const redirect_uri = 'https://mis.example/callback?from=zdravo';

/** The members that tests look at; an answer has some of them. */
export type Data = {
  id: string;
  name: string;
  value: string;
  user_id: string;
  consumer_id: string;
  client_id: string;
  email: string;
  secret: string;
  scope: string;
  expires_at: number;
  client_type: string;
  client_type_name: string;
  broker_scope: string | null;
  role_name: string;
  details: { scope: string; scope_request: string; client_id: string; grant_type: string; refresh_token: string };
};
type Refusal = { type: string; code: string; message: string; invalid: { entry: string }[] };
export type Answer = {
  status: number;
  data: Data;
  list: Data[];
  urgent: { next_step: string; roles: Data[] };
  paging: { total_entries: number };
  error: Refusal;
  headers: Record<string, unknown>;
  text: string;
};

export type Fixture = {
  auth: Auth;
  app: HttpServer;
  clock: SettableClock;
  db: Database<Tables>['db'];
  database_url: string;
  otps: { phone: string; code: string }[];
  recoveries: { email: string; link: string }[];
  login_client_id: string;
  mis: { id: string; secret: string };
  clinic: { id: string; secret: string };
  call(method: string, url: string, options?: { body?: unknown; token?: string; api_key?: string }): Promise<Answer>;
  newUser(options?: { phone?: string; second_factor_required?: boolean; roles?: string[] }): Promise<TestUser>;
  signIn(user: TestUser, scope?: string): Promise<Answer>;
  getCode(user: TestUser, scope?: string): Promise<string>;
  exchange(code: string, changes?: Record<string, unknown>): Promise<Answer>;
  getTokens(user: TestUser, scope?: string): Promise<{ access: string; refresh: string }>;
  refresh(refresh_token: string, changes?: Record<string, unknown>): Promise<Answer>;
  close(): Promise<void>;
};
export type TestUser = { id: string; email: string };

/** Auth behind the real gateway, on a database of its own, with the reference's roles, a login client, a MIS and a clinic. */
export async function createAuthFixture(settings: Partial<AuthSettings> = {}): Promise<Fixture> {
  const database = await createTestDatabase('auth', {
    migrations: [migrations],
    prepare: (url) => migrateJobs(url, auth_role),
  });
  const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');
  const otps: Fixture['otps'] = [];
  const recoveries: Fixture['recoveries'] = [];
  const auth = await createAuth({
    database_url: database.url,
    clock,
    log: testLogger(),
    hash_key: new Uint8Array(32).fill(7),
    deliverOtp: async (otp) => void otps.push(otp),
    deliverRecovery: async (recovery) => void recoveries.push(recovery),
    settings: { password_cost_log2: 4, ...settings },
  });
  await auth.seed({ roles: role_scopes, client_types: client_type_scopes });
  const clients = await createClients(auth);
  const opened = openDatabase<Tables>({ url: database.url, application_name: 'test' });
  const app = await createGateway({
    routes: [served(contract, auth.handlers)],
    findPrincipal: auth.findPrincipal,
    ready: async () => {},
    log: testLogger(),
    version: '0.0.0',
    pressure: { delay_ms: () => 0, stop: () => {} },
  });
  await app.ready();
  const base = { auth, app, clock, db: opened.db, database_url: database.url, otps, recoveries, ...clients };
  const close = async () => {
    await app.close();
    await auth.close();
    await opened.close();
    await database.drop();
  };
  return { ...base, ...actionsOf(base), close };
}

async function createClients(auth: Auth) {
  const login_client_id = randomUUID();
  await auth.putClient({
    id: login_client_id,
    name: 'Login pages',
    client_type: 'Auth_FE',
    redirect_uri: 'https://login.example/',
    allowed_grant_types: ['password', 'change_password'],
  });
  const broker_scope = client_type_scopes['MSP']!.filter((scope) => scope !== 'otp:write');
  const mis = { id: randomUUID(), name: 'A MIS', client_type: 'MIS', redirect_uri, broker_scope };
  const clinic = {
    id: randomUUID(),
    name: 'A clinic',
    client_type: 'MSP',
    redirect_uri,
    access_type: 'BROKER',
  } as const;
  const created = [await auth.putClient(mis), await auth.putClient(clinic)];
  return {
    login_client_id,
    mis: { id: mis.id, secret: created[0]!.secret! },
    clinic: { id: clinic.id, secret: created[1]!.secret! },
  };
}

type Base = Pick<Fixture, 'app' | 'auth' | 'login_client_id' | 'clinic'>;

function actionsOf(base: Base) {
  const { app, auth, login_client_id, clinic } = base;

  const call: Fixture['call'] = async (method, url, { body, token, api_key } = {}) => {
    const response = await app.inject({
      method: method as 'GET',
      url,
      // From ever other addresses, so that limits per address do not hide what is tested.
      remoteAddress: `10.${randomInt(256)}.${randomInt(256)}.${randomInt(1, 255)}`,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(api_key === undefined ? {} : { 'api-key': api_key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const json = response.body.startsWith('{') ? response.json() : {};
    return { status: response.statusCode, ...json, list: json.data, headers: response.headers, text: response.body };
  };

  const newUser: Fixture['newUser'] = async ({ roles = ['OWNER'], ...options } = {}) => {
    const user = await auth.createUser({ email: `u-${randomUUID()}@example.org`, password, ...options });
    for (const role of roles) await auth.grantRole({ user_id: user.id, role, client_id: clinic.id });
    return user;
  };

  const signIn: Fixture['signIn'] = (user, scope = 'app:authorize') =>
    call('POST', '/oauth/tokens', {
      body: { token: { grant_type: 'password', email: user.email, password, client_id: login_client_id, scope } },
    });

  const getCode: Fixture['getCode'] = async (user, scope = 'employee:read legal_entity:read') => {
    const token = (await signIn(user)).data.value;
    const body = { app: { client_id: clinic.id, redirect_uri, scope } };
    const { headers } = await call('POST', '/oauth/apps/authorize', { token, body });
    return new URL(String(headers['location'])).searchParams.get('code')!;
  };

  const exchange: Fixture['exchange'] = (code, changes = {}) => {
    const token = {
      grant_type: 'authorization_code',
      code,
      redirect_uri,
      client_id: clinic.id,
      client_secret: clinic.secret,
    };
    return call('POST', '/oauth/tokens', { body: { token: { ...token, ...changes } } });
  };

  const getTokens: Fixture['getTokens'] = async (user, scope) => {
    const { data } = await exchange(await getCode(user, scope));
    return { access: data.value, refresh: data.details.refresh_token };
  };

  const refresh: Fixture['refresh'] = (refresh_token, changes = {}) => {
    const token = { grant_type: 'refresh_token', refresh_token, client_id: clinic.id, client_secret: clinic.secret };
    return call('POST', '/api/oauth/tokens', { body: { token: { ...token, ...changes } } });
  };

  return { call, newUser, signIn, getCode, exchange, getTokens, refresh };
}

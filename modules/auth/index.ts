import { join } from 'node:path';
import { auditRotation } from '@zdravo/kit/audit';
import type { Clock } from '@zdravo/kit/clock';
import type { Handlers } from '@zdravo/kit/contract';
import { type Migrations, openDatabase } from '@zdravo/kit/db';
import type { CallContext, Principal } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import { cleanupJobs } from './cleanup.ts';
import { type Client, findClient, type NewClient, putClient, refreshSecret, setClientBlocked } from './clients.ts';
import type { contract } from './contract.ts';
import { type AuthDeps, auth_role, type ForeignTransaction, type OtpDelivery, type RecoveryDelivery } from './deps.ts';
import { createHandlers } from './handlers.ts';
import { createPasswordHasher } from './password-hash.ts';
import { type Credentials, createPrincipalFinder } from './principals.ts';
import { createRecoveryLink, recoveryJob } from './recoveries.ts';
import { createRevocations } from './revocations.ts';
import { grantRole, listUserRoles, type RoleGrant, revokeRole, type UserRole } from './roles.ts';
import { type AuthSeed, seedAuth } from './seed.ts';
import { type AuthSettings, default_settings } from './settings.ts';
import type { Tables } from './tables.ts';
import {
  createUser,
  findUser,
  findUserByEmail,
  type NewUser,
  resetSecondFactor,
  setPassword,
  setUserBlocked,
  type User,
} from './users.ts';

export type { NewClient } from './clients.ts';
export { contract } from './contract.ts';
export type { ForeignTransaction, OtpDelivery, RecoveryDelivery } from './deps.ts';
export type { Credentials } from './principals.ts';
export { isRedirectUri } from './redirect-uri.ts';
export type { RoleGrant, UserRole } from './roles.ts';
export type { AuthSeed } from './seed.ts';
export { type AuthSettings, default_settings } from './settings.ts';
export type { NewUser, User } from './users.ts';

export const migrations: Migrations = { module: 'auth', directory: join(import.meta.dirname, 'migrations') };

export type AuthOptions = {
  database_url: string;
  clock: Clock;
  log: Logger;
  /** 32 random bytes that key the hashes of codes, phones and e-mails (`keys.derive('auth short secrets')`). */
  hash_key: Uint8Array;
  /** Carries a code to a phone; may throw, the caller then says that it was not sent. */
  deliverOtp: (otp: OtpDelivery) => Promise<void>;
  /** Carries the link of a password recovery to an e-mail. */
  deliverRecovery: (recovery: RecoveryDelivery) => Promise<void>;
  settings?: Partial<AuthSettings>;
  pool_size?: number;
};

/** What a function of this module takes beside its input: who is behind the call, and the caller's open transaction. */
export type Within = { context?: CallContext; transaction?: ForeignTransaction };

export type Auth = {
  handlers: Handlers<typeof contract>;
  jobs: Job[];
  figures: readonly FigureSource[];
  /** Whose token this is. Remembered until it ends; a revocation anywhere is heard within a second. @throws Problem 401. */
  findPrincipal(credentials: Credentials): Promise<Principal>;
  seed(seed: AuthSeed): Promise<void>;
  putClient(input: NewClient, within?: Within): Promise<{ client_id: string; created: boolean; secret?: string }>;
  findClient(id: string): Promise<Client | undefined>;
  blockClient(id: string, block: { blocked: boolean; reason?: string }, within?: Within): Promise<void>;
  /** Another secret; the old one and all tokens of the client end. */
  refreshSecret(id: string, within?: Pick<Within, 'context'>): Promise<{ secret: string }>;
  findUser(id: string): Promise<User | undefined>;
  findUserByEmail(email: string): Promise<User | undefined>;
  createUser(input: NewUser, within?: Within): Promise<{ id: string; email: string }>;
  setPassword(user_id: string, password: string, options?: Within & { entry?: string }): Promise<void>;
  blockUser(id: string, block: { blocked: boolean; reason?: string }, within?: Within): Promise<void>;
  resetSecondFactor(user_id: string, context?: CallContext): Promise<void>;
  grantRole(grant: RoleGrant, within?: Within): Promise<void>;
  revokeRole(grant: RoleGrant, within?: Within): Promise<void>;
  listUserRoles(filter: { user_id: string; client_id?: string }): Promise<UserRole[]>;
  /** A one-use link that sets a password, for `PATCH /api/credentials_recovery_requests/:id/actions/reset_password`. */
  createPasswordLink(user_id: string, ttl_s?: number): Promise<{ link: string; expires_at: string }>;
  close(): Promise<void>;
};

/** Accounts, clients, roles and tokens: the OAuth 2 server of the platform. */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { database_url: url, log } = options;
  const settings = { ...default_settings, ...options.settings };
  const pool_size = options.pool_size ?? 8;
  const database = openDatabase<Tables>({ url, role: auth_role, application_name: 'auth', log, pool_size });
  const revocations = createRevocations({ url, role: auth_role, log });
  const deps: AuthDeps = {
    db: database.db,
    clock: options.clock,
    settings,
    hash_key: options.hash_key,
    hasher: createPasswordHasher(settings.password_cost_log2),
    revocations,
    deliverOtp: options.deliverOtp,
    deliverRecovery: options.deliverRecovery,
  };
  const findPrincipal = createPrincipalFinder(deps);
  await revocations.start();
  const close = async () => {
    await revocations.stop();
    await database.close();
  };
  const rotation = auditRotation({ db: deps.db, schema: 'auth', tables: ['audit_log'], schedule: '5 3 * * *' });
  return {
    handlers: createHandlers(deps),
    jobs: [recoveryJob(deps), ...cleanupJobs(deps), rotation],
    figures: [poolFigures('auth', [database.pool])],
    findPrincipal,
    ...functionsOf(deps),
    close,
  };
}

function functionsOf(deps: AuthDeps) {
  return {
    seed: (seed: AuthSeed) => seedAuth(deps, seed),
    putClient: (input: NewClient, within: Within = {}) => putClient(deps, input, within.context, within.transaction),
    findClient: (id: string) => findClient(deps, id),
    blockClient: (id: string, block: { blocked: boolean; reason?: string }, within: Within = {}) =>
      setClientBlocked(deps, id, block, within.context, within.transaction),
    refreshSecret: (id: string, within: Pick<Within, 'context'> = {}) => refreshSecret(deps, id, within.context),
    findUser: (id: string) => findUser(deps, id),
    findUserByEmail: (email: string) => findUserByEmail(deps, email),
    createUser: (input: NewUser, within: Within = {}) => createUser(deps, input, within.context, within.transaction),
    setPassword: (user_id: string, password: string, options: Within & { entry?: string } = {}) =>
      setPassword(deps, user_id, password, {
        ...(options.entry === undefined ? {} : { entry: options.entry }),
        ...(options.transaction === undefined ? {} : { foreign: options.transaction }),
      }),
    blockUser: (id: string, block: { blocked: boolean; reason?: string }, within: Within = {}) =>
      setUserBlocked(deps, id, block, within.context, within.transaction),
    resetSecondFactor: (user_id: string, context?: CallContext) => resetSecondFactor(deps, user_id, context),
    grantRole: (grant: RoleGrant, within: Within = {}) => grantRole(deps, grant, within.context, within.transaction),
    revokeRole: (grant: RoleGrant, within: Within = {}) => revokeRole(deps, grant, within.context, within.transaction),
    listUserRoles: (filter: { user_id: string; client_id?: string }) => listUserRoles(deps, filter),
    createPasswordLink: (user_id: string, ttl_s?: number) => createRecoveryLink(deps, user_id, ttl_s),
  };
}

import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { Auth } from '@zdravo/auth';
import { client_type_scopes } from '@zdravo/country-ua';

export type ClientSignIn = { client_id: string; client_secret: string; redirect_uri: string };
export type UserSignIn = { email: string; password: string };

/** What someone needs to try everything out on this machine; made on the first start and kept. */
export type SignIns = {
  /** The client of the sign-in pages: the only one that may take a password. */
  login_client_id: string;
  /** A vendor of a medical information system; its secret is also the `API-key` behind which clinics work. */
  mis: UserSignIn & ClientSignIn;
  /** An officer of the payer. */
  nhs_admin: UserSignIn & ClientSignIn;
};

const callback = 'http://localhost:4010/callback';

/** What may pass through the vendor's software: all that clinics and pharmacies may do. */
export const broker_scope = [...new Set(['MSP', 'PHARMACY', 'MIS'].flatMap((type) => client_type_scopes[type] ?? []))];

/** The first officer of a payer may do all that its officers may, dictionaries included, which have a role of their own. */
export const officer_roles = ['NHS ADMIN', 'NHS_ADMIN_ADMIN'];

/** The sign-ins of this machine: those that the file at `path` keeps, or new ones. */
export async function createSignIns(auth: Auth, path: string): Promise<SignIns> {
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept) return completed(auth, JSON.parse(kept) as SignIns);
  const login = await auth.putClient({
    id: randomUUID(),
    name: 'Sign-in pages',
    client_type: 'Auth_FE',
    access_type: 'DIRECT',
    allowed_grant_types: ['password'],
  });
  const sign_ins: SignIns = {
    login_client_id: login.client_id,
    mis: await createAccount(auth, { name: 'Demo MIS', client_type: 'MIS', roles: ['MIS USER'], is_broker: true }),
    nhs_admin: await createAccount(auth, {
      name: 'National Health Service',
      client_type: 'NHS ADMIN',
      roles: officer_roles,
    }),
  };
  await writeFile(path, JSON.stringify(sign_ins, null, 2), { mode: 0o600 });
  return sign_ins;
}

/** Made by a version that knew fewer roles, an officer gets the others. */
async function completed(auth: Auth, kept: SignIns): Promise<SignIns> {
  const { email, client_id } = kept.nhs_admin;
  const user = await auth.findUserByEmail(email);
  if (user) for (const role of officer_roles) await auth.grantRole({ user_id: user.id, role, client_id });
  return kept;
}

type Account = { name: string; client_type: string; roles: readonly string[]; is_broker?: boolean };

async function createAccount(auth: Auth, account: Account): Promise<UserSignIn & ClientSignIn> {
  const client = await auth.putClient({
    id: randomUUID(),
    name: account.name,
    client_type: account.client_type,
    redirect_uri: callback,
    access_type: 'DIRECT',
    ...(account.is_broker ? { broker_scope } : {}),
  });
  const email = `${account.name.toLowerCase().replaceAll(/\W+/g, '-')}-${randomBytes(3).toString('hex')}@example.com`;
  const password = `Demo-${randomBytes(9).toString('base64url')}1a`;
  const user = await auth.createUser({ email, password, second_factor_required: false });
  for (const role of account.roles) await auth.grantRole({ user_id: user.id, role, client_id: client.client_id });
  return { email, password, client_id: client.client_id, client_secret: client.secret!, redirect_uri: callback };
}

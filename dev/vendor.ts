import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import type { Auth } from '@zdravo/auth';

/** What someone needs to sign in as a vendor of a MIS. */
export type SignIn = {
  email: string;
  password: string;
  client_id: string;
  client_secret: string;
  redirect_uri: string;
  /** The client of the sign-in pages: the only one that may take a password. */
  login_client_id: string;
};

/** A vendor's user and client, made on the first start with secrets of this machine and kept in `path`. */
export async function createVendor(auth: Auth, path: string): Promise<SignIn> {
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept) return JSON.parse(kept) as SignIn;
  const redirect_uri = 'http://localhost:4010/callback';
  const client = await auth.putClient({
    id: randomUUID(),
    name: 'Demo MIS',
    client_type: 'MIS',
    redirect_uri,
    access_type: 'DIRECT',
  });
  const login = await auth.putClient({
    id: randomUUID(),
    name: 'Sign-in pages',
    client_type: 'Auth_FE',
    access_type: 'DIRECT',
    allowed_grant_types: ['password'],
  });
  const email = `mis-${randomBytes(3).toString('hex')}@example.com`;
  const password = `Demo-${randomBytes(9).toString('base64url')}1a`;
  const user = await auth.createUser({ email, password, second_factor_required: false });
  await auth.grantRole({ user_id: user.id, role: 'MIS USER', client_id: client.client_id });
  const sign_in = {
    email,
    password,
    client_id: client.client_id,
    client_secret: client.secret!,
    redirect_uri,
    login_client_id: login.client_id,
  };
  await writeFile(path, JSON.stringify(sign_in), { mode: 0o600 });
  return sign_in;
}

import { randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { type Auth, createAuth } from '@zdravo/auth';
import { client_type_scopes, role_scopes } from '@zdravo/country-ua';
import { systemClock } from '@zdravo/kit/clock';
import { readConfig } from '@zdravo/kit/config';
import { KeySettings, openKeyProvider } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { Problem } from '@zdravo/kit/problem';
import { Type } from 'typebox';
import { describeFailure } from './failures.ts';
import { DatabaseUrl, KeyFile, text } from './processes/settings.ts';
import { broker_scope, officer_roles } from './sign-ins.ts';

// `npm run accounts -- …`: the first accounts of a platform in production; everything after them goes through the API, but for
// the secret of a client that nobody knows any more.

const usage = `usage: npm run accounts -- found                                     the client of the sign-in pages
       npm run accounts -- payer  --email E --redirect-uri U             the payer and its first officer
       npm run accounts -- vendor --name N --email E --redirect-uri U    a vendor of medical information systems
       npm run accounts -- secret --client ID                            another secret for a client whose own was lost
Secrets and links are printed here and never again; a link serves once, for a day.`;

const Settings = Type.Object({
  ...KeySettings,
  PLATFORM_DATABASE_URL: DatabaseUrl,
  PLATFORM_PUBLIC_URL: text('where browsers find the platform, without a slash at the end'),
  AUTH_KEY_FILE: KeyFile,
});

const link_ttl_s = 86_400;
const payer = { name: 'National Health Service', client_type: 'NHS ADMIN', roles: officer_roles };
const vendor = { client_type: 'MIS', roles: ['MIS USER'], broker_scope };

try {
  await main(process.argv.slice(2));
} catch (error) {
  const is_expected = error instanceof RangeError || error instanceof Problem;
  console.error(is_expected ? error.message : describeFailure(error));
  process.exitCode = 1;
}

async function main([command, ...rest]: string[]): Promise<void> {
  const string = { type: 'string' } as const;
  const options = { name: string, email: string, 'redirect-uri': string, client: string };
  const { name, email, 'redirect-uri': redirect_uri, client } = parseArgs({ args: rest, options }).values;
  if (command === 'found') return withAuth(foundPages);
  if (command === 'payer' && email && redirect_uri)
    return withAuth((auth, url) => createAccount(auth, url, { ...payer, email, redirect_uri }));
  if (command === 'vendor' && name && email && redirect_uri)
    return withAuth((auth, url) => createAccount(auth, url, { ...vendor, name, email, redirect_uri }));
  if (command === 'secret' && client) return withAuth((auth) => replaceSecret(auth, client));
  throw new RangeError(usage);
}

async function withAuth(work: (auth: Auth, url: string) => Promise<void>): Promise<void> {
  const settings = readConfig(Settings, process.env);
  const keys = await openKeyProvider(settings, { module: 'auth', key_file: settings.AUTH_KEY_FILE });
  const nothing = async () => {};
  const auth = await createAuth({
    database_url: settings.PLATFORM_DATABASE_URL,
    clock: systemClock('Europe/Kyiv'),
    log: createLogger({ name: 'accounts', level: 'warn' }),
    hash_key: await keys.derive('auth short secrets', '1'),
    deliverOtp: nothing,
    deliverRecovery: nothing,
  });
  try {
    await auth.seed({ roles: role_scopes, client_types: client_type_scopes });
    await work(auth, settings.PLATFORM_PUBLIC_URL);
  } finally {
    await auth.close();
  }
}

/** The only client that may take a password. */
async function foundPages(auth: Auth): Promise<void> {
  const { client_id } = await auth.putClient({
    id: randomUUID(),
    name: 'Sign-in pages',
    client_type: 'Auth_FE',
    access_type: 'DIRECT',
    allowed_grant_types: ['password'],
  });
  console.log(`LOGIN_CLIENT_ID=${client_id}`);
}

/** A clinic's vendor did not hear the answer that showed it; without one nobody of the clinic can sign in to ask for another. */
async function replaceSecret(auth: Auth, client_id: string): Promise<void> {
  if (!(await auth.findClient(client_id))) throw new RangeError('There is no such client.');
  const { secret } = await auth.refreshSecret(client_id);
  console.log(`client_id=${client_id}\nclient_secret=${secret}`);
}

type Account = {
  name: string;
  client_type: string;
  roles: readonly string[];
  broker_scope?: readonly string[];
  email: string;
  redirect_uri: string;
};

/** A client with its first user, who sets a password by the link and has to name a phone at the first sign-in. */
async function createAccount(auth: Auth, url: string, account: Account): Promise<void> {
  const { email, roles, ...client } = account;
  if (await auth.findUserByEmail(email)) throw new RangeError('A user with this e-mail is there already.');
  const { client_id, secret } = await auth.putClient({ id: randomUUID(), access_type: 'DIRECT', ...client });
  const user = await auth.createUser({ email, second_factor_required: true });
  for (const role of roles) await auth.grantRole({ user_id: user.id, role, client_id });
  const { link } = await auth.createPasswordLink(user.id, link_ttl_s);
  console.log(`client_id=${client_id}\nclient_secret=${secret}\npassword_link=${url}/recover?link=${link}`);
}

import { migrations as authMigrations } from '@zdravo/auth';
import { migrations as gatewayMigrations, isReferencePath } from '@zdravo/gateway';
import { migrations as ilMigrations } from '@zdravo/il';
import { createClient, httpTransport } from '@zdravo/kit/client';
import { systemClock } from '@zdravo/kit/clock';
import { ConfigError, readConfig } from '@zdravo/kit/config';
import { filesAt } from '@zdravo/kit/http';
import { keyMigrations, openKeyProvider } from '@zdravo/kit/keys';
import { createLogger, type Logger } from '@zdravo/kit/log';
import { migrations as mcsMigrations } from '@zdravo/mcs';
import { contract as mpiContract } from '@zdravo/mpi/contract';
import { contract as reviewContract } from '@zdravo/mpi/review-contract';
import { contract as opsContract } from '@zdravo/ops/contract';
import { migrations as prmMigrations } from '@zdravo/prm';
import { internal_contract } from '@zdravo/reports';
import { mountPages } from '@zdravo/web/pages';
import { type Static, Type } from 'typebox';
import { collectSeldom } from '../memory.ts';
import {
  type Clients,
  close,
  type Ground,
  openDoor,
  openIl,
  openModules,
  openStore,
  queuesOf,
  startWork,
} from '../platform-modules.ts';
import { trust_settings } from '../settings.ts';
import { configuredProofs, openConfiguredVerifier } from '../signatures.ts';
import { projectVersion } from '../version.ts';
import { carrier_settings, openCarriers } from './carriers.ts';
import type { RunningProcess } from './process.ts';
import { isLoopback, refuseDevelopmentFiles, refuseDevelopmentSignIns, requireHttps } from './production-guard.ts';
import { common, DatabaseUrl, KeyFile, Neighbour, port, Secret, text } from './settings.ts';
import { storage_settings, storageOf } from './storage.ts';
import { refuseOldDatabase, refuseUnusable } from './usable-settings.ts';

export const PlatformSettings = Type.Object({
  ...common,
  PLATFORM_PORT: port(4000),
  PLATFORM_PUBLIC_URL: Type.String({
    pattern: '^https?://[^/\\s]+$',
    description: 'where browsers and vendors find the platform: an origin without a slash at the end',
  }),
  PLATFORM_TRUSTED_PROXIES: Type.Optional(
    text('the addresses of the proxies in front, joined by commas, whose X-Forwarded-For is believed'),
  ),
  PLATFORM_DATABASE_URL: DatabaseUrl,
  IL_KEYS_DATABASE_URL: DatabaseUrl,
  MCS_KEYS_DATABASE_URL: DatabaseUrl,
  AUTH_KEY_FILE: KeyFile,
  IL_KEY_FILE: KeyFile,
  MCS_KEY_FILE: KeyFile,
  MPI_URL: Neighbour,
  MPI_SECRET: Secret,
  MPI_REVIEW_URL: Neighbour,
  MPI_REVIEW_SECRET: Secret,
  OPS_URL: Neighbour,
  OPS_SECRET: Secret,
  REPORTS_URL: Neighbour,
  REPORTS_SECRET: Secret,
  METRICS_TOKEN: Secret,
  LOGIN_CLIENT_ID: Type.String({
    pattern: '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$',
    description: 'the id of the sign-in pages’ client, as `npm run accounts` printed it',
  }),
  ...trust_settings,
  ...storage_settings,
  ...carrier_settings,
});
type PlatformSettings = Static<typeof PlatformSettings>;

/** Gateway, accounts, processes, partners and media in one process, which calls the other perimeters over HTTP. */
export async function startPlatformAlone(environment: Record<string, string | undefined>): Promise<RunningProcess> {
  collectSeldom();
  const settings = readConfig(PlatformSettings, environment);
  await refuseUnsafe(settings);
  await refuseUnusable(PlatformSettings, settings);
  await refuseDevelopmentSignIns(settings.ZDRAVO_HOST, settings.PLATFORM_DATABASE_URL);
  const log = createLogger({ name: 'platform', level: settings.ZDRAVO_LOG });
  await refuseOldDatabases(settings);
  // What has started is stopped again, in reverse order, when something after it fails.
  await using started = new AsyncDisposableStack();
  const ground = await groundOf(started, settings, log);
  const modules = await openModules(started, ground);
  const refuse_development = !isLoopback(settings.ZDRAVO_HOST);
  const signatures = started.adopt(openConfiguredVerifier(settings, { refuse_development, log }), close);
  const proofs = configuredProofs(settings);
  if (!proofs) log.warn('ZDRAVO_TIME_STAMPS_URL is not set: signed containers wait for their time-stamps');
  const clients = clientsOf(settings);
  const { auth, mcs, prm, messages } = modules;
  const il = await openIl(started, ground, {
    ...clients,
    auth,
    mcs,
    prm,
    messages: messages.queue,
    signatures,
    proofs,
  });
  const store = await openStore(started, ground);
  const queues = queuesOf(settings.PLATFORM_DATABASE_URL, { modules, il, store });
  const work = await startWork(started, log, { queues, mcs, il, mpi: clients.mpi });
  const proxies = settings.PLATFORM_TRUSTED_PROXIES?.split(',');
  const gateway = await openDoor(started, ground, {
    ...clients,
    modules,
    il,
    store,
    reports: reportsOf(settings),
    log_files: filesAt(`${settings.OPS_URL}/log`),
    metrics_token: settings.METRICS_TOKEN,
    figures: work.figures,
    version: await projectVersion(),
    ...(proxies ? { trusted_proxies: proxies } : {}),
  });
  await mountPages(gateway, { login_client_id: settings.LOGIN_CLIENT_ID }, isReferencePath);
  await gateway.listen({ port: settings.PLATFORM_PORT, host: settings.ZDRAVO_HOST });
  const everything = started.move();
  return {
    address: `http://${settings.ZDRAVO_HOST}:${settings.PLATFORM_PORT}`,
    stop: () => everything.disposeAsync(),
  };
}

async function refuseUnsafe(settings: PlatformSettings): Promise<void> {
  if (!settings.ZDRAVO_TRUST_LIST && !settings.ZDRAVO_TRUST_FOLDER)
    throw new ConfigError(['either ZDRAVO_TRUST_LIST or ZDRAVO_TRUST_FOLDER is required']);
  const { PLATFORM_PUBLIC_URL, AUTH_KEY_FILE, IL_KEY_FILE, MCS_KEY_FILE, MCS_FOLDER, ZDRAVO_HOST } = settings;
  requireHttps({ PLATFORM_PUBLIC_URL });
  await refuseDevelopmentFiles(ZDRAVO_HOST, { AUTH_KEY_FILE, IL_KEY_FILE, MCS_KEY_FILE, MCS_FOLDER });
}

async function refuseOldDatabases(settings: PlatformSettings): Promise<void> {
  const { PLATFORM_DATABASE_URL, IL_KEYS_DATABASE_URL, MCS_KEYS_DATABASE_URL } = settings;
  const modules = [authMigrations, prmMigrations, mcsMigrations, ilMigrations, gatewayMigrations];
  await refuseOldDatabase({ PLATFORM_DATABASE_URL }, ...modules);
  await refuseOldDatabase({ IL_KEYS_DATABASE_URL, MCS_KEYS_DATABASE_URL }, keyMigrations);
}

async function groundOf(started: AsyncDisposableStack, settings: PlatformSettings, log: Logger): Promise<Ground> {
  const [auth, il, mcs] = await Promise.all(
    [
      { module: 'auth', key_file: settings.AUTH_KEY_FILE },
      { module: 'il', key_file: settings.IL_KEY_FILE },
      { module: 'mcs', key_file: settings.MCS_KEY_FILE },
    ].map((one) => openKeyProvider(settings, one)),
  );
  const carriers = await openCarriers(settings);
  started.adopt(carriers.mail, close);
  started.adopt(carriers.sms, close);
  return {
    database_url: settings.PLATFORM_DATABASE_URL,
    il_keys_database_url: settings.IL_KEYS_DATABASE_URL,
    mcs_keys_database_url: settings.MCS_KEYS_DATABASE_URL,
    keys: { auth: auth!, il: il!, mcs: mcs! },
    web_url: settings.PLATFORM_PUBLIC_URL,
    media: storageOf(settings, `${settings.PLATFORM_PUBLIC_URL}/media`),
    carriers,
    clock: systemClock('Europe/Kyiv'),
    log,
  };
}

/** The other perimeters over HTTP, each with the secret that it knows this caller by. */
function clientsOf(settings: PlatformSettings): Clients {
  const credentials = (secret: string) => ({ caller: 'il', secret });
  const { MPI_URL, MPI_REVIEW_URL, OPS_URL } = settings;
  return {
    mpi: createClient(mpiContract, httpTransport(MPI_URL), credentials(settings.MPI_SECRET)),
    reviews: createClient(reviewContract, httpTransport(MPI_REVIEW_URL), credentials(settings.MPI_REVIEW_SECRET)),
    ops: createClient(opsContract, httpTransport(OPS_URL), credentials(settings.OPS_SECRET)),
  };
}

function reportsOf({ REPORTS_URL, REPORTS_SECRET }: PlatformSettings) {
  const credentials = { caller: 'gateway', secret: REPORTS_SECRET };
  return createClient(internal_contract, httpTransport(REPORTS_URL), credentials);
}

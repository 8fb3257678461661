import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type Auth, contract as authContract, createAuth } from '@zdravo/auth';
import {
  builtInAddresses,
  builtInDictionaries,
  client_type_scopes,
  normaliseName,
  role_scopes,
} from '@zdravo/country-ua';
import { createGateway, createGatewayStore, served } from '@zdravo/gateway';
import { createIl, il_role, contract as ilContract, openImporter, seedReferenceData } from '@zdravo/il';
import { type Client, createClient, inProcessTransport } from '@zdravo/kit/client';
import { type Clock, systemClock } from '@zdravo/kit/clock';
import { startJobs } from '@zdravo/kit/jobs';
import { createFileKeyProvider, createKeyFile, type KeyProvider } from '@zdravo/kit/keys';
import { createLogger, type Logger } from '@zdravo/kit/log';
import { createOutbox, type MessageQueue, type Outbox } from '@zdravo/kit/messages';
import { createMcs, type Mcs, mcs_role } from '@zdravo/mcs';
import { createMpi, type Mpi, type MpiOptions } from '@zdravo/mpi';
import { contract as mpiContract } from '@zdravo/mpi/contract';
import { createOps, type Ops, type OpsOptions, published_name } from '@zdravo/ops';
import { contract as opsContract } from '@zdravo/ops/contract';
import { createPrm, type Prm } from '@zdravo/prm';
import { handlersThrough, internal_contract, type Reports, reports_role } from '@zdravo/reports';
import { contract as reportsContract } from '@zdravo/reports/contract';
import { createTrustStore, createVerifierPool } from '@zdravo/signature';
import { createLogFiles, findVerifierFile } from '@zdravo/tlog';
import { mountPages, type PageSettings } from '@zdravo/web/pages';
import { type DevelopmentAuthority, openDevelopmentAuthority } from './certificates.ts';
import { loadCountry, startingPart } from './country.ts';
import { type Databases, keptSecret, openDatabases } from './databases.ts';
import { type Messages, openMessages } from './messages.ts';
import { mountOutbox } from './outbox-page.ts';
import { typicalUkrainians, ukrainian_identity_rules } from './processes/mpi.ts';
import { startReports } from './reports.ts';
import type { Settings } from './settings.ts';
import { createSignIns, type SignIns } from './sign-ins.ts';
import { type DevelopmentLog, startDevelopmentLog } from './transparency-log.ts';

export type RunningPlatform = {
  address: string;
  sign_ins: SignIns;
  /** Where SMS and mails land on this machine. */
  outbox: Outbox;
  authority: DevelopmentAuthority;
  auth: Auth;
  mpi: Client<typeof mpiContract>;
  ops: Client<typeof opsContract>;
  mcs: Mcs;
  /** As the superuser; for tests. */
  database_urls: Databases['urls'];
  /** For tests: runs a module's job now. */
  runJob(name: string): Promise<void>;
  stop(): Promise<void>;
};

/** What the Integration Layer writes to beside its own tables. */
export type Neighbours = Clients & { mcs: Mcs; auth: Auth; prm: Prm; messages: MessageQueue };

export type PlatformOptions = {
  clock?: Clock;
  /** Whether an empty platform is filled with a small generated country; it is, unless told otherwise. */
  with_country?: boolean;
  /** Lines of the embedded server's postgresql.conf. */
  server_settings?: readonly string[];
  /** For tests of failures: stands between the Integration Layer and its neighbours. */
  interpose?: (neighbours: Neighbours) => Neighbours;
};

/** Every module in one process, over real databases. The modules talk by their contracts, as they do when apart. */
export async function startPlatform(
  settings: Settings,
  {
    clock = systemClock('Europe/Kyiv'),
    interpose = (neighbours) => neighbours,
    server_settings,
    with_country = true,
  }: PlatformOptions = {},
): Promise<RunningPlatform> {
  // What has started is stopped again, in reverse order, when something after it fails.
  await using started = new AsyncDisposableStack();
  const databases = started.adopt(await openDatabases(settings, server_settings), (one) => one.stop());
  const log = createLogger({ name: 'zdravo', level: settings.ZDRAVO_LOG });
  const parts: Parts = { settings, databases, log, clock, secret: randomBytes(32).toString('hex') };
  const outbox = createOutbox();
  const messages = started.adopt(await startMessages(parts, outbox), close);
  const transparency_log = started.adopt(await startDevelopmentLog(settings), (one) => one.stop());
  const ops = started.adopt(await startOps(parts, transparency_log), close);
  const mpi = started.adopt(await startMpi(parts), close);
  const auth = started.adopt(await startAuth(parts, messages), close);
  const mcs = started.adopt(await startMcs(parts), close);
  const authority = await openDevelopmentAuthority(join(resolve(settings.ZDRAVO_DATA), 'certificates'));
  const prm = started.adopt(
    createPrm({ database_url: databases.urls.platform, clock, log: log.child({ module: 'prm' }) }),
    close,
  );
  const signatures = started.adopt(
    createVerifierPool({ trust: createTrustStore({ anchors: [authority.certificate] }) }),
    close,
  );
  await seedPlatform(databases, log);
  if (with_country && (await prm.listLegalEntities({ page_size: 1 })).data.length === 0)
    await loadCountry(
      { prm, mcs, authority, mpi: await mpiOptions(parts), ops: await opsOptions(parts, transparency_log) },
      startingPart(clock.today()),
    );
  const clients = clientsOf(ops, mpi, parts.secret);
  const il = started.adopt(
    await createIl({
      database_url: databases.urls.platform,
      keys_database_url: databases.urls.il_keys,
      key_provider: await keyProvider(settings, 'il'),
      clock,
      log: log.child({ module: 'il' }),
      signatures,
      web_url: addressOf(settings),
      ...interpose({ ...clients, mcs, auth, prm, messages: messages.queue }),
    }),
    close,
  );
  const version = await projectVersion();
  const reports = started.adopt(
    await startReports({ ...parts, mcs, version, key_provider: await keyProvider(settings, 'reports') }),
    close,
  );
  const store = started.adopt(await createGatewayStore({ database_url: databases.urls.platform, log }), close);
  const gateway = await createGateway({
    routes: [
      served(ilContract, il.handlers),
      served(authContract, auth.handlers),
      served(reportsContract, reportsThroughClient(reports, parts.secret)),
    ],
    findPrincipal: auth.findPrincipal,
    ready: readinessOf(clients),
    log: log.child({ module: 'gateway' }),
    verifier_files: findVerifierFile,
    log_files: createLogFiles({
      tiles: transparency_log.tiles,
      checkpoint: () => transparency_log.checkpoints.get(published_name),
      texts: { policy: transparency_log.policy_text },
    }),
    version,
    store,
    metrics_token: await keptSecret(join(resolve(settings.ZDRAVO_DATA), 'metrics.token')),
  });
  await mcs.mountOn(gateway);
  mountOutbox(gateway, outbox);
  const sign_ins = await createSignIns(auth, join(resolve(settings.ZDRAVO_DATA), 'sign-ins.json'));
  await mountPages(gateway, pageSettings(sign_ins));
  const queues = [
    { url: databases.urls.ops, role: 'zdravo_ops', jobs: ops.jobs },
    { url: databases.urls.mpi, role: 'zdravo_mpi', jobs: mpi.jobs },
    { url: databases.urls.platform, role: 'zdravo_auth', jobs: auth.jobs },
    { url: databases.urls.platform, role: il_role, jobs: il.jobs },
    { url: databases.urls.platform, role: mcs_role, jobs: mcs.jobs },
    { url: databases.urls.platform, role: 'zdravo_gateway', jobs: store.jobs },
    { url: databases.urls.reports, role: reports_role, jobs: reports.jobs },
  ];
  for (const queue of queues) started.adopt(await startJobs({ ...queue, log }), (one) => one.stop());
  const personEvents = (query: { after?: string; limit: number }) =>
    clients.mpi.readEvents({ query }, { request_id: 'feed-mpi' });
  const consumers = [mcs.followPersons(personEvents), ...il.followers];
  for (const consumer of consumers) {
    consumer.start();
    started.defer(() => consumer.stop());
  }
  ops.sequencer.start();
  started.adopt(gateway, close);
  await gateway.listen({ port: settings.ZDRAVO_PORT, host: settings.ZDRAVO_HOST });
  const everything = started.move();
  return {
    address: addressOf(settings),
    sign_ins,
    outbox,
    authority,
    auth,
    mcs,
    ...clients,
    database_urls: databases.urls,
    runJob: async (name) => {
      const job = queues.flatMap((queue) => queue.jobs).find((one) => one.name === name);
      if (!job) throw new Error(`no job is called ${name}`);
      await job.run({}, { signal: undefined });
    },
    stop: () => everything.disposeAsync(),
  };
}

function close(part: { close(): Promise<unknown> }): Promise<void> {
  return part.close().then(() => {});
}

function pageSettings({ login_client_id, mis: { client_id, redirect_uri } }: SignIns): PageSettings {
  const request = {
    client_id,
    redirect_uri,
    scope: 'event:read legal_entity:read legal_entity:write',
    response_type: 'code',
  };
  const sign_in = `/sign-in?${new URLSearchParams(request)}`;
  return { login_client_id, development: { outbox: '/outbox', sign_in } };
}

type Parts = { settings: Settings; databases: Databases; log: Logger; clock: Clock; secret: string };
type Clients = { ops: Client<typeof opsContract>; mpi: Client<typeof mpiContract> };

function addressOf({ ZDRAVO_PORT }: Settings): string {
  return `http://localhost:${ZDRAVO_PORT}`;
}

async function opsOptions(
  { settings, databases, log, secret }: Parts,
  transparency_log: DevelopmentLog,
): Promise<Omit<OpsOptions, 'clock'>> {
  return {
    database_url: databases.urls.ops,
    keys_database_url: databases.urls.ops_keys,
    key_provider: await keyProvider(settings, 'ops'),
    callers: { il: secret },
    log: log.child({ module: 'ops' }),
    transparency_log,
    verification_request_expiration_days: 1,
  };
}

async function startOps(parts: Parts, transparency_log: DevelopmentLog): Promise<Ops> {
  const ops = await createOps({ ...(await opsOptions(parts, transparency_log)), clock: parts.clock });
  await ops.app.ready();
  return ops;
}

async function mpiOptions({ settings, databases, log, clock, secret }: Parts): Promise<MpiOptions> {
  return {
    database_url: databases.urls.mpi,
    keys_database_url: databases.urls.mpi_keys,
    key_provider: await keyProvider(settings, 'mpi'),
    callers: { il: secret },
    normalise: normaliseName,
    identity_rules: ukrainian_identity_rules,
    search: { typicalPersons: typicalUkrainians },
    clock,
    log: log.child({ module: 'mpi' }),
  };
}

async function startMpi(parts: Parts): Promise<Mpi> {
  const mpi = await createMpi(await mpiOptions(parts));
  await mpi.app.ready();
  return mpi;
}

/** On a developer's machine there is no phone and no mailbox: the outbox page stands for both. */
async function startMessages({ settings, databases, log }: Parts, { mail, sms }: Outbox): Promise<Messages> {
  const key_provider = await keyProvider(settings, 'il');
  return openMessages({
    database_url: databases.urls.platform,
    key_provider,
    mail,
    sms,
    web_url: addressOf(settings),
    log,
  });
}

async function startAuth({ settings, databases, log, clock }: Parts, messages: Messages): Promise<Auth> {
  const auth = await createAuth({
    database_url: databases.urls.platform,
    clock,
    log: log.child({ module: 'auth' }),
    hash_key: await (await keyProvider(settings, 'auth')).derive('auth short secrets', '1'),
    deliverOtp: messages.deliverOtp,
    deliverRecovery: messages.deliverRecovery,
  });
  await auth.seed({ roles: role_scopes, client_types: client_type_scopes });
  return auth;
}

async function startMcs({ settings, databases, log, clock }: Parts): Promise<Mcs> {
  return createMcs({
    database_url: databases.urls.platform,
    keys_database_url: databases.urls.mcs_keys,
    key_provider: await keyProvider(settings, 'mcs'),
    storage: { kind: 'built-in', directory: join(resolve(settings.ZDRAVO_DATA), 'files') },
    public_url: `${addressOf(settings)}/media`,
    clock,
    log: log.child({ module: 'mcs' }),
  });
}

function clientsOf(ops: Ops, mpi: Mpi, secret: string): Clients {
  const credentials = { caller: 'il', secret };
  return {
    ops: createClient(opsContract, inProcessTransport(ops.app), credentials),
    mpi: createClient(mpiContract, inProcessTransport(mpi.app), credentials),
  };
}

function reportsThroughClient({ app }: Reports, secret: string) {
  return handlersThrough(createClient(internal_contract, inProcessTransport(app), { caller: 'gateway', secret }));
}

/** Asks both perimeters through their contracts, as the Integration Layer does. */
function readinessOf({ ops, mpi }: Clients): () => Promise<void> {
  const context = { request_id: 'readiness' };
  return async () => {
    await Promise.all([ops.latestHead({}, context), mpi.readEvents({ query: { limit: 1 } }, context)]);
  };
}

async function seedPlatform(databases: Databases, log: Logger): Promise<void> {
  const importer = openImporter({ database_url: databases.urls.platform, log });
  await seedReferenceData(importer.db, { dictionaries: builtInDictionaries(), addresses: builtInAddresses() });
  await importer.close();
}

async function keyProvider(settings: Settings, module: string): Promise<KeyProvider> {
  const folder = join(resolve(settings.ZDRAVO_DATA), 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${module}.json`);
  await createKeyFile(path);
  return createFileKeyProvider(path);
}

async function projectVersion(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

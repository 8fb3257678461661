import { randomBytes } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { Auth } from '@zdravo/auth';
import { isReferencePath } from '@zdravo/gateway';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { type Clock, systemClock } from '@zdravo/kit/clock';
import { createLogger, type Logger } from '@zdravo/kit/log';
import { createOutbox, type Outbox } from '@zdravo/kit/messages';
import type { Mcs } from '@zdravo/mcs';
import { contract as mpiContract } from '@zdravo/mpi/contract';
import { contract as reviewContract } from '@zdravo/mpi/review-contract';
import { createOps, type Ops, type OpsOptions } from '@zdravo/ops';
import { contract as opsContract } from '@zdravo/ops/contract';
import { internal_contract, type Reports, reports_role } from '@zdravo/reports';
import { formatVerifierKey } from '@zdravo/tlog';
import { mountPages, type PageSettings } from '@zdravo/web/pages';
import type { DevelopmentAuthority } from './certificates.ts';
import { type CountryLoad, loadCountry, startingPart } from './country.ts';
import { type Databases, keptSecret, openDatabases } from './databases.ts';
import { keyProvider } from './key-files.ts';
import { mountOutbox } from './outbox-page.ts';
import { mpiOptions, type PatientIndex, startPatientIndex } from './patient-index.ts';
import {
  type Clients,
  close,
  type Ground,
  type Neighbours,
  openDoor,
  openIl,
  openModules,
  openStore,
  queuesOf,
  startWork,
} from './platform-modules.ts';
import { seedPlatform } from './reference-data.ts';
import { reportsSigner, startReports } from './reports.ts';
import { isProduction, type Settings } from './settings.ts';
import { createSignIns, type SignIns } from './sign-ins.ts';
import { startSignatures } from './signatures.ts';
import { filesFolder, mediaGround } from './storage.ts';
import { type DevelopmentLog, logFilesOf, startDevelopmentLog } from './transparency-log.ts';
import { projectVersion } from './version.ts';

export type { Neighbours } from './platform-modules.ts';

export type RunningPlatform = {
  address: string;
  sign_ins: SignIns;
  /** Where SMS and mails land on this machine. */
  outbox: Outbox;
  authority: DevelopmentAuthority;
  auth: Auth;
  mpi: Clients['mpi'];
  ops: Clients['ops'];
  mcs: Mcs;
  /** As the superuser; for tests. */
  database_urls: Databases['urls'];
  /** For tests: runs a module's job now. */
  runJob(name: string): Promise<void>;
  stop(): Promise<void>;
};

export type PlatformOptions = {
  clock?: Clock;
  /** Whether an empty platform is filled with a small generated country; it is, unless told otherwise. */
  with_country?: boolean;
  /** Standard output at the level of the settings, unless told otherwise. */
  log?: Logger;
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
    with_country = !isProduction(settings),
    log = createLogger({ name: 'zdravo', level: settings.ZDRAVO_LOG }),
  }: PlatformOptions = {},
): Promise<RunningPlatform> {
  // What has started is stopped again, in reverse order, when something after it fails.
  await using started = new AsyncDisposableStack();
  const databases = started.adopt(await openDatabases(settings, server_settings), (one) => one.stop());
  const parts: Parts = { settings, databases, log, clock, secret: randomBytes(32).toString('hex') };
  const outbox = createOutbox();
  const signer = await reportsSigner(await keyProvider(settings, 'reports'));
  const transparency_log = started.adopt(await startDevelopmentLog(settings, [formatVerifierKey(signer.key)]), (one) =>
    one.stop(),
  );
  const ops = started.adopt(await startOps(parts, transparency_log), close);
  const patient_index = started.adopt(await startPatientIndex(parts), close);
  const ground = await groundOf(parts, outbox);
  const modules = await openModules(started, ground);
  const { auth, mcs, prm } = modules;
  const signatures = started.adopt(await startSignatures(settings, log, clock), close);
  const { authority } = signatures;
  await seedPlatform(databases.urls.platform, log);
  if (with_country && (await prm.listLegalEntities({ page_size: 1 })).data.length === 0)
    await loadCountry(
      {
        prm,
        mcs,
        authority,
        mpi: await mpiOptions(parts),
        ops: await opsOptions(parts, transparency_log),
        il: slotOptions(ground),
      },
      startingPart(clock.today()),
    );
  const clients = clientsOf(ops, patient_index, parts.secret);
  const neighbours = interpose({ ...clients, mcs, auth, prm, messages: modules.messages.queue });
  const il = await openIl(started, ground, {
    ...neighbours,
    signatures: signatures.verifier,
    proofs: signatures.proofs,
  });
  const version = await projectVersion();
  const reports = started.adopt(
    await startReports({ ...parts, mcs, version, signer, witness_lines: transparency_log.witness_lines }),
    close,
  );
  const store = await openStore(started, ground);
  const queues = [
    { url: databases.urls.ops, role: 'zdravo_ops', jobs: ops.jobs },
    ...patient_index.queues,
    ...queuesOf(databases.urls.platform, { modules, il, store }),
    { url: databases.urls.reports, role: reports_role, jobs: reports.jobs },
  ];
  const work = await startWork(started, log, { queues, mcs, il, mpi: clients.mpi });
  const gateway = await openDoor(started, ground, {
    ...clients,
    modules,
    il,
    store,
    reports: clientOfReports(reports, parts.secret),
    log_files: logFilesOf(transparency_log),
    version,
    metrics_token: await keptSecret(join(resolve(settings.ZDRAVO_DATA), 'metrics.token')),
    figures: [ops, patient_index, reports, work].flatMap(({ figures }) => figures),
  });
  mountOutbox(gateway, outbox);
  await signatures.mountOn(gateway);
  const sign_ins = await createSignIns(auth, join(resolve(settings.ZDRAVO_DATA), 'sign-ins.json'));
  await mountPages(gateway, pageSettings(sign_ins), isReferencePath);
  ops.sequencer.start();
  patient_index.linker.start();
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

export type Parts = { settings: Settings; databases: Databases; log: Logger; clock: Clock; secret: string };

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
  };
}

/** By whom the generated country's declarations are counted. */
function slotOptions({ database_url, keys, log }: Ground): CountryLoad['il'] {
  return { database_url, key_provider: keys.il, log };
}

async function startOps(parts: Parts, transparency_log: DevelopmentLog): Promise<Ops> {
  const ops = await createOps({ ...(await opsOptions(parts, transparency_log)), clock: parts.clock });
  await ops.app.ready();
  return ops;
}

/** On a developer's machine there is no phone and no mailbox: the outbox page stands for both. */
async function groundOf({ settings, databases: { urls }, clock, log }: Parts, outbox: Outbox): Promise<Ground> {
  const [auth, il, mcs] = await Promise.all(['auth', 'il', 'mcs'].map((module) => keyProvider(settings, module)));
  return {
    database_url: urls.platform,
    il_keys_database_url: urls.il_keys,
    mcs_keys_database_url: urls.mcs_keys,
    keys: { auth: auth!, il: il!, mcs: mcs! },
    web_url: addressOf(settings),
    media: mediaGround(settings, { directory: filesFolder(settings), media_url: `${addressOf(settings)}/media` }),
    carriers: outbox,
    clock,
    log,
  };
}

function clientsOf(ops: Ops, { mpi, review }: PatientIndex, secret: string): Clients {
  const credentials = { caller: 'il', secret };
  return {
    ops: createClient(opsContract, inProcessTransport(ops.app), credentials),
    mpi: createClient(mpiContract, inProcessTransport(mpi.app), credentials),
    reviews: createClient(reviewContract, inProcessTransport(review.app), credentials),
  };
}

function clientOfReports({ app }: Reports, secret: string) {
  return createClient(internal_contract, inProcessTransport(app), { caller: 'gateway', secret });
}

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
import { createGateway, served } from '@zdravo/gateway';
import { createIl, contract as ilContract, openImporter, seedReferenceData } from '@zdravo/il';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { systemClock } from '@zdravo/kit/clock';
import { startJobs } from '@zdravo/kit/jobs';
import { createFileKeyProvider, createKeyFile } from '@zdravo/kit/keys';
import { createLogger, type Logger } from '@zdravo/kit/log';
import { createMpi, type Mpi } from '@zdravo/mpi';
import { contract as mpiContract } from '@zdravo/mpi/contract';
import { createOps, type Ops, published_name } from '@zdravo/ops';
import { contract as opsContract } from '@zdravo/ops/contract';
import { createLogFiles } from '@zdravo/tlog';
import { type Databases, openDatabases } from './databases.ts';
import { ukrainian_identity_rules } from './processes/mpi.ts';
import type { Settings } from './settings.ts';
import { type DevelopmentLog, startDevelopmentLog } from './transparency-log.ts';
import { createVendor, type SignIn } from './vendor.ts';

export type RunningPlatform = { address: string; sign_in: SignIn; stop(): Promise<void> };

/** Every module in one process, over real databases. The modules talk by their contracts, as they do when apart. */
export async function startPlatform(settings: Settings): Promise<RunningPlatform> {
  const databases = await openDatabases(settings);
  const log = createLogger({ name: 'zdravo', level: settings.ZDRAVO_LOG });
  const secret = randomBytes(32).toString('hex');
  const parts = { settings, databases, log, secret };
  const transparency_log = await startDevelopmentLog(settings);
  const ops = await startOps(parts, transparency_log);
  const mpi = await startMpi(parts);
  const auth = await startAuth(parts);
  await seedPlatform(databases, log);
  const il = createIl({ database_url: databases.urls.platform, log: log.child({ module: 'il' }) });
  const gateway = await createGateway({
    routes: [served(ilContract, il.handlers), served(authContract, auth.handlers)],
    findPrincipal: auth.findPrincipal,
    ready: readinessOf(ops, mpi, secret),
    log: log.child({ module: 'gateway' }),
    log_files: createLogFiles({
      tiles: transparency_log.tiles,
      checkpoint: () => transparency_log.checkpoints.get(published_name),
      texts: { policy: transparency_log.policy_text },
    }),
    version: await projectVersion(),
  });
  const jobs = await Promise.all([
    startJobs({ url: databases.urls.ops, role: 'zdravo_ops', jobs: ops.jobs, log }),
    startJobs({ url: databases.urls.mpi, role: 'zdravo_mpi', jobs: mpi.jobs, log }),
    startJobs({ url: databases.urls.platform, role: 'zdravo_auth', jobs: auth.jobs, log }),
  ]);
  ops.sequencer.start();
  await gateway.listen({ port: settings.ZDRAVO_PORT, host: settings.ZDRAVO_HOST });
  const { port } = gateway.server.address() as { port: number };
  return {
    address: `http://localhost:${port}`,
    sign_in: await createVendor(auth, join(resolve(settings.ZDRAVO_DATA), 'vendor.json')),
    stop: async () => {
      await gateway.close();
      for (const one of jobs) await one.stop();
      await il.close();
      await auth.close();
      await ops.close();
      await transparency_log.stop();
      await mpi.close();
      await databases.stop();
    },
  };
}

type Parts = { settings: Settings; databases: Databases; log: Logger; secret: string };

async function startOps({ settings, databases, log, secret }: Parts, transparency_log: DevelopmentLog): Promise<Ops> {
  const ops = await createOps({
    database_url: databases.urls.ops,
    keys_database_url: databases.urls.ops_keys,
    key_provider: await createFileKeyProvider(await keyFile(settings, 'ops')),
    callers: { il: secret },
    clock: systemClock('Europe/Kyiv'),
    log: log.child({ module: 'ops' }),
    transparency_log,
    verification_request_expiration_days: 1,
  });
  await ops.app.ready();
  return ops;
}

async function startMpi({ settings, databases, log, secret }: Parts): Promise<Mpi> {
  const mpi = await createMpi({
    database_url: databases.urls.mpi,
    keys_database_url: databases.urls.mpi_keys,
    key_provider: await createFileKeyProvider(await keyFile(settings, 'mpi')),
    callers: { il: secret },
    normalise: normaliseName,
    identity_rules: ukrainian_identity_rules,
    clock: systemClock('Europe/Kyiv'),
    log: log.child({ module: 'mpi' }),
  });
  await mpi.app.ready();
  return mpi;
}

/** Codes and links are shown on the terminal: there is no phone and no mailbox on a developer's machine. */
async function startAuth({ settings, databases, log }: Parts): Promise<Auth> {
  const keys = await createFileKeyProvider(await keyFile(settings, 'auth'));
  const auth = await createAuth({
    database_url: databases.urls.platform,
    clock: systemClock('Europe/Kyiv'),
    log: log.child({ module: 'auth' }),
    hash_key: await keys.derive('auth short secrets', '1'),
    deliverOtp: async ({ phone, code }) => console.log(`SMS to ${phone}: ${code}`),
    deliverRecovery: async ({ email, link }) => console.log(`Mail to ${email}: ${link}`),
  });
  await auth.seed({ roles: role_scopes, client_types: client_type_scopes });
  return auth;
}

/** Asks both perimeters through their contracts, as the Integration Layer does. */
function readinessOf(ops: Ops, mpi: Mpi, secret: string): () => Promise<void> {
  const credentials = { caller: 'il', secret };
  const ops_client = createClient(opsContract, inProcessTransport(ops.app), credentials);
  const mpi_client = createClient(mpiContract, inProcessTransport(mpi.app), credentials);
  const context = { request_id: 'readiness' };
  return async () => {
    await Promise.all([ops_client.latestHead({}, context), mpi_client.readEvents({ query: { limit: 1 } }, context)]);
  };
}

async function seedPlatform(databases: Databases, log: Logger): Promise<void> {
  const importer = openImporter({ database_url: databases.urls.platform, log });
  await seedReferenceData(importer.db, { dictionaries: builtInDictionaries(), addresses: builtInAddresses() });
  await importer.close();
}

async function keyFile(settings: Settings, module: string): Promise<string> {
  const folder = join(resolve(settings.ZDRAVO_DATA), 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, `${module}.json`);
  await createKeyFile(path);
  return path;
}

async function projectVersion(): Promise<string> {
  const text = await readFile(join(import.meta.dirname, '..', 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

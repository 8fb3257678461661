import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { builtInAddresses, builtInDictionaries } from '@zdravo/country-ua';
import { createGateway, served } from '@zdravo/gateway';
import { createIl, contract as ilContract, openImporter, seedReferenceData } from '@zdravo/il';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { systemClock } from '@zdravo/kit/clock';
import { startJobs } from '@zdravo/kit/jobs';
import { createFileKeyProvider, createKeyFile } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { accessDenied } from '@zdravo/kit/problem';
import { createOps } from '@zdravo/ops';
import { contract as opsContract } from '@zdravo/ops/contract';
import { type Databases, openDatabases } from './databases.ts';
import type { Settings } from './settings.ts';

export type RunningPlatform = { address: string; databases: Databases; stop(): Promise<void> };

/** Every module in one process, over real databases. The modules talk by their contracts, as they do when apart. */
export async function startPlatform(settings: Settings): Promise<RunningPlatform> {
  const databases = await openDatabases(settings);
  const log = createLogger({ name: 'zdravo', level: settings.ZDRAVO_LOG });
  const ops_secret = randomBytes(32).toString('hex');
  const ops = await createOps({
    database_url: databases.ops,
    keys_database_url: databases.ops_keys,
    key_provider: await createFileKeyProvider(await keyFile(settings, 'ops')),
    callers: { il: ops_secret },
    clock: systemClock('Europe/Kyiv'),
    log: log.child({ module: 'ops' }),
    verification_request_expiration_days: 1,
  });
  await ops.app.ready();
  const ops_client = createClient(opsContract, inProcessTransport(ops.app), { caller: 'il', secret: ops_secret });
  await seedPlatform(databases, log);
  const il = createIl({ database_url: databases.platform, log: log.child({ module: 'il' }) });
  const gateway = await createGateway({
    routes: [served(ilContract, il.handlers)],
    findPrincipal: async () => {
      throw accessDenied('Invalid access token', 'token_invalid');
    },
    ready: async () => {
      await ops_client.latestHead({}, { request_id: 'readiness' });
    },
    log: log.child({ module: 'gateway' }),
    version: await projectVersion(),
  });
  const jobs = await startJobs({ url: databases.ops, role: 'zdravo_ops', jobs: ops.jobs, log });
  ops.sequencer.start();
  await gateway.listen({ port: settings.ZDRAVO_PORT, host: settings.ZDRAVO_HOST });
  const { port } = gateway.server.address() as { port: number };
  return {
    address: `http://localhost:${port}`,
    databases,
    stop: async () => {
      await gateway.close();
      await jobs.stop();
      await il.close();
      await ops.close();
      await databases.stop();
    },
  };
}

async function seedPlatform(databases: Databases, log: ReturnType<typeof createLogger>): Promise<void> {
  const importer = openImporter({ database_url: databases.platform, log });
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

import { type Auth, contract as authContract, createAuth } from '@zdravo/auth';
import { client_type_scopes, role_scopes } from '@zdravo/country-ua';
import { createGateway, createGatewayStore, type GatewayStore, served } from '@zdravo/gateway';
import { createIl, type Il, il_role, contract as ilContract } from '@zdravo/il';
import type { Client } from '@zdravo/kit/client';
import type { Clock } from '@zdravo/kit/clock';
import { type Consumer, feedFigures } from '@zdravo/kit/events';
import type { FindFile, HttpServer } from '@zdravo/kit/http';
import { type Job, startJobs } from '@zdravo/kit/jobs';
import type { KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { MailSender, MessageQueue, SmsSender } from '@zdravo/kit/messages';
import type { FigureSource } from '@zdravo/kit/metrics';
import { createMcs, type Mcs, mcs_role } from '@zdravo/mcs';
import type { contract as mpiContract } from '@zdravo/mpi/contract';
import type { contract as reviewContract } from '@zdravo/mpi/review-contract';
import type { contract as opsContract } from '@zdravo/ops/contract';
import { createPrm, type Prm, prm_role } from '@zdravo/prm';
import { handlersThrough, type internal_contract } from '@zdravo/reports';
import { contract as reportsContract } from '@zdravo/reports/contract';
import type { ProofSources, VerifierPool } from '@zdravo/signature';
import { findVerifierFile } from '@zdravo/tlog';
import { type Messages, openMessages } from './messages.ts';
import type { MediaGround } from './storage.ts';

// How the modules of the platform's perimeter are put together: for `npm start` and for the process `platform` alike.

/** What the platform's modules stand on. */
export type Ground = {
  database_url: string;
  il_keys_database_url: string;
  mcs_keys_database_url: string;
  /** Each module's own. */
  keys: { auth: KeyProvider; il: KeyProvider; mcs: KeyProvider };
  /** Where people's browsers and vendors find the platform, without a slash at the end. */
  web_url: string;
  media: MediaGround;
  carriers: { mail: MailSender; sms: SmsSender };
  clock: Clock;
  log: Logger;
};

/** The other perimeters, by their contracts. */
export type Clients = {
  ops: Client<typeof opsContract>;
  mpi: Client<typeof mpiContract>;
  reviews: Client<typeof reviewContract>;
};

export type Modules = { messages: Messages; auth: Auth; mcs: Mcs; prm: Prm };

/** What the Integration Layer writes to beside its own tables. */
export type Neighbours = Clients & { mcs: Mcs; auth: Auth; prm: Prm; messages: MessageQueue };

/** The modules that know no neighbour. What starts is put on `started`, which ends it. */
export async function openModules(started: AsyncDisposableStack, ground: Ground): Promise<Modules> {
  const { database_url, clock, log, keys, web_url, carriers } = ground;
  const messages = started.adopt(
    await openMessages({ database_url, key_provider: keys.il, ...carriers, web_url, log }),
    close,
  );
  const auth = started.adopt(await openAuth(ground, messages), close);
  const mcs = started.adopt(
    await createMcs({
      database_url,
      keys_database_url: ground.mcs_keys_database_url,
      key_provider: keys.mcs,
      ...ground.media,
      public_url: `${web_url}/media`,
      clock,
      log: log.child({ module: 'mcs' }),
    }),
    close,
  );
  await mcs.tryOutStorage();
  const prm = started.adopt(createPrm({ database_url, clock, log: log.child({ module: 'prm' }) }), close);
  return { messages, auth, mcs, prm };
}

async function openAuth({ database_url, clock, log, keys }: Ground, messages: Messages): Promise<Auth> {
  const auth = await createAuth({
    database_url,
    clock,
    log: log.child({ module: 'auth' }),
    hash_key: await keys.auth.derive('auth short secrets', '1'),
    deliverOtp: messages.deliverOtp,
    deliverRecovery: messages.deliverRecovery,
  });
  await auth.seed({ roles: role_scopes, client_types: client_type_scopes });
  return auth;
}

/** The processes, over their neighbours. */
export async function openIl(
  started: AsyncDisposableStack,
  { database_url, il_keys_database_url, keys, clock, log, web_url }: Ground,
  neighbours: Neighbours & { signatures: VerifierPool; proofs?: ProofSources | undefined },
): Promise<Il> {
  const il = await createIl({
    database_url,
    keys_database_url: il_keys_database_url,
    key_provider: keys.il,
    clock,
    log: log.child({ module: 'il' }),
    web_url,
    ...neighbours,
  });
  return started.adopt(il, close);
}

export type Door = Clients & {
  modules: Modules;
  il: Il;
  store: GatewayStore;
  reports: Client<typeof internal_contract>;
  log_files: FindFile;
  metrics_token: string;
  /** Of the work behind the door, and of other perimeters in the same process. */
  figures: readonly FigureSource[];
  version: string;
  trusted_proxies?: string[];
};

/** What the door remembers. */
export async function openStore(started: AsyncDisposableStack, { database_url, log }: Ground): Promise<GatewayStore> {
  return started.adopt(await createGatewayStore({ database_url, log }), close);
}

/** The public door with all that is served behind it, pages apart. It does not listen yet. */
export async function openDoor(started: AsyncDisposableStack, { log }: Ground, door: Door): Promise<HttpServer> {
  const { modules, il, reports } = door;
  const gateway = await createGateway({
    routes: [
      served(ilContract, il.handlers),
      served(authContract, modules.auth.handlers),
      served(reportsContract, handlersThrough(reports)),
    ],
    findPrincipal: modules.auth.findPrincipal,
    ready: readinessOf(door),
    log: log.child({ module: 'gateway' }),
    verifier_files: findVerifierFile,
    log_files: door.log_files,
    version: door.version,
    store: door.store,
    metrics_token: door.metrics_token,
    figures: [...figuresOf(modules, il), ...door.figures],
    ...(door.trusted_proxies ? { trusted_proxies: door.trusted_proxies } : {}),
  });
  started.adopt(gateway, close);
  await modules.mcs.mountOn(gateway);
  return gateway;
}

function figuresOf({ auth, mcs, prm, messages }: Modules, il: Il): FigureSource[] {
  return [auth, il, mcs, prm, messages].flatMap(({ figures }) => figures);
}

/** Asks both perimeters through their contracts, as the Integration Layer does. */
function readinessOf({ ops, mpi }: Clients): () => Promise<void> {
  const context = { request_id: 'readiness' };
  return async () => {
    await Promise.all([ops.latestHead({}, context), mpi.readEvents({ query: { limit: 1 } }, context)]);
  };
}

/** The jobs of a role in its database's queue. */
export type Queue = { url: string; role: string; jobs: readonly Job[]; concurrency?: number; name?: string };

/** The queues of the platform's modules. */
export function queuesOf(url: string, parts: { modules: Modules; il: Il; store: { jobs: Job[] } }): Queue[] {
  const { modules, il, store } = parts;
  return [
    { url, role: 'zdravo_auth', jobs: modules.auth.jobs },
    { url, role: il_role, jobs: il.jobs },
    { url, role: il_role, jobs: [modules.messages.queue.jobs.mail, modules.messages.retention], name: 'mail' },
    { url, role: il_role, jobs: [modules.messages.queue.jobs.sms], name: 'sms', concurrency: 8 },
    { url, role: mcs_role, jobs: modules.mcs.jobs },
    { url, role: 'zdravo_gateway', jobs: store.jobs },
    { url, role: prm_role, jobs: modules.prm.jobs },
  ];
}

/** Jobs and followers of events: what the platform does by itself. @returns how they get on. */
export async function startWork(
  started: AsyncDisposableStack,
  log: Logger,
  { queues, mcs, il, mpi }: { queues: readonly Queue[]; mcs: Mcs; il: Il; mpi: Clients['mpi'] },
): Promise<{ figures: FigureSource[] }> {
  const figures: FigureSource[] = [];
  for (const queue of queues)
    figures.push(started.adopt(await startJobs({ ...queue, log }), (one) => one.stop()).figures);
  const personEvents = (query: { after?: string; limit: number }) =>
    mpi.readEvents({ query }, { request_id: 'feed-mpi' });
  const consumers: Consumer[] = [mcs.followPersons(personEvents), ...il.followers];
  for (const consumer of consumers) {
    consumer.start();
    started.defer(() => consumer.stop());
  }
  return { figures: [...figures, feedFigures(consumers)] };
}

/** Ends a part, for an `AsyncDisposableStack`. */
export function close(part: { close(): Promise<unknown> }): Promise<void> {
  return part.close().then(() => {});
}

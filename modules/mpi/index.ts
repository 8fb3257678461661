import { join } from 'node:path';
import { createReadAudit } from '@zdravo/kit/audit';
import type { Handlers } from '@zdravo/kit/contract';
import { type Migrations, openDatabase } from '@zdravo/kit/db';
import { readFeed } from '@zdravo/kit/events';
import { createHttpServer, type HttpServer, mount, serviceAuthentication } from '@zdravo/kit/http';
import { createKeyStore, type KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { createBlindIndexes, type Normalise } from './blind-indexes.ts';
import { contract } from './contract.ts';
import type { MpiDeps } from './deps.ts';
import { erasePerson } from './erasure.ts';
import { matchPerson, searchPersons } from './match-persons.ts';
import { getPerson } from './read-person.ts';
import type { Tables } from './tables.ts';
import { putPerson, resetAuthenticationMethod } from './write-persons.ts';

export const migrations: Migrations = { module: 'mpi', directory: join(import.meta.dirname, 'migrations') };

export type MpiOptions = {
  database_url: string;
  keys_database_url: string;
  key_provider: KeyProvider;
  /** Processes that may call, with their secrets. */
  callers: Record<string, string>;
  /** How names and numbers are made comparable in this country. */
  normalise: Normalise;
  log: Logger;
  pool_size?: number;
};

export type Mpi = { app: HttpServer; close(): Promise<void> };

/** The Master Patient Index: its server over its own databases. */
export async function createMpi(options: MpiOptions): Promise<Mpi> {
  const { log, pool_size = 16 } = options;
  const database = openDatabase<Tables>({
    url: options.database_url,
    role: 'zdravo_mpi',
    application_name: 'mpi',
    log,
    pool_size,
  });
  const keys_database = openDatabase({
    url: options.keys_database_url,
    role: 'zdravo_keys',
    application_name: 'mpi-keys',
    log,
    pool_size,
  });
  const deps: MpiDeps = {
    db: database.db,
    keys: createKeyStore(keys_database.pool, options.key_provider, { module: 'mpi', purpose: 'vault' }),
    indexes: await createBlindIndexes(options.key_provider, options.normalise),
    normalise: options.normalise,
    read_audit: createReadAudit(database.db, 'mpi'),
  };
  const app = createHttpServer({ log });
  mount(app, contract, createHandlers(deps), serviceAuthentication(options.callers));
  return {
    app,
    close: async () => {
      await app.close();
      await Promise.all([database.close(), keys_database.close()]);
    },
  };
}

function createHandlers(deps: MpiDeps): Handlers<typeof contract> {
  return {
    putPerson: ({ params, body }, call) => putPerson(deps, { id: params.id, ...body }, call.context),
    getPerson: ({ params }, call) => getPerson(deps, params.id, call.context),
    matchPerson: ({ body }) => matchPerson(deps, body.person),
    searchPersons: ({ body }) => searchPersons(deps, body),
    resetAuthenticationMethod: ({ params, body }, call) =>
      resetAuthenticationMethod(deps, { id: params.id, reset_id: body.reset_id }, call.context),
    erasePerson: ({ params, body }, call) =>
      erasePerson(deps, { id: params.id, order_id: body.order_id }, call.context),
    readEvents: ({ query }) => readFeed(deps.db, 'mpi', query),
  };
}

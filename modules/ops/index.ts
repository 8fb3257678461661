import { join } from 'node:path';
import type { Clock } from '@zdravo/kit/clock';
import { type Migrations, openDatabase } from '@zdravo/kit/db';
import { createHttpServer, type HttpServer, healthRoutes, mount, serviceAuthentication } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import { createKeyStore, type KeyProvider, rewrapJob } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import { contract } from './contract.ts';
import { createDeclarationWriter } from './declarations.ts';
import { opsFigures } from './figures.ts';
import { createHandlers } from './handlers.ts';
import { deriveHandleKey, seed_scope } from './key-names.ts';
import { createHeadCache, createLogHeadLookup } from './log/checkpoints.ts';
import { createSequencer, type Sequencer } from './log/sequencer.ts';
import { originOf, type TransparencyLog } from './log/transparency-log.ts';
import { createDeclarationLookup } from './read-declarations.ts';
import type { Tables } from './tables.ts';
import { declarationTimers } from './timers.ts';

export { type AuditInput, type AuditReport, runAudit } from './audit/audit.ts';
export type { ContainerSource, OtherContainer } from './audit/containers.ts';
export { writeMetrics } from './audit/metrics.ts';
export type { PersonVersions } from './audit/person-versions.ts';
export type { PromisesToAudit } from './audit/promises.ts';
export { type AuditState, readState, writeState } from './audit/state.ts';
export { type BulkDeclaration, bulkLoadDeclarations, type DeclarationLoadOptions } from './bulk/bulk-load.ts';
export { createLogFolder, type LogFolder, openLogFolder } from './log/open-log.ts';
export { LogRefusal } from './log/refusals.ts';
export { adoptPublished, type Refill, refillFromBundles } from './log/repairs.ts';
export type { Sequencer, SequencerStatus } from './log/sequencer.ts';
export { published_name, type TransparencyLog } from './log/transparency-log.ts';

export type OpsTables = Tables;

export const migrations: Migrations = { module: 'ops', directory: join(import.meta.dirname, 'migrations') };

export type OpsOptions = {
  database_url: string;
  keys_database_url: string;
  key_provider: KeyProvider;
  /** Processes that may call, with their secrets. */
  callers: Record<string, string>;
  clock: Clock;
  log: Logger;
  transparency_log: TransparencyLog;
  pool_size?: number;
};

export type Ops = {
  app: HttpServer;
  sequencer: Sequencer;
  jobs: Job[];
  figures: readonly FigureSource[];
  close(): Promise<void>;
};

/** Operations: its server, its sequencer (to be started) and its timers. */
export async function createOps(options: OpsOptions): Promise<Ops> {
  const { database_url: url, log, clock, transparency_log } = options;
  const database = openDatabase<Tables>({
    url,
    role: 'zdravo_ops',
    application_name: 'ops',
    plans_once: true,
    log,
    pool_size: options.pool_size ?? 16,
  });
  const sequencing = openDatabase<Tables>({
    url,
    role: 'zdravo_ops_sequencer',
    application_name: 'ops-sequencer',
    log,
    pool_size: 2,
  });
  const keys_database = openDatabase({
    url: options.keys_database_url,
    role: 'zdravo_keys',
    application_name: 'ops-keys',
    plans_once: true,
    log,
    pool_size: options.pool_size ?? 16,
  });
  const keys = createKeyStore(keys_database.pool, options.key_provider, seed_scope);
  await keys.check(log);
  const handle_key = await deriveHandleKey(options.key_provider);
  const heads = createHeadCache(database.db);
  const deps = { db: database.db, pool: database.pool, keys, handle_key, clock, heads };
  const app = createHttpServer({ log });
  const promises = { origin: originOf(transparency_log), signer: transparency_log.promise_signer };
  mount(
    app,
    contract,
    createHandlers({
      ...deps,
      promises,
      tiles: transparency_log.tiles,
      writer: createDeclarationWriter(deps),
      declarations: createDeclarationLookup(database.db),
      log_heads: createLogHeadLookup(database.db),
    }),
    serviceAuthentication(options.callers),
  );
  healthRoutes(app, async () => {
    await Promise.all([database.pool.query('select 1'), keys_database.pool.query('select 1')]);
  });
  const sequencer = createSequencer({ db: sequencing.db, log, transparency_log });
  return {
    app,
    sequencer,
    jobs: [
      ...declarationTimers(deps),
      rewrapJob({ name: 'rewrap_seed_keys', schedule: '20 * * * *' }, { stores: [keys], log }),
    ],
    figures: [
      poolFigures('ops', [database.pool, sequencing.pool, keys_database.pool]),
      opsFigures(database.db, sequencer),
    ],
    close: async () => {
      await app.close();
      await sequencer.stop();
      await Promise.all([database.close(), sequencing.close(), keys_database.close()]);
    },
  };
}

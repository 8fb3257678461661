import { randomUUID } from 'node:crypto';
import { type Database, openDatabase } from '@zdravo/kit/db';
import { createHttpServer, type HttpServer, healthRoutes } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import { type KeyProvider, rewrapJob } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import { compareQueue } from './compare-queue.ts';
import { linkerFigures } from './figures.ts';
import { refuseForeignEpochs, refuseForeignKeys } from './key-check.ts';
import { measureServingModel } from './known-pairs.ts';
import { matchOnline, servingKey } from './match-online.ts';
import { openServingModel } from './models.ts';
import type { Judged } from './propose.ts';
import { type RelinkFigures, type RelinkOptions, relink } from './relink.ts';
import { resealSketches } from './reseal-sketches.ts';
import { openSketch } from './sketch.ts';
import { recordOpened } from './sketch-audit.ts';
import { createSketchKeys, type SketchKeys } from './sketch-keys.ts';
import { trainModel } from './train.ts';

export type LinkerOptions = {
  database_url: string;
  keys_database_url: string;
  /** Shared with the index: opens each person's part of a sketch, and nothing else of a person. */
  key_provider: KeyProvider;
  /** Opens what the index sealed for the linker alone, where that is not the same; without it no sketch opens. */
  linker_key_provider?: KeyProvider;
  log: Logger;
  pool_size?: number;
  /** Between two looks at the queue. */
  interval_ms?: number;
};

export type Linker = {
  /** Its health; nobody asks it for anything else. */
  app: HttpServer;
  /** Compares all who wait now. @returns how many they were. */
  drain(): Promise<number>;
  /** What the model says of one person and all who might be the same; proposes nothing. */
  match(person_id: string): Promise<Judged[]>;
  /** Learns a candidate model from the living sketches; it decides nothing until it is signed off. */
  train(): ReturnType<typeof trainModel>;
  /** Measures the model that serves on the pairs whose truth is known by now; nobody signs it off without. */
  measure(): ReturnType<typeof measureServingModel>;
  /** Compares everybody with everybody, or goes on where it was stopped. */
  relink(options?: RelinkOptions): Promise<RelinkFigures>;
  jobs: Job[];
  figures: readonly FigureSource[];
  start(): void;
  stop(): Promise<void>;
  close(): Promise<void>;
};

type LinkerDeps = { db: Kysely<Tables>; keys: SketchKeys; log: Logger };

export const linker_role = 'zdravo_mpi_linker';

/**
 * The process that finds persons who are one: role and keys of its own, never a name before it. It compares each new or
 * changed person on line and everybody in a relink, and proposes; it merges nobody.
 * @throws KeyError when its keys open none of the sketches; the hint tells the operator which file belongs here.
 */
export async function createLinker(options: LinkerOptions): Promise<Linker> {
  const { log, pool_size = 4 } = options;
  const open = <Of>(url: string, role: string, application_name: string) =>
    openDatabase<Of>({ url, role, application_name, log, pool_size });
  const database = open<Tables>(options.database_url, linker_role, 'mpi-linker');
  const keys_database = open(options.keys_database_url, 'zdravo_mpi_linker_keys', 'mpi-linker-keys');
  const { key_provider, linker_key_provider = key_provider } = options;
  const { pool } = keys_database;
  const keys = createSketchKeys({ pool, persons: key_provider, epochs: linker_key_provider, log });
  const { db } = database;
  const close = async () => {
    await Promise.all([database.close(), keys_database.close()]);
  };
  await refuseWrongKeys({ db, keys, log }).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const app = healthApp(log, [database, keys_database]);
  const runRelink: Linker['relink'] = (given = {}) => relink({ ...options, db, keys }, given);
  const train = () => trainModel({ db, keys, log });
  const measure = () => measureServingModel({ db, keys, log });
  const drain = () => compareQueue({ db, keys, log });
  const clockwork = repeatedly(drain, options);
  return {
    app,
    drain,
    match: (person_id) => matchOne({ db, keys, log }, person_id),
    train,
    relink: runRelink,
    measure,
    jobs: [...linkerJobs({ relink: runRelink, train, measure }), ...keyJobs({ db, keys, log })],
    figures: [poolFigures('mpi-linker', [database.pool, pool]), linkerFigures(db)],
    start: clockwork.start,
    stop: clockwork.stop,
    close: async () => {
      await clockwork.stop();
      await app.close();
      await close();
    },
  };
}

async function refuseWrongKeys({ db, keys, log }: LinkerDeps): Promise<void> {
  await refuseForeignEpochs(keys.epochs, log, 'MPI_LINKER_KEY_FILE');
  const rows = await db
    .selectFrom('mpi.linkage_sketches')
    .select(['person_id', 'person_id as owner_id', 'key_id', 'ciphertext'])
    .limit(5)
    .execute();
  const epochs = await keys.epochs.keysOf(rows.map(({ ciphertext }) => ciphertext));
  const open = (key: Uint8Array, { ciphertext, ...place }: (typeof rows)[number]) =>
    openSketch({ key, epochs }, place, ciphertext);
  await refuseForeignKeys(keys.persons, rows, { open, file: 'MPI_LINKAGE_KEY_FILE' });
}

function healthApp(log: Logger, databases: readonly Pick<Database<Tables>, 'pool'>[]): HttpServer {
  const app = createHttpServer({ log });
  healthRoutes(app, async () => {
    await Promise.all(databases.map(({ pool }) => pool.query('select 1')));
  });
  return app;
}

function linkerJobs({ relink: run, train, measure }: Pick<Linker, 'relink' | 'train' | 'measure'>): Job[] {
  return [
    {
      name: 'relink_persons',
      schedule: '13 1 * * 0',
      run: async (_payload, { signal }) => {
        await run(signal ? { signal } : {});
      },
    },
    {
      name: 'measure_linkage_model',
      schedule: '51 * * * *',
      run: async () => {
        await measure();
      },
    },
    {
      name: 'train_linkage_model',
      schedule: '43 2 1 * *',
      run: async () => {
        await train();
      },
    },
  ];
}

function keyJobs(deps: LinkerDeps): Job[] {
  return [
    {
      name: 'reseal_sketches',
      schedule: '29 * * * *',
      run: async (_payload, { signal }) => {
        await resealSketches(deps, signal);
      },
    },
    rewrapJob(
      { name: 'rewrap_sketch_epochs', schedule: '41 * * * *' },
      { stores: [deps.keys.epochs.store], log: deps.log },
    ),
  ];
}

/** Looks at the queue again and again; what fails is told and tried again. */
function repeatedly(drain: () => Promise<unknown>, { log, interval_ms = 500 }: LinkerOptions) {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<unknown> = Promise.resolve();
  const schedule = (delay_ms: number): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = drain()
        .catch((error: unknown) => log.warn({ err: error }, 'comparing new persons failed; it is tried again'))
        .finally(() => schedule(interval_ms));
    }, delay_ms);
  };
  const stop = async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
  return { start: () => schedule(0), stop };
}

async function matchOne({ db, keys, log }: LinkerDeps, person_id: string): Promise<Judged[]> {
  const [model, key_id] = await Promise.all([openServingModel(db), servingKey(db)]);
  const opened: string[] = [];
  const onOpened = (ids: Iterable<string>) => opened.push(...ids);
  const judged = await matchOnline({ db, keys, key_id, model, log, onOpened }, [person_id]);
  const audit = { request_id: `linker-match-${randomUUID()}`, action: 'sketch.compared', person_ids: opened };
  await recordOpened(db, audit);
  return judged.get(person_id) ?? [];
}

import { openDatabase } from '@zdravo/kit/db';
import type { Job } from '@zdravo/kit/jobs';
import { createKeyStore, type KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { sketch_scope } from './key-scopes.ts';
import { type Matching, matchOnline, servingKey } from './match-online.ts';
import { openServingModel } from './models.ts';
import { type Judged, propose } from './propose.ts';
import { type RelinkFigures, type RelinkOptions, relink } from './relink.ts';
import { trainModel } from './train.ts';

export type LinkerOptions = {
  database_url: string;
  keys_database_url: string;
  /** Opens sketches, and nothing else of a person. */
  key_provider: KeyProvider;
  log: Logger;
  pool_size?: number;
  interval_ms?: number;
};

export type Linker = {
  /** Compares all who wait now. @returns how many they were. */
  drain(): Promise<number>;
  /** What the model says of one person and all who might be the same; proposes nothing. */
  match(person_id: string): Promise<Judged[]>;
  /** Learns a candidate model from the living sketches; it decides nothing until it is signed off. */
  train(): ReturnType<typeof trainModel>;
  /** Compares everybody with everybody, or goes on where it was stopped. */
  relink(options?: RelinkOptions): Promise<RelinkFigures>;
  jobs: Job[];
  start(): void;
  stop(): Promise<void>;
  close(): Promise<void>;
};

const batch_size = 20;
export const linker_role = 'zdravo_mpi_linker';

/**
 * The process that finds persons who are one: role and keys of its own, never a name before it. It compares each new or
 * changed person on line and everybody in a relink, and proposes; it merges nobody.
 */
export async function createLinker(options: LinkerOptions): Promise<Linker> {
  const { log, pool_size = 4 } = options;
  const names = { application_name: 'mpi-linker', log, pool_size };
  const database = openDatabase<Tables>({ url: options.database_url, role: linker_role, ...names });
  const keys_database = openDatabase({ url: options.keys_database_url, role: 'zdravo_keys', ...names });
  const keys = createKeyStore(keys_database.pool, options.key_provider, sketch_scope);
  const { db } = database;
  const drain = () => drainQueue({ db, keys, log });
  const runRelink: Linker['relink'] = (given = {}) => relink({ ...options, db, keys }, given);
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  let running: Promise<unknown> = Promise.resolve();
  const schedule = (delay_ms: number): void => {
    if (stopped) return;
    timer = setTimeout(() => {
      running = drain()
        .catch((error: unknown) => log.warn({ err: error }, 'comparing new persons failed; it is tried again'))
        .finally(() => schedule(options.interval_ms ?? 500));
    }, delay_ms);
  };
  const stop = async () => {
    stopped = true;
    clearTimeout(timer);
    await running;
  };
  return {
    drain,
    match: async (person_id) => {
      const [model, key_id] = await Promise.all([openServingModel(db), servingKey(db)]);
      return matchOnline({ db, keys, key_id, model, log }, person_id);
    },
    train: () => trainModel({ db, keys, log }),
    relink: runRelink,
    jobs: [
      {
        name: 'relink_persons',
        schedule: '13 1 * * 0',
        run: async (_payload, { signal }) => {
          await runRelink(signal ? { signal } : {});
        },
      },
    ],
    start: () => schedule(0),
    stop,
    close: async () => {
      await stop();
      await Promise.all([database.close(), keys_database.close()]);
    },
  };
}

/** A batch and what came of it are one transaction: a linker that dies in between compares them again. */
async function drainQueue({ db, keys, log }: Pick<Matching, 'keys' | 'log'> & { db: Kysely<Tables> }): Promise<number> {
  let compared = 0;
  const model = await openServingModel(db);
  for (;;) {
    const count = await db.transaction().execute(async (transaction) => {
      const { rows } = await sql<{ person_id: string }>`
        delete from mpi.linkage_queue where position in (
          select position from mpi.linkage_queue order by position limit ${batch_size} for update skip locked
        ) returning person_id`.execute(transaction);
      if (rows.length === 0) return 0;
      const key_id = await servingKey(transaction);
      const matching = { db: transaction, keys, key_id, model, log };
      for (const person_id of new Set(rows.map((row) => row.person_id)))
        for (const one of await matchOnline(matching, person_id)) await propose(transaction, one);
      return rows.length;
    });
    if (count === 0) return compared;
    compared += count;
  }
}

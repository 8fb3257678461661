import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabases } from '@zdravo/dev/databases';
import { createApi } from '@zdravo/dev/demo/api';
import { type RunningPlatform, startPlatform } from '@zdravo/dev/platform';
import { readSettings } from '@zdravo/dev/settings';
import type { Clock } from '@zdravo/kit/clock';
import { connectionUrl } from '@zdravo/kit/db';
import { freePort } from '@zdravo/kit/testing';
import pg from 'pg';
import { fast_server, stageOf, type TestStage } from './stage.ts';

const run = promisify(execFile);
type Restorable = 'ops' | 'mpi' | 'platform';

/** A platform whose databases can be brought back, one by one, to the moment of the last snapshot. */
export type RestorableStage = {
  stage: TestStage;
  /** Of all its data. */
  directory: string;
  /** Stops, copies the three registers, starts again. */
  snapshot(): Promise<void>;
  /** Stops, puts the copy in the place of one register, starts again. */
  restore(name: Restorable): Promise<void>;
  close(): Promise<void>;
};

export async function startRestorableStage(clock: Clock): Promise<RestorableStage> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-restored-'));
  const environment = {
    ZDRAVO_PORT: String(await freePort()),
    ZDRAVO_DATA: directory,
    ZDRAVO_LOG: process.env['ZDRAVO_TEST_LOG'] ?? 'silent',
  };
  const settings = readSettings(environment);
  let platform: RunningPlatform | undefined;
  const stage = {} as TestStage;

  async function start(): Promise<void> {
    platform = await startPlatform(settings, { clock, server_settings: fast_server, with_country: false });
    Object.assign(stage, stageOf(platform), { api: createApi(platform.address, platform.sign_ins) });
  }

  async function whileStopped(work: (client: pg.Client) => Promise<void>): Promise<void> {
    await platform?.stop();
    platform = undefined;
    const databases = await openDatabases(settings, fast_server);
    const client = new pg.Client({ connectionString: connectionUrl(databases.urls.ops, { database: 'postgres' }) });
    try {
      await client.connect();
      await work(client);
      await client.end();
    } finally {
      await databases.stop();
    }
  }

  await start();
  return {
    stage,
    directory,
    snapshot: async () => {
      await whileStopped(async (client) => {
        for (const name of ['ops', 'mpi', 'platform']) {
          await client.query(`drop database if exists kept_${name}`);
          await client.query(`create database kept_${name} template zdravo_${name}`);
        }
      });
      await start();
    },
    restore: async (name) => {
      await whileStopped(async (client) => {
        // A restored server has no replication slots; reports copy anew.
        await client.query(
          'select pg_drop_replication_slot(slot_name) from pg_replication_slots where database = $1 and not active',
          [`zdravo_${name}`],
        );
        await client.query(`drop database zdravo_${name} with (force)`);
        await client.query(`alter database kept_${name} rename to zdravo_${name}`);
      });
      if (name === 'ops') await refillLog(environment);
      await start();
    },
    close: async () => {
      await platform?.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** What the operator does after Operations was restored (docs/operations/reconciliation.md). */
async function refillLog(environment: Record<string, string>): Promise<void> {
  const script = join(import.meta.dirname, '..', 'dev', 'log.ts');
  await run(process.execPath, [script, 'refill'], { env: { ...process.env, ...environment } });
}

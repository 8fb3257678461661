import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createApi } from '@zdravo/dev/demo/api';
import type { Stage } from '@zdravo/dev/demo/clinics';
import { type RunningPlatform, startPlatform } from '@zdravo/dev/platform';
import { readSettings } from '@zdravo/dev/settings';
import { freePort } from '@zdravo/dev/testing/free-port';
import type { Clock } from '@zdravo/kit/clock';
import { connectionUrl } from '@zdravo/kit/db';
import pg from 'pg';

export type TestStage = Stage & {
  platform: RunningPlatform;
  urls: Record<string, string>;
  /** A query as the superuser. */
  query(database: string, text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  close(): Promise<void>;
};

const databases = ['PLATFORM', 'IL_KEYS', 'MCS_KEYS', 'OPS', 'OPS_KEYS', 'MPI', 'MPI_KEYS'];

/** The whole platform on databases of its own, on a free port, as a vendor's program sees it. */
export async function startStage(options: { clock?: Clock } = {}): Promise<TestStage> {
  const server = process.env['ZDRAVO_TEST_POSTGRES_URL'];
  if (!server) throw new Error('run the tests by `npm test -- FILE…`, which starts a PostgreSQL');
  const suffix = randomBytes(4).toString('hex');
  const names = databases.map((name) => [name, `e2e_${name.toLowerCase()}_${suffix}`] as const);
  await asSuperuser(server, async (client) => {
    for (const [, name] of names) await client.query(`create database "${name}"`);
  });
  const urls = Object.fromEntries(names.map(([name, database]) => [name, connectionUrl(server, { database })]));
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-e2e-'));
  const settings = readSettings({
    ZDRAVO_PORT: await freePort(),
    ZDRAVO_DATA: directory,
    ZDRAVO_LOG: process.env['ZDRAVO_TEST_LOG'] ?? 'silent',
    ...Object.fromEntries(Object.entries(urls).map(([name, url]) => [`${name}_DATABASE_URL`, url])),
  });
  const platform = await startPlatform(settings, options);
  return {
    platform,
    urls,
    api: createApi(platform.address, platform.sign_ins),
    outbox: async () => platform.outbox.list(),
    authority: platform.authority,
    sign_ins: platform.sign_ins,
    query: async (database, text, values) => {
      let rows: Record<string, unknown>[] = [];
      await asSuperuser(urls[database]!, async (client) => {
        rows = (await client.query(text, values)).rows;
      });
      return rows;
    },
    close: async () => {
      await platform.stop();
      await asSuperuser(server, async (client) => {
        for (const [, name] of names) await client.query(`drop database "${name}" with (force)`);
      });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function asSuperuser(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

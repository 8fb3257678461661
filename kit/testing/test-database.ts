import { createHash, randomBytes } from 'node:crypto';
import pg from 'pg';
import { connectionUrl, type Migrations, migrate } from '../db/index.ts';

export type TestDatabase = {
  /** As the superuser, who is also the migrator. */
  url: string;
  drop(): Promise<void>;
};

export type TemplateOptions = {
  migrations: Migrations[];
  /** Further steps of the template, e.g. seeds or the job queue. */
  prepare?: (url: string) => Promise<void>;
};

const variable = 'ZDRAVO_TEST_POSTGRES_URL';

/**
 * A migrated database of its own, cloned from a template that the first test of the run makes. `npm test` starts the
 * server and tells its address.
 * @param name names the template; tests with the same name share it.
 */
export async function createTestDatabase(name: string, options: TemplateOptions): Promise<TestDatabase> {
  const server_url = process.env[variable];
  if (!server_url)
    throw new Error(`${variable} is not set: run the tests by \`npm test -- FILE…\`, which starts a PostgreSQL.`);
  const template = `template_${name.replace(/\W/g, '_')}`;
  await ensureTemplate(server_url, template, options);
  const database = `test_${name.replace(/\W/g, '_')}_${randomBytes(5).toString('hex')}`;
  await withClient(server_url, (client) => client.query(`create database "${database}" template "${template}"`));
  return {
    url: connectionUrl(server_url, { database }),
    drop: () => withClient(server_url, (client) => client.query(`drop database if exists "${database}" with (force)`)),
  };
}

/** Only one process makes the template; the others wait for it under an advisory lock. */
async function ensureTemplate(server_url: string, template: string, options: TemplateOptions): Promise<void> {
  await withClient(server_url, async (client) => {
    await client.query('select pg_advisory_lock($1)', [lockKey(template)]);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [template]);
    if (rowCount) return;
    const building = `${template}_building`;
    await client.query(`drop database if exists "${building}" with (force)`);
    await client.query(`create database "${building}"`);
    const url = connectionUrl(server_url, { database: building });
    await migrate(url, options.migrations);
    await options.prepare?.(url);
    await client.query(`alter database "${building}" rename to "${template}"`);
  });
}

function lockKey(text: string): number {
  return createHash('sha256').update(text).digest().readInt32BE(0);
}

/** Works on a connection of its own, which is closed afterwards. */
export async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
}

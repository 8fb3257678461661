import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectionUrl, migrate } from '@zdravo/kit/db';
import { startPostgres } from '@zdravo/kit/testing';
import pg from 'pg';
import { describeTables } from './describe-tables.ts';
import { schemas } from './schemas.ts';

// Writes every module's `tables.ts` from its migrated database: `npm run generate`.

const directory = await mkdtemp(join(tmpdir(), 'zdravo-generate-'));
const postgres = await startPostgres({ directory: join(directory, 'postgres'), settings: ['fsync=off'] });
try {
  for (const { module, database, migrations } of schemas) {
    const url = connectionUrl(postgres.url, { database });
    await createDatabase(postgres.url, database);
    await migrate(url, migrations);
    const text = await describeTables(url, module);
    await writeFile(join(import.meta.dirname, '..', 'modules', module, 'tables.ts'), text);
  }
} finally {
  await postgres.stop();
  await rm(directory, { recursive: true, force: true });
}

async function createDatabase(url: string, database: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rowCount } = await client.query('select from pg_database where datname = $1', [database]);
  if (!rowCount) await client.query(`create database "${database}"`);
  await client.end();
}

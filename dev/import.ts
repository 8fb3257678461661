import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ImportProblem, readKatottg, readMountainFlags, readStreets } from '@zdravo/country-ua';
import { importAddressRows, importMountainFlags, importStreets, openImporter } from '@zdravo/il';
import { createLogger } from '@zdravo/kit/log';
import { type Databases, openDatabases } from './databases.ts';
import { describeFailure } from './failures.ts';
import { importContracts } from './import-contracts.ts';
import { readSettings } from './settings.ts';

// `npm run import -- addresses|streets|mountains|contracts FILE`: reference data, or the payer's contracts, into the platform's
// database, while it is stopped
// (or against a server named by PLATFORM_DATABASE_URL).

const [kind = '', named] = process.argv.slice(2);
const importers = {
  addresses: (db: Db, path: string) => importAddressRows(db, readKatottg(createReadStream(path)), progress),
  streets: (db: Db, path: string) => importStreets(db, readStreets(createReadStream(path)), progress),
  mountains: (db: Db, path: string) => importMountainFlags(db, readMountainFlags(createReadStream(path)), progress),
  contracts: (_: Db, path: string) => importContracts(databases.urls.platform, path, log),
};
type Db = ReturnType<typeof openImporter>['db'];

if (!Object.hasOwn(importers, kind) || named === undefined) {
  console.error('usage: npm run import -- addresses|streets|mountains|contracts FILE');
  process.exit(2);
}
// npm runs the command in the project; the file is named from where the user stands.
const file = resolve(process.env['INIT_CWD'] ?? '.', named);
const found = await stat(file).catch(() => undefined);
if (!found || found.isDirectory()) {
  console.error(`${file} is no file that can be read.`);
  process.exit(1);
}
const log = createLogger({ name: 'import', level: 'warn' });
const databases = await openImported().catch((error) => {
  console.error(describeFailure(error));
  process.exit(1);
});
const importer = openImporter({
  database_url: databases.urls.platform,
  log,
});
try {
  const count = await importers[kind as keyof typeof importers](importer.db, file);
  process.stderr.write('\r');
  console.log(`${count} rows`);
} catch (error) {
  if (!(error instanceof ImportProblem)) throw error;
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await importer.close();
  await databases.stop();
}

async function openImported(): Promise<Databases> {
  return openDatabases(readSettings());
}

function progress(rows: number): void {
  process.stderr.write(`\r${rows} rows`);
}

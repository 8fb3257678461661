import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { ImportProblem, readKatottg, readMountainFlags, readStreets } from '@zdravo/country-ua';
import { importAddressRows, importMountainFlags, importStreets, openImporter } from '@zdravo/il';
import { OperatorError } from '@zdravo/kit/config';
import { createLogger } from '@zdravo/kit/log';
import { openDatabases } from './databases.ts';
import { describeFailure } from './failures.ts';
import { importContracts } from './import-contracts.ts';
import { readSettings } from './settings.ts';

// `npm run import -- addresses|streets|mountains|contracts FILE`: reference data, or the payer's contracts, into the platform's
// database, while it is stopped (or against a server named by PLATFORM_DATABASE_URL). A file of reference data is read to its end
// before anything is stored, and then stored whole or not at all.

type Db = ReturnType<typeof openImporter>['db'];
type Progress = (rows: number) => void;
/** How a file of one kind is read, and stored. */
type Importer = {
  rows(path: string): AsyncIterable<unknown>;
  store(db: Db, path: string, progress: Progress): Promise<number>;
};

const importers: Record<string, Importer> = {
  addresses: importer(readKatottg, importAddressRows),
  streets: importer(readStreets, importStreets),
  mountains: importer(readMountainFlags, importMountainFlags),
};
const log = createLogger({ name: 'import', level: 'warn' });

const [kind = '', named] = process.argv.slice(2);
if (named === undefined || !(kind === 'contracts' || Object.hasOwn(importers, kind))) {
  console.error('usage: npm run import -- addresses|streets|mountains|contracts FILE');
  process.exit(2);
}
try {
  // npm runs the command in the project; the file is named from where the user stands.
  const count = await importFile(resolve(process.env['INIT_CWD'] ?? '.', named));
  console.log(`${count} rows`);
} catch (error) {
  console.error(error instanceof ImportProblem ? error.message : describeFailure(error));
  process.exitCode = 1;
}

function importer<Row>(
  read: (stream: AsyncIterable<Uint8Array>) => AsyncIterable<Row>,
  store: (db: Db, rows: AsyncIterable<Row>, progress: Progress) => Promise<number>,
): Importer {
  const rows = (path: string) => read(createReadStream(path));
  return { rows, store: (db, path, progress) => store(db, rows(path), progress) };
}

async function importFile(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  if (!found || found.isDirectory()) throw new OperatorError(`${path} is no file that can be read.`);
  const total = kind === 'contracts' ? undefined : await countRows(importers[kind]!, path, found.size);
  const databases = await openDatabases(readSettings());
  const database_url = databases.urls.platform;
  const { db, close } = openImporter({ database_url, log });
  try {
    if (total === undefined) return await importContracts(database_url, path, log);
    return await importers[kind]!.store(db, path, (rows) => process.stderr.write(`\r${rows} of ${total} rows`));
  } finally {
    if (total !== undefined) process.stderr.write('\r\u001b[K');
    await close();
    await databases.stop();
  }
}

/** @throws ImportProblem for the first line that is wrong. @throws OperatorError for a file that ends too early. */
async function countRows({ rows }: Importer, path: string, bytes: number): Promise<number> {
  let count = 0;
  for await (const _ of rows(path)) count += 1;
  if (count === 0) throw new OperatorError(`${path} holds no rows.`);
  if ((await byteAt(path, bytes - 1)) !== 0x0a)
    throw new OperatorError(
      'The last line does not end: the file may have been cut off. End it with a line break if it is whole.',
    );
  return count;
}

async function byteAt(path: string, position: number): Promise<number> {
  const file = await open(path);
  try {
    return (await file.read(Buffer.alloc(1), 0, 1, position)).buffer[0]!;
  } finally {
    await file.close();
  }
}

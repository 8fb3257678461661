import { resolve } from 'node:path';
import { openDatabase } from '@zdravo/kit/db';
import { createLogger } from '@zdravo/kit/log';
import { adoptPublished, createLogFolder, type OpsTables, refillFromBundles } from '@zdravo/ops';
import { openDatabases } from './databases.ts';
import { describeFailure } from './failures.ts';
import { openLog } from './log-storage.ts';
import { readSettings } from './settings.ts';

// `npm run log -- init FOLDER ORIGIN | refill | adopt`: what an operator does to the transparency log, while the
// platform is stopped.

const usage = `usage: npm run log -- init FOLDER ORIGIN   keys for a new log, and what to put into its policy
       npm run log -- refill                after PostgreSQL was restored: takes lost leaves from the published bundles
       npm run log -- adopt                 after the store of signed checkpoints was lost: starts from the published one`;

const [command, ...rest] = process.argv.slice(2);
try {
  if (command === 'init' && rest.length === 2) await init(rest[0]!, rest[1]!);
  else if ((command === 'refill' || command === 'adopt') && rest.length === 0) await repair(command);
  else throw new RangeError(usage);
} catch (error) {
  console.error(error instanceof RangeError ? error.message : describeFailure(error));
  process.exitCode = 1;
}

async function init(folder: string, origin: string): Promise<void> {
  const keys = await createLogFolder(folder, origin);
  console.log(`log ${keys.log}\n# promises are signed by ${keys.promises}`);
}

/** The folder is `OPS_LOG_FOLDER`, or that of `npm start`; the database likewise. */
async function repair(what: 'refill' | 'adopt'): Promise<void> {
  const settings = readSettings();
  const folder = process.env['OPS_LOG_FOLDER'] ?? resolve(settings.ZDRAVO_DATA, 'log');
  const transparency_log = await openLog(folder, process.env);
  const databases = await openDatabases(settings);
  const log = createLogger({ name: 'log', level: 'warn' });
  const { db, close } = openDatabase<OpsTables>({
    url: databases.urls.ops,
    application_name: 'log-repair',
    log,
    statement_timeout_ms: 3_600_000,
  });
  try {
    console.log(what === 'refill' ? await refill() : await adopt());
  } finally {
    await close();
    await databases.stop();
    await transparency_log.close();
  }

  async function refill(): Promise<string> {
    const { refilled, without_record } = await refillFromBundles(db, transparency_log);
    return `${refilled} leaves refilled; the records of ${without_record} of them are not in the database any more.`;
  }

  async function adopt(): Promise<string> {
    const size = await adoptPublished(db, transparency_log);
    return size === undefined ? 'Nothing to adopt.' : `The checkpoint of ${size} leaves was adopted.`;
  }
}

import { systemClock } from '@zdravo/kit/clock';
import { createFileKeyProvider } from '@zdravo/kit/keys';
import { testLogger } from '@zdravo/kit/testing';
import { createOps, openLogFolder } from '../../index.ts';

// Operations in a process of its own, contract and sequencer, until it is killed. Started by a test.

export type OpsProcessSettings = {
  database_url: string;
  keys_database_url: string;
  key_file: string;
  log_folder: string;
  port: number;
  /** How far this process's clock is from the true one, milliseconds. */
  clock_offset_ms: number;
};

const settings = JSON.parse(process.argv[2]!) as OpsProcessSettings;
const transparency_log = await openLogFolder(settings.log_folder);
const clock = systemClock('Europe/Kyiv');
const ops = await createOps({
  database_url: settings.database_url,
  keys_database_url: settings.keys_database_url,
  key_provider: await createFileKeyProvider(settings.key_file),
  callers: { il: 'secret' },
  clock: { ...clock, now: () => new Date(Date.now() + settings.clock_offset_ms) },
  log: testLogger('ops'),
  transparency_log,
  pool_size: 6,
});
await ops.app.listen({ port: settings.port, host: '127.0.0.1' });
ops.sequencer.start();
process.once('SIGTERM', async () => {
  await ops.close();
  await transparency_log.close();
  process.exit(0);
});
process.stdout.write('ready\n');

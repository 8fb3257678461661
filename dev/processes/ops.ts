import { systemClock } from '@zdravo/kit/clock';
import { readConfig } from '@zdravo/kit/config';
import { serveFilesBelow } from '@zdravo/kit/http';
import { keyMigrations, openKeyProvider } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { createOps, migrations } from '@zdravo/ops';
import { Type } from 'typebox';
import { log_storage_settings, openLog } from '../log-storage.ts';
import { logFilesOf } from '../transparency-log.ts';
import { type RunningProcess, serve } from './process.ts';
import { refuseDevelopmentFiles } from './production-guard.ts';
import { Callers, common, DatabaseUrl, KeyFile, LogFolderPath, port, readCallers } from './settings.ts';
import { refuseOldDatabase, refuseUnusable } from './usable-settings.ts';

export const OpsSettings = Type.Object({
  ...common,
  OPS_PORT: port(4001),
  OPS_DATABASE_URL: DatabaseUrl,
  OPS_KEYS_DATABASE_URL: DatabaseUrl,
  OPS_KEY_FILE: KeyFile,
  OPS_LOG_FOLDER: LogFolderPath,
  OPS_CALLERS: Callers,
  ...log_storage_settings,
});

/** Operations in a process of its own: contract, sequencer, timers. */
export async function startOps(environment: Record<string, string | undefined>): Promise<RunningProcess> {
  const settings = readConfig(OpsSettings, environment);
  const { OPS_KEY_FILE, OPS_LOG_FOLDER } = settings;
  await refuseDevelopmentFiles(settings.ZDRAVO_HOST, { OPS_KEY_FILE, OPS_LOG_FOLDER });
  await refuseUnusable(OpsSettings, settings);
  const log = createLogger({ name: 'ops', level: settings.ZDRAVO_LOG });
  const { OPS_DATABASE_URL, OPS_KEYS_DATABASE_URL } = settings;
  await refuseOldDatabase({ OPS_DATABASE_URL }, migrations);
  await refuseOldDatabase({ OPS_KEYS_DATABASE_URL }, keyMigrations);
  const transparency_log = await openLog(settings.OPS_LOG_FOLDER, environment);
  const ops = await createOps({
    database_url: settings.OPS_DATABASE_URL,
    keys_database_url: settings.OPS_KEYS_DATABASE_URL,
    key_provider: await openKeyProvider(settings, { module: 'ops', key_file: settings.OPS_KEY_FILE }),
    callers: readCallers(settings.OPS_CALLERS),
    clock: systemClock('Europe/Kyiv'),
    log,
    transparency_log,
  });
  // Public; the gateway hands them on, and mirrors may read them here.
  serveFilesBelow(ops.app, '/log', logFilesOf(transparency_log));
  const running = await serve({
    app: ops.app,
    settings,
    port: settings.OPS_PORT,
    queue: { url: settings.OPS_DATABASE_URL, role: 'zdravo_ops', jobs: ops.jobs },
    figures: ops.figures,
    log,
    close: async () => {
      await ops.close();
      await transparency_log.close();
    },
  });
  ops.sequencer.start();
  return running;
}

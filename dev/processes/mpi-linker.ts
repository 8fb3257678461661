import { readConfig } from '@zdravo/kit/config';
import { openKeyProvider } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { createLinker, key_migrations, linker_role, migrations } from '@zdravo/mpi';
import { Type } from 'typebox';
import { type RunningProcess, serve } from './process.ts';
import { refuseDevelopmentFiles } from './production-guard.ts';
import { common, DatabaseUrl, KeyFile, port } from './settings.ts';
import { refuseOldDatabase, refuseUnusable } from './usable-settings.ts';

export const MpiLinkerSettings = Type.Object({
  ...common,
  MPI_LINKER_PORT: port(4004),
  MPI_LINKER_DATABASE_URL: DatabaseUrl,
  MPI_LINKER_KEYS_DATABASE_URL: DatabaseUrl,
  MPI_LINKAGE_KEY_FILE: KeyFile,
  MPI_LINKER_KEY_FILE: KeyFile,
});

/**
 * The linker in a process of its own: it compares new persons as they come, everybody in the job `relink_persons`, and learns in
 * `train_linkage_model`. Its port tells its health only.
 */
export async function startMpiLinker(environment: Record<string, string | undefined>): Promise<RunningProcess> {
  const settings = readConfig(MpiLinkerSettings, environment);
  const { MPI_LINKAGE_KEY_FILE, MPI_LINKER_KEY_FILE } = settings;
  await refuseDevelopmentFiles(settings.ZDRAVO_HOST, { MPI_LINKAGE_KEY_FILE, MPI_LINKER_KEY_FILE });
  await refuseUnusable(MpiLinkerSettings, settings);
  const log = createLogger({ name: 'mpi-linker', level: settings.ZDRAVO_LOG });
  const { MPI_LINKER_DATABASE_URL, MPI_LINKER_KEYS_DATABASE_URL } = settings;
  await refuseOldDatabase({ MPI_LINKER_DATABASE_URL }, migrations);
  await refuseOldDatabase({ MPI_LINKER_KEYS_DATABASE_URL }, ...key_migrations);
  const linker = await createLinker({
    database_url: settings.MPI_LINKER_DATABASE_URL,
    keys_database_url: settings.MPI_LINKER_KEYS_DATABASE_URL,
    key_provider: await openKeyProvider(settings, { module: 'mpi-linkage', key_file: settings.MPI_LINKAGE_KEY_FILE }),
    linker_key_provider: await openKeyProvider(settings, {
      module: 'mpi-linker',
      key_file: settings.MPI_LINKER_KEY_FILE,
      side: 'opens',
    }),
    log,
  });
  const running = await serve({
    app: linker.app,
    settings,
    port: settings.MPI_LINKER_PORT,
    queue: { url: settings.MPI_LINKER_DATABASE_URL, role: linker_role, jobs: linker.jobs },
    figures: linker.figures,
    log,
    close: linker.close,
  });
  linker.start();
  return running;
}

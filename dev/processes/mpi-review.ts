import { readConfig } from '@zdravo/kit/config';
import { openKeyProvider } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { createReview, key_migrations, migrations } from '@zdravo/mpi';
import { Type } from 'typebox';
import { type RunningProcess, serve } from './process.ts';
import { refuseDevelopmentFiles } from './production-guard.ts';
import { Callers, common, DatabaseUrl, KeyFile, port, readCallers } from './settings.ts';
import { refuseOldDatabase, refuseUnusable } from './usable-settings.ts';

export const MpiReviewSettings = Type.Object({
  ...common,
  MPI_REVIEW_PORT: port(4005),
  MPI_REVIEW_DATABASE_URL: DatabaseUrl,
  MPI_REVIEW_KEYS_DATABASE_URL: DatabaseUrl,
  MPI_REVIEW_KEY_FILE: KeyFile,
  MPI_REVIEWER_KEY_FILE: KeyFile,
  MPI_REVIEW_CALLERS: Callers,
});

/** The review queue in a process of its own: of persons it opens the sheets of the pairs that people are asked about. */
export async function startMpiReview(environment: Record<string, string | undefined>): Promise<RunningProcess> {
  const settings = readConfig(MpiReviewSettings, environment);
  const { MPI_REVIEW_KEY_FILE, MPI_REVIEWER_KEY_FILE } = settings;
  await refuseDevelopmentFiles(settings.ZDRAVO_HOST, { MPI_REVIEW_KEY_FILE, MPI_REVIEWER_KEY_FILE });
  await refuseUnusable(MpiReviewSettings, settings);
  const log = createLogger({ name: 'mpi-review', level: settings.ZDRAVO_LOG });
  const { MPI_REVIEW_DATABASE_URL, MPI_REVIEW_KEYS_DATABASE_URL } = settings;
  await refuseOldDatabase({ MPI_REVIEW_DATABASE_URL }, migrations);
  await refuseOldDatabase({ MPI_REVIEW_KEYS_DATABASE_URL }, ...key_migrations);
  const review = await createReview({
    database_url: settings.MPI_REVIEW_DATABASE_URL,
    keys_database_url: settings.MPI_REVIEW_KEYS_DATABASE_URL,
    key_provider: await openKeyProvider(settings, { module: 'mpi-review', key_file: settings.MPI_REVIEW_KEY_FILE }),
    reviewer_key_provider: await openKeyProvider(settings, {
      module: 'mpi-reviewer',
      key_file: settings.MPI_REVIEWER_KEY_FILE,
      side: 'opens',
    }),
    callers: readCallers(settings.MPI_REVIEW_CALLERS),
    log,
  });
  return serve({
    app: review.app,
    settings,
    port: settings.MPI_REVIEW_PORT,
    figures: review.figures,
    log,
    close: review.close,
  });
}

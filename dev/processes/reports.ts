import { readFile } from 'node:fs/promises';
import { migrations as ilMigrations } from '@zdravo/il';
import { systemClock } from '@zdravo/kit/clock';
import { readConfig } from '@zdravo/kit/config';
import { createHttpServer, healthRoutes } from '@zdravo/kit/http';
import { openKeyProvider } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { connectS3Store } from '@zdravo/mcs';
import { migrations as mpiMigrations } from '@zdravo/mpi';
import { migrations as opsMigrations } from '@zdravo/ops';
import { migrations as prmMigrations } from '@zdravo/prm';
import { createReports, filesInBucket, migrations, publications, reports_role, startKeeper } from '@zdravo/reports';
import { createSigner, SIGNATURE_TYPES } from '@zdravo/tlog';
import { Type } from 'typebox';
import { projectVersion } from '../version.ts';
import { type RunningProcess, serve } from './process.ts';
import { refuseDevelopmentFiles } from './production-guard.ts';
import { Callers, common, DatabaseUrl, KeyFile, port, readCallers, text } from './settings.ts';
import { refuseOldDatabase, refuseUnusable } from './usable-settings.ts';

export const ReportsSettings = Type.Object({
  ...common,
  REPORTS_PORT: port(4003),
  REPORTS_DATABASE_URL: DatabaseUrl,
  REPORTS_KEY_FILE: KeyFile,
  REPORTS_CALLERS: Callers,
  REPORTS_LOG_NAME: text('the name of the key that signs publications, e.g. `nszu.example/reports`'),
  REPORTS_LOG_POLICY: Type.Optional(
    text('a file that names the witnesses who must see a publication (c2sp.org/tlog-policy); none unless given'),
  ),
  REPORTS_S3_ENDPOINT: text('the URL of an S3 for the open files'),
  REPORTS_S3_REGION: Type.String({ default: 'local' }),
  REPORTS_S3_ACCESS_KEY_ID: text('an access key that may write the public bucket'),
  REPORTS_S3_SECRET_ACCESS_KEY: text('its secret'),
  REPORTS_BUCKET: Type.String({ default: 'public' }),
  REPORTS_PUBLIC_URL: text('where the buckets can be read by anyone'),
});

/** Reports in a process of their own: contract and jobs. The subscriptions are kept by `reports-keeper`. */
export async function startReports(environment: Record<string, string | undefined>): Promise<RunningProcess> {
  const settings = readConfig(ReportsSettings, environment);
  await refuseDevelopmentFiles(settings.ZDRAVO_HOST, { REPORTS_KEY_FILE: settings.REPORTS_KEY_FILE });
  await refuseUnusable(ReportsSettings, settings);
  const log = createLogger({ name: 'reports', level: settings.ZDRAVO_LOG });
  await refuseOldDatabase({ REPORTS_DATABASE_URL: settings.REPORTS_DATABASE_URL }, migrations);
  const keys = await openKeyProvider(settings, { module: 'reports', key_file: settings.REPORTS_KEY_FILE });
  const store = connectS3Store({
    endpoint: settings.REPORTS_S3_ENDPOINT,
    region: settings.REPORTS_S3_REGION,
    credentials: {
      access_key_id: settings.REPORTS_S3_ACCESS_KEY_ID,
      secret_access_key: settings.REPORTS_S3_SECRET_ACCESS_KEY,
    },
  });
  const reports = await createReports({
    database_url: settings.REPORTS_DATABASE_URL,
    clock: systemClock('Europe/Kyiv'),
    log,
    files: filesInBucket(store, { bucket: settings.REPORTS_BUCKET, public_url: settings.REPORTS_PUBLIC_URL }),
    signer: createSigner({
      name: settings.REPORTS_LOG_NAME,
      type: SIGNATURE_TYPES.ed25519,
      seed: await keys.derive('signing of publications'),
    }),
    ...(settings.REPORTS_LOG_POLICY ? { publication_policy: await readFile(settings.REPORTS_LOG_POLICY) } : {}),
    code_version: await projectVersion(),
    callers: readCallers(settings.REPORTS_CALLERS),
  });
  return serve({
    app: reports.app,
    settings,
    port: settings.REPORTS_PORT,
    queue: { url: settings.REPORTS_DATABASE_URL, role: reports_role, jobs: reports.jobs },
    figures: reports.figures,
    log,
    close: async () => {
      await reports.close();
      store.close();
    },
  });
}

export const ReportsKeeperSettings = Type.Object({
  ...common,
  REPORTS_KEEPER_PORT: port(4007),
  REPORTS_DATABASE_URL: DatabaseUrl,
  MPI_DATABASE_URL: DatabaseUrl,
  OPS_DATABASE_URL: DatabaseUrl,
  PLATFORM_DATABASE_URL: DatabaseUrl,
  REPORTS_METRICS_FILE: Type.Optional(
    text('a file for node_exporter’s textfile collector, e.g. `/var/lib/node_exporter/replica.prom`'),
  ),
  REPORTS_FEED_PASSWORD: Type.String({ minLength: 16, description: 'of the feed’s role, at least 16 characters' }),
});

/** Longer than this without a measure, and the keeper does not do its work. */
const measure_due_ms = 60_000;

/** Makes and keeps the subscriptions, as the migrator of the replica and its sources. Its port tells its health and the lag. */
export async function startReportsKeeper(environment: Record<string, string | undefined>): Promise<RunningProcess> {
  const settings = readConfig(ReportsKeeperSettings, environment);
  await refuseUnusable(ReportsKeeperSettings, settings);
  const { REPORTS_DATABASE_URL, MPI_DATABASE_URL, OPS_DATABASE_URL, PLATFORM_DATABASE_URL } = settings;
  await refuseOldDatabase({ REPORTS_DATABASE_URL }, migrations);
  await refuseOldDatabase({ MPI_DATABASE_URL }, mpiMigrations);
  await refuseOldDatabase({ OPS_DATABASE_URL }, opsMigrations);
  await refuseOldDatabase({ PLATFORM_DATABASE_URL }, prmMigrations, ilMigrations);
  const log = createLogger({ name: 'reports-keeper', level: settings.ZDRAVO_LOG });
  const keeper = await startKeeper({
    reports_url: REPORTS_DATABASE_URL,
    sources: [
      { name: 'mpi', url: MPI_DATABASE_URL, publications: publications.mpi },
      { name: 'ops', url: OPS_DATABASE_URL, publications: publications.ops },
      { name: 'platform', url: PLATFORM_DATABASE_URL, publications: publications.platform },
    ],
    feed_password: settings.REPORTS_FEED_PASSWORD,
    ...(settings.REPORTS_METRICS_FILE ? { metrics_file: settings.REPORTS_METRICS_FILE } : {}),
    log,
  });
  const app = createHttpServer({ log });
  healthRoutes(app, async () => {
    if (Date.now() - keeper.measured().at.getTime() > measure_due_ms)
      throw new Error('the lag was not measured lately');
  });
  return serve({
    app,
    settings,
    port: settings.REPORTS_KEEPER_PORT,
    figures: [{ name: 'replica', read: () => keeper.measured().figures }],
    log,
    close: async () => {
      await app.close();
      await keeper.stop();
    },
  });
}

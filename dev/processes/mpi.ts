import {
  generateCountry,
  normaliseFamilyName,
  normaliseGivenName,
  normaliseName,
  normalisePatronymic,
} from '@zdravo/country-ua';
import { systemClock } from '@zdravo/kit/clock';
import { readConfig } from '@zdravo/kit/config';
import { openKeyProvider } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { createMpi, key_migrations, migrations } from '@zdravo/mpi';
import type { Person } from '@zdravo/mpi/contract';
import { Type } from 'typebox';
import { type RunningProcess, serve } from './process.ts';
import { refuseDevelopmentFiles } from './production-guard.ts';
import { Callers, common, DatabaseUrl, KeyFile, port, readCallers } from './settings.ts';
import { refuseOldDatabase, refuseUnusable } from './usable-settings.ts';

export const MpiSettings = Type.Object({
  ...common,
  MPI_PORT: port(4002),
  MPI_DATABASE_URL: DatabaseUrl,
  MPI_KEYS_DATABASE_URL: DatabaseUrl,
  MPI_KEY_FILE: KeyFile,
  MPI_LINKAGE_KEY_FILE: KeyFile,
  MPI_REVIEW_KEY_FILE: KeyFile,
  MPI_LINKER_PUBLIC_KEY_FILE: KeyFile,
  MPI_REVIEWER_PUBLIC_KEY_FILE: KeyFile,
  MPI_CALLERS: Callers,
});

/** The Master Patient Index in a process of its own. */
export async function startMpi(environment: Record<string, string | undefined>): Promise<RunningProcess> {
  const settings = readConfig(MpiSettings, environment);
  const { MPI_KEY_FILE, MPI_LINKAGE_KEY_FILE, MPI_REVIEW_KEY_FILE } = settings;
  const { MPI_LINKER_PUBLIC_KEY_FILE, MPI_REVIEWER_PUBLIC_KEY_FILE } = settings;
  const public_files = { MPI_LINKER_PUBLIC_KEY_FILE, MPI_REVIEWER_PUBLIC_KEY_FILE };
  const key_files = { MPI_KEY_FILE, MPI_LINKAGE_KEY_FILE, MPI_REVIEW_KEY_FILE, ...public_files };
  await refuseDevelopmentFiles(settings.ZDRAVO_HOST, key_files);
  await refuseUnusable(MpiSettings, settings);
  const log = createLogger({ name: 'mpi', level: settings.ZDRAVO_LOG });
  const { MPI_DATABASE_URL, MPI_KEYS_DATABASE_URL } = settings;
  await refuseOldDatabase({ MPI_DATABASE_URL }, migrations);
  await refuseOldDatabase({ MPI_KEYS_DATABASE_URL }, ...key_migrations);
  const mpi = await createMpi({
    database_url: settings.MPI_DATABASE_URL,
    keys_database_url: settings.MPI_KEYS_DATABASE_URL,
    key_provider: await openKeyProvider(settings, { module: 'mpi', key_file: settings.MPI_KEY_FILE }),
    linkage_key_provider: await openKeyProvider(settings, {
      module: 'mpi-linkage',
      key_file: settings.MPI_LINKAGE_KEY_FILE,
    }),
    linker_key_provider: await openKeyProvider(settings, {
      module: 'mpi-linker',
      key_file: settings.MPI_LINKER_PUBLIC_KEY_FILE,
      side: 'seals',
    }),
    review_key_provider: await openKeyProvider(settings, {
      module: 'mpi-review',
      key_file: settings.MPI_REVIEW_KEY_FILE,
    }),
    reviewer_key_provider: await openKeyProvider(settings, {
      module: 'mpi-reviewer',
      key_file: settings.MPI_REVIEWER_PUBLIC_KEY_FILE,
      side: 'seals',
    }),
    callers: readCallers(settings.MPI_CALLERS),
    normalise: normaliseName,
    identity_rules: ukrainian_identity_rules,
    search: { typicalPersons: typicalUkrainians },
    clock: systemClock('Europe/Kyiv'),
    log,
  });
  return serve({
    app: mpi.app,
    settings,
    port: settings.MPI_PORT,
    queue: { url: settings.MPI_DATABASE_URL, role: 'zdravo_mpi', jobs: mpi.jobs },
    figures: mpi.figures,
    log,
    close: mpi.close,
  });
}

/** How Ukraine compares names. */
export const ukrainian_identity_rules = {
  given_name: normaliseGivenName,
  family_name: normaliseFamilyName,
  patronymic: normalisePatronymic,
};

/** Made-up people, as common as in the country: decoys come from them until the index has enough persons. */
export function typicalUkrainians(): Person[] {
  const country = generateCountry({ seed: 'typical persons', persons: 2_000 });
  return [...country.persons(0, 2_000)].map(({ person }) => person as unknown as Person);
}

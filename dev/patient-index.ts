import { normaliseName } from '@zdravo/country-ua';
import type { Job } from '@zdravo/kit/jobs';
import type { Logger } from '@zdravo/kit/log';
import type { FigureSource } from '@zdravo/kit/metrics';
import {
  createLinker,
  createMpi,
  createReview,
  type Linker,
  linker_role,
  type Mpi,
  type MpiOptions,
  type Review,
} from '@zdravo/mpi';
import type { Databases } from './databases.ts';
import { keyProvider, keysBetween, ownKeyProvider } from './key-files.ts';
import type { Parts } from './platform.ts';

import { typicalUkrainians, ukrainian_identity_rules } from './processes/mpi.ts';
import type { Settings } from './settings.ts';

export type PatientIndex = {
  mpi: Mpi;
  linker: Linker;
  review: Review;
  queues: { url: string; role: string; jobs: readonly Job[] }[];
  figures: readonly FigureSource[];
  close(): Promise<void>;
};

/** Index, linker and review queue in one process, each with the role and the keys that it has in a process of its own. */
export async function startPatientIndex(parts: Parts): Promise<PatientIndex> {
  const { databases, log, secret } = parts;
  const options = await mpiOptions(parts);
  const urls = { database_url: databases.urls.mpi, keys_database_url: databases.urls.mpi_keys };
  await using started = new AsyncDisposableStack();
  const close = (one: { close(): Promise<void> }) => one.close();
  const mpi = started.adopt(await createMpi(options), close);
  const key_provider = options.linkage_key_provider!;
  const { settings } = parts;
  const linker = started.adopt(
    await createLinker({
      ...urls,
      key_provider,
      linker_key_provider: (await keysBetween(settings, 'mpi-linker')).opens,
      log: log.child({ module: 'mpi-linker' }),
    }),
    close,
  );
  const review = started.adopt(
    await createReview({
      ...urls,
      key_provider: options.review_key_provider!,
      reviewer_key_provider: (await keysBetween(settings, 'mpi-reviewer')).opens,
      callers: { il: secret },
      log: log.child({ module: 'mpi-review' }),
    }),
    close,
  );
  await Promise.all([mpi, linker, review].map(({ app }) => app.ready()));
  const everything = started.move();
  return {
    mpi,
    linker,
    review,
    queues: [
      { url: urls.database_url, role: 'zdravo_mpi', jobs: mpi.jobs },
      { url: urls.database_url, role: linker_role, jobs: linker.jobs },
    ],
    figures: [mpi, linker, review].flatMap(({ figures }) => figures),
    close: () => everything.disposeAsync(),
  };
}

/** What people are loaded into the index with. */
export async function mpiLoadOptions(settings: Settings, urls: Databases['urls'], log: Logger) {
  return {
    database_url: urls.mpi,
    keys_database_url: urls.mpi_keys,
    key_provider: await keyProvider(settings, 'mpi'),
    linkage_key_provider: await ownKeyProvider(settings, 'mpi-linkage', 'mpi'),
    linker_key_provider: (await keysBetween(settings, 'mpi-linker')).seals,
    normalise: normaliseName,
    identity_rules: ukrainian_identity_rules,
    log,
  };
}

/** What the index is opened with. */
export async function mpiOptions({ settings, databases, log, clock, secret }: Parts): Promise<MpiOptions> {
  return {
    ...(await mpiLoadOptions(settings, databases.urls, log)),
    review_key_provider: await ownKeyProvider(settings, 'mpi-review', 'mpi'),
    reviewer_key_provider: (await keysBetween(settings, 'mpi-reviewer')).seals,
    callers: { il: secret },
    search: { typicalPersons: typicalUkrainians },
    clock,
    log: log.child({ module: 'mpi' }),
  };
}

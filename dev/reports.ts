import { join, resolve } from 'node:path';
import type { Clock } from '@zdravo/kit/clock';
import { connectionUrl } from '@zdravo/kit/db';
import type { KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { Mcs } from '@zdravo/mcs';
import { createReports, filesInBucket, publications, type Reports, type Source, startKeeper } from '@zdravo/reports';
import { createSigner, formatVerifierKey, SIGNATURE_TYPES, type Signer } from '@zdravo/tlog';
import { type Databases, keptSecret } from './databases.ts';
import type { Settings } from './settings.ts';
import { filesFolder, mediaGround } from './storage.ts';

type Parts = {
  settings: Settings;
  databases: Databases;
  log: Logger;
  clock: Clock;
  mcs: Mcs;
  signer: Signer;
  /** Lines of a policy: who must have seen a publication. */
  witness_lines: readonly string[];
  version: string;
  secret: string;
};

/** Reports, their subscriptions to the other databases, and the keeper that measures how far they are behind. */
export async function startReports(parts: Parts): Promise<Reports> {
  const { databases, mcs, clock, settings, signer } = parts;
  const log = parts.log.child({ module: 'reports' });
  const keeper = await startKeeper({
    reports_url: databases.urls.reports,
    sources: sourcesOf(databases),
    feed_password: await keptSecret(join(resolve(settings.ZDRAVO_DATA), 'reports-feed.password')),
    metrics_file: join(resolve(settings.ZDRAVO_DATA), 'replica.prom'),
    log,
  });
  const media_url = `http://localhost:${settings.ZDRAVO_PORT}/media`;
  const { public_files_url: public_url } = mediaGround(settings, { directory: filesFolder(settings), media_url });
  const log_url = `${public_url}/${mcs.settings.public_bucket}/reports/log`;
  const policy_lines = [`log ${formatVerifierKey(signer.key)} ${log_url}`, ...parts.witness_lines];
  const reports = await createReports({
    database_url: databases.urls.reports,
    clock,
    log,
    files: filesInBucket(mcs.store, { bucket: mcs.settings.public_bucket, public_url }),
    signer,
    publication_policy: Buffer.from(`${policy_lines.join('\n')}\n`),
    code_version: parts.version,
    callers: { gateway: parts.secret },
  });
  return {
    ...reports,
    close: async () => {
      await keeper.stop();
      await reports.close();
    },
  };
}

/** Signs manifests and the log of publications. */
export async function reportsSigner(key_provider: KeyProvider): Promise<Signer> {
  const seed = await key_provider.derive('signing of publications');
  return createSigner({ name: 'localhost/reports', type: SIGNATURE_TYPES.ed25519, seed });
}

/** The databases from which the reports replicate. */
export function sourcesOf({ urls }: Pick<Databases, 'urls'>): Source[] {
  return (['mpi', 'ops', 'platform'] as const).map((name) => ({
    name,
    url: connectionUrl(urls[name], {}),
    publications: publications[name],
  }));
}

import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, readConfig } from '@zdravo/kit/config';
import { connectS3Store } from '@zdravo/mcs';
import { type LogFolder, openLogFolder } from '@zdravo/ops';
import { createObjectTileStore, type TileStore } from '@zdravo/tlog';
import { Type } from 'typebox';

type Environment = Record<string, string | undefined>;

const optional = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));

/** Where the public tiles of the log lie. */
export const log_storage_settings = {
  OPS_LOG_S3_ENDPOINT: optional(
    'the URL of an S3 for the public tiles of the log; without it they lie in the log’s folder',
  ),
  OPS_LOG_S3_REGION: Type.String({ default: 'local' }),
  OPS_LOG_S3_BUCKET: Type.String({ default: 'public', description: 'a bucket that everybody may read' }),
  OPS_LOG_S3_PREFIX: Type.String({
    default: 'log/',
    pattern: '^([A-Za-z0-9_-]+/)*$',
    description: 'a path that ends in /',
  }),
  OPS_LOG_S3_ACCESS_KEY_ID: optional('an access key that may write the bucket'),
  OPS_LOG_S3_SECRET_ACCESS_KEY: optional('its secret'),
};
const Settings = Type.Object(log_storage_settings);

export type LogStorage = { tiles: TileStore; on_published(checkpoint: Uint8Array): Promise<void>; close(): void };

/**
 * The object storage for tiles, entry bundles and the published checkpoint, if `OPS_LOG_S3_ENDPOINT` is set: a whole log
 * (c2sp.org/tlog-tiles) that any web server in front of the bucket can serve. What was signed last is never kept there.
 * @throws ConfigError when its credentials are missing.
 */
export function findLogStorage(environment: Environment): LogStorage | undefined {
  const settings = readConfig(Settings, environment);
  const { OPS_LOG_S3_ENDPOINT: endpoint, OPS_LOG_S3_BUCKET: bucket, OPS_LOG_S3_PREFIX: prefix } = settings;
  if (endpoint === undefined) return undefined;
  const { OPS_LOG_S3_ACCESS_KEY_ID: access_key_id, OPS_LOG_S3_SECRET_ACCESS_KEY: secret_access_key } = settings;
  if (access_key_id === undefined || secret_access_key === undefined)
    throw new ConfigError([
      'OPS_LOG_S3_ACCESS_KEY_ID and OPS_LOG_S3_SECRET_ACCESS_KEY are required beside the endpoint',
    ]);
  const credentials = { access_key_id, secret_access_key };
  const store = connectS3Store({ endpoint, region: settings.OPS_LOG_S3_REGION, credentials });
  return {
    tiles: createObjectTileStore(store, { bucket, prefix }),
    on_published: async (body) => {
      await store.put({ bucket, key: `${prefix}checkpoint`, body, content_type: 'text/plain; charset=utf-8' });
    },
    close: store.close,
  };
}

/** A log's folder, its tiles in the object storage if one is set. */
export async function openLog(folder: string, environment: Environment): Promise<LogFolder> {
  await refuseNoLog(folder);
  const storage = findLogStorage(environment);
  if (!storage) return openLogFolder(folder);
  const opened = await openLogFolder(folder, { tiles: storage.tiles, on_published: storage.on_published });
  return {
    ...opened,
    close: async () => {
      await opened.close();
      storage.close();
    },
  };
}

async function refuseNoLog(folder: string): Promise<void> {
  await Promise.all(['policy', 'log.key', 'promise.key'].map((name) => access(join(folder, name)))).catch((error) => {
    const { path, code } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      `OPS_LOG_FOLDER: ${path} cannot be read (${code}); \`npm run log -- init\` makes a log’s folder`,
    ]);
  });
}

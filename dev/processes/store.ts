import { readConfig } from '@zdravo/kit/config';
import { createLogger } from '@zdravo/kit/log';
import { createStoreServer, openBuiltInStore } from '@zdravo/mcs/blob-store';
import { Type } from 'typebox';
import { StorageSettings } from '../storage.ts';
import type { RunningProcess } from './process.ts';
import { common, port } from './settings.ts';
import { refuseUnusable } from './usable-settings.ts';

export const StoreSettings = Type.Object({
  ZDRAVO_HOST: common.ZDRAVO_HOST,
  ZDRAVO_LOG: common.ZDRAVO_LOG,
  STORE_PORT: port(4006),
  STORE_FOLDER: Type.String({ minLength: 1, description: 'a folder on a file system with hard links' }),
  STORE_ENDPOINT: Type.Optional(
    Type.String({ pattern: '^https?://', description: 'where clients reach it, when a proxy stands before it' }),
  ),
  STORE_MAX_UPLOAD_BYTES: Type.Integer({
    minimum: 1,
    default: 10 * 1024 * 1024,
    description: 'how large an upload into the quarantine may be',
  }),
  ZDRAVO_S3_REGION: StorageSettings.ZDRAVO_S3_REGION,
  ZDRAVO_S3_ACCESS_KEY_ID: Type.String({ minLength: 1, description: 'the access key that it accepts' }),
  ZDRAVO_S3_SECRET_ACCESS_KEY: Type.String({ minLength: 24, description: 'its secret, of at least 24 characters' }),
  ZDRAVO_S3_QUARANTINE_BUCKET: StorageSettings.ZDRAVO_S3_QUARANTINE_BUCKET,
  ZDRAVO_S3_CLEAN_BUCKET: StorageSettings.ZDRAVO_S3_CLEAN_BUCKET,
  ZDRAVO_S3_PUBLIC_BUCKET: StorageSettings.ZDRAVO_S3_PUBLIC_BUCKET,
});

const sweep_every_ms = 3_600_000;

/** The built-in store in a process of its own: an S3 over a folder, for several platform processes beside one another. */
export async function startStore(environment: Record<string, string | undefined>): Promise<RunningProcess> {
  const settings = readConfig(StoreSettings, environment);
  await refuseUnusable(StoreSettings, settings);
  const log = createLogger({ name: 'store', level: settings.ZDRAVO_LOG });
  const address = `http://${settings.ZDRAVO_HOST}:${settings.STORE_PORT}`;
  const store = openBuiltInStore({
    directory: settings.STORE_FOLDER,
    endpoint: settings.STORE_ENDPOINT ?? address,
    region: settings.ZDRAVO_S3_REGION,
    credentials: {
      access_key_id: settings.ZDRAVO_S3_ACCESS_KEY_ID,
      secret_access_key: settings.ZDRAVO_S3_SECRET_ACCESS_KEY,
    },
    buckets: {
      [settings.ZDRAVO_S3_QUARANTINE_BUCKET]: { write_once: true, max_bytes: settings.STORE_MAX_UPLOAD_BYTES },
      [settings.ZDRAVO_S3_CLEAN_BUCKET]: {},
      [settings.ZDRAVO_S3_PUBLIC_BUCKET]: { public_read: true },
    },
    onFailure: (error) => log.error({ err: error }, 'the store failed'),
  });
  const server = createStoreServer(store.handler);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(settings.STORE_PORT, settings.ZDRAVO_HOST, resolve);
  });
  const sweeping = setInterval(() => void store.sweep().catch((error) => log.error({ err: error })), sweep_every_ms);
  return {
    address,
    stop: async () => {
      clearInterval(sweeping);
      server.closeIdleConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

import { ConfigError } from '@zdravo/kit/config';
import type { StorageOptions } from '@zdravo/mcs';
import { type Static, Type } from 'typebox';
import { text } from './settings.ts';

/** Where media lie: in an S3, or in a folder of this process's own. */
export const storage_settings = {
  MCS_FOLDER: Type.Optional(text('a folder for documents, when no S3 is used')),
  MCS_S3_ENDPOINT: Type.Optional(text('the URL of an S3 for documents')),
  MCS_S3_REGION: Type.String({ default: 'local' }),
  MCS_S3_ACCESS_KEY_ID: Type.Optional(text('an access key of that S3')),
  MCS_S3_SECRET_ACCESS_KEY: Type.Optional(text('the secret of that key')),
};
const StorageSettings = Type.Object(storage_settings);

/** @throws ConfigError when both or neither are set, or a part is missing. */
export function storageOf(settings: Static<typeof StorageSettings>): StorageOptions {
  const { MCS_FOLDER, MCS_S3_ENDPOINT, MCS_S3_ACCESS_KEY_ID, MCS_S3_SECRET_ACCESS_KEY } = settings;
  if ((MCS_FOLDER === undefined) === (MCS_S3_ENDPOINT === undefined))
    throw new ConfigError(['either MCS_FOLDER or MCS_S3_ENDPOINT is required, not both']);
  if (MCS_FOLDER !== undefined) return { kind: 'built-in', directory: MCS_FOLDER };
  if (MCS_S3_ACCESS_KEY_ID === undefined || MCS_S3_SECRET_ACCESS_KEY === undefined)
    throw new ConfigError(['MCS_S3_ACCESS_KEY_ID and MCS_S3_SECRET_ACCESS_KEY are required beside MCS_S3_ENDPOINT']);
  return {
    kind: 's3',
    endpoint: MCS_S3_ENDPOINT!,
    region: settings.MCS_S3_REGION,
    credentials: { access_key_id: MCS_S3_ACCESS_KEY_ID, secret_access_key: MCS_S3_SECRET_ACCESS_KEY },
  };
}

import { ConfigError } from '@zdravo/kit/config';
import { type Static, Type } from 'typebox';
import { type MediaGround, mediaGround, StorageSettings } from '../storage.ts';
import { text } from './settings.ts';

/** Where media lie: in an S3, or in a folder of this process's own. */
export const storage_settings = {
  ...StorageSettings,
  MCS_FOLDER: Type.Optional(text('a folder for documents, when no S3 is used')),
};
type Settings = Static<ReturnType<typeof Type.Object<typeof storage_settings>>>;

/** @throws ConfigError when both or neither are set, or a part is missing. */
export function storageOf(settings: Settings, media_url: string): MediaGround {
  const { MCS_FOLDER, ZDRAVO_S3_ENDPOINT } = settings;
  if ((MCS_FOLDER === undefined) === (ZDRAVO_S3_ENDPOINT === undefined))
    throw new ConfigError(['either MCS_FOLDER or ZDRAVO_S3_ENDPOINT is required, not both']);
  return mediaGround(settings, { directory: MCS_FOLDER ?? '', media_url });
}

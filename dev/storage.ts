import { join, resolve } from 'node:path';
import { ConfigError } from '@zdravo/kit/config';
import { connectClamd, type McsOptions, type ScannerAddress } from '@zdravo/mcs';
import { type Static, Type } from 'typebox';

const text = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
const Url = (description: string) => Type.Optional(Type.String({ pattern: '^https?://', description }));
const Bucket = (name: string) =>
  Type.String({ default: name, pattern: '^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$', description: 'the name of a bucket' });

/** Where files lie: below `ZDRAVO_DATA`, unless an S3 is named. */
export const StorageSettings = {
  ZDRAVO_S3_ENDPOINT: Url('the URL of an S3, e.g. https://s3.eu-central-1.amazonaws.com'),
  ZDRAVO_S3_PUBLIC_ENDPOINT: Url('where clients reach that S3, when it is not where the platform does'),
  ZDRAVO_S3_REGION: Type.String({
    default: 'us-east-1',
    minLength: 1,
    description: 'the region that requests are signed for',
  }),
  ZDRAVO_S3_ACCESS_KEY_ID: text('an access key that may put, get, delete and list in the three buckets'),
  ZDRAVO_S3_SECRET_ACCESS_KEY: text('its secret'),
  ZDRAVO_S3_QUARANTINE_BUCKET: Bucket('quarantine'),
  ZDRAVO_S3_CLEAN_BUCKET: Bucket('clean'),
  ZDRAVO_S3_PUBLIC_BUCKET: Bucket('public'),
  ZDRAVO_CLAMD: Type.Optional(
    Type.String({
      pattern: '^(/.+|[^/:]+:[0-9]{1,5})$',
      description: 'HOST:PORT or the path of the socket of a clamd that scans uploads',
    }),
  ),
};
export type StorageSettings = Static<ReturnType<typeof Type.Object<typeof StorageSettings>>>;

/** What the media component is opened with. */
export type MediaGround = Pick<McsOptions, 'storage' | 'scanner' | 'settings'> & {
  /** Where anybody reads the open files, without a slash at the end. */
  public_files_url: string;
};

/**
 * Reads where files lie. @param built_in the folder of files when no S3 is named, and where it is served.
 * @throws ConfigError when an S3 is named by half.
 */
export function mediaGround(
  settings: StorageSettings,
  built_in: { directory: string; media_url: string },
): MediaGround {
  const { directory, media_url } = built_in;
  const scanner = settings.ZDRAVO_CLAMD ? connectClamd(scannerAddress(settings.ZDRAVO_CLAMD)) : undefined;
  const { ZDRAVO_S3_ENDPOINT: endpoint, ZDRAVO_S3_PUBLIC_ENDPOINT: public_endpoint } = settings;
  if (endpoint === undefined) return { storage: { kind: 'built-in', directory }, scanner, public_files_url: media_url };
  return {
    storage: {
      kind: 's3',
      endpoint,
      public_endpoint,
      region: settings.ZDRAVO_S3_REGION,
      credentials: credentialsOf(settings),
    },
    scanner,
    settings: {
      quarantine_bucket: settings.ZDRAVO_S3_QUARANTINE_BUCKET,
      clean_bucket: settings.ZDRAVO_S3_CLEAN_BUCKET,
      public_bucket: settings.ZDRAVO_S3_PUBLIC_BUCKET,
    },
    public_files_url: (public_endpoint ?? endpoint).replace(/\/$/, ''),
  };
}

/** The folder of files on a developer's machine. */
export function filesFolder({ ZDRAVO_DATA }: { ZDRAVO_DATA: string }): string {
  return join(resolve(ZDRAVO_DATA), 'files');
}

function credentialsOf(settings: StorageSettings) {
  const { ZDRAVO_S3_ACCESS_KEY_ID: access_key_id, ZDRAVO_S3_SECRET_ACCESS_KEY: secret_access_key } = settings;
  if (access_key_id !== undefined && secret_access_key !== undefined) return { access_key_id, secret_access_key };
  throw new ConfigError(['ZDRAVO_S3_ACCESS_KEY_ID and ZDRAVO_S3_SECRET_ACCESS_KEY are required by ZDRAVO_S3_ENDPOINT']);
}

function scannerAddress(given: string): ScannerAddress {
  if (given.startsWith('/')) return { path: given };
  const [host = '', port] = given.split(':');
  return { host, port: Number(port) };
}

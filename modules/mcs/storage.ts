import type { KeyProvider } from '@zdravo/kit/keys';
import {
  type BlobStore,
  connectS3Store,
  createPresigner,
  openBuiltInStore,
  type Presigner,
  type S3StoreOptions,
  type StoreHandler,
} from './blob-store/index.ts';
import type { MediaSettings } from './settings.ts';

/** Where files lie: on this machine's disk, or in any S3. */
export type StorageOptions =
  | { kind: 'built-in'; directory: string; origins?: readonly string[] }
  | ({ kind: 's3' } & S3StoreOptions);

export type Storage = {
  store: BlobStore;
  /** The built-in store's S3 face; an S3 has its own. */
  handler?: StoreHandler;
  /** Removes what a killed process left half-written. */
  sweep(): Promise<number>;
  close(): void;
};

const region = 'local';

/** Opens the storage. The built-in store signs with a secret derived from the key provider: it outlives restarts. */
export async function openStorage(options: {
  storage: StorageOptions;
  /** Where clients reach the store's handler. */
  endpoint: string;
  settings: MediaSettings;
  key_provider: KeyProvider;
  now: () => Date;
  onFailure: (error: unknown) => void;
}): Promise<Storage> {
  const { storage, settings, now } = options;
  if (storage.kind === 's3') {
    const store = connectS3Store({ ...storage, now });
    return { store, sweep: async () => 0, close: store.close };
  }
  const store = openBuiltInStore({
    directory: storage.directory,
    endpoint: options.endpoint,
    region,
    origins: storage.origins,
    credentials: await derivedCredentials(options.key_provider, 'mcs store addresses'),
    buckets: {
      [settings.quarantine_bucket]: { write_once: true, max_bytes: settings.max_document_bytes },
      [settings.clean_bucket]: {},
      [settings.public_bucket]: { public_read: true },
    },
    now,
    onFailure: options.onFailure,
  });
  return { store, handler: store.handler, sweep: store.sweep, close: () => undefined };
}

/** Signs and checks the addresses of decrypted documents; of the same kind as a store's, with a secret of their own. */
export async function createDownloadSigner(options: { endpoint: string; key_provider: KeyProvider; now: () => Date }) {
  const credentials = await derivedCredentials(options.key_provider, 'mcs download addresses');
  const presigner: Presigner = createPresigner({ endpoint: options.endpoint, region, credentials, now: options.now });
  const secretOf = (id: string) => (id === credentials.access_key_id ? credentials.secret_access_key : undefined);
  return { presigner, rules: { region, secretOf, now: options.now } };
}

async function derivedCredentials(provider: KeyProvider, purpose: string) {
  const secret = await provider.derive(purpose);
  return { access_key_id: purpose.replaceAll(' ', '-'), secret_access_key: Buffer.from(secret).toString('base64url') };
}

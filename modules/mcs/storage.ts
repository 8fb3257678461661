import type { AddressKeys } from './address-keys.ts';
import {
  type BlobStore,
  connectS3Store,
  createPresigner,
  openBuiltInStore,
  type Presigner,
  type S3StoreOptions,
  type StoreHandler,
  tryOutStore,
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
  /** Whether it keeps what addresses demand, and its buckets are there. @throws StoreTrialError, BlobStoreError */
  tryOut(): Promise<void>;
  /** Removes what a killed process left half-written. */
  sweep(): Promise<number>;
  close(): void;
};

const region = 'local';

/** Opens the storage. The built-in store signs with secrets derived from the key provider. */
export function openStorage(options: {
  storage: StorageOptions;
  /** Where clients reach the store's handler. */
  endpoint: string;
  settings: MediaSettings;
  address_keys: AddressKeys;
  now: () => Date;
  onFailure: (error: unknown) => void;
}): Storage {
  const { storage, settings, now } = options;
  if (storage.kind === 's3') {
    const store = connectS3Store({ ...storage, now });
    return { store, tryOut: () => tryOut(storage, settings), sweep: async () => 0, close: store.close };
  }
  const store = openBuiltInStore({
    directory: storage.directory,
    endpoint: options.endpoint,
    region,
    origins: storage.origins,
    credentials: options.address_keys,
    buckets: {
      [settings.quarantine_bucket]: { write_once: true, max_bytes: settings.max_document_bytes },
      [settings.clean_bucket]: {},
      [settings.public_bucket]: { public_read: true },
    },
    now,
    onFailure: options.onFailure,
  });
  const close = () => void store.close();
  return { store, handler: store.handler, tryOut: async () => {}, sweep: store.sweep, close };
}

/** By the clock of this machine, not the platform's: the store compares it with its own. */
async function tryOut(
  { kind: _, ...options }: { kind: 's3' } & S3StoreOptions,
  settings: MediaSettings,
): Promise<void> {
  const { quarantine_bucket, clean_bucket, public_bucket } = settings;
  const store = connectS3Store({ ...options, public_endpoint: options.endpoint });
  try {
    await tryOutStore({ store, quarantine_bucket, other_buckets: [clean_bucket, public_bucket] });
  } finally {
    store.close();
  }
}

/** Signs and checks the addresses of decrypted documents; of the same kind as a store's, with secrets of their own. */
export function createDownloadSigner(options: { endpoint: string; address_keys: AddressKeys; now: () => Date }) {
  const { endpoint, address_keys, now } = options;
  const presigner: Presigner = createPresigner({ endpoint, region, credentials: address_keys.current, now });
  return { presigner, rules: { region, secretOf: address_keys.secretOf, now } };
}

import { join } from 'node:path';
import { createReadAudit } from '@zdravo/kit/audit';
import type { Clock } from '@zdravo/kit/clock';
import { type Migrations, openDatabase } from '@zdravo/kit/db';
import { type Consumer, createConsumer, type Feed } from '@zdravo/kit/events';
import type { CallContext, HttpServer } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import { createKeyStore, type KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import { openAddressKeys } from './address-keys.ts';
import { type Approval, approveUploads } from './approval.ts';
import type { BlobStore, ByteRange } from './blob-store/index.ts';
import { createContainerRows } from './container-rows.ts';
import {
  type DueUpgrade,
  keepTimeStamps,
  lendDueUpgrades,
  listRefusedUpgrades,
  postponeUpgrade,
  type RefusedUpgrade,
  repeatUpgrade,
  settleUpgrade,
  type UpgradeOutcome,
} from './container-upgrades.ts';
import type { McsDeps, Resource } from './deps.ts';
import { type Document, getObject, listDocuments, openObject } from './documents.ts';
import { createDownloadHandler, type Download, issueDownload } from './downloads.ts';
import { mediaFigures } from './figures.ts';
import { createGate } from './gate.ts';
import type { Scanner } from './inspection/index.ts';
import { mediaJobs } from './jobs.ts';
import { type MediaHandler, mountMedia } from './mount.ts';
import { forgetDocuments, listUnassigned, type UnassignedPage } from './nobodys-documents.ts';
import { createObjectKeys } from './object-keys.ts';
import {
  type Assignment,
  assignPerson,
  erasePerson,
  type Holding,
  handlePersonEvent,
  prepareAssignment,
} from './persons.ts';
import { default_media_settings, type MediaSettings } from './settings.ts';
import {
  type ContainerForm,
  findSignedContainer,
  findSignedContainers,
  type ListedContainer,
  listSignedContainers,
  type NewContainer,
  readSignedContainer,
  recoverSignedContainer,
  type StoredContainer,
  storeSignedContainer,
} from './signed-containers.ts';
import { createDownloadSigner, openStorage, type StorageOptions } from './storage.ts';
import type { Tables } from './tables.ts';
import { type DueDocument, type IssuedUpload, issueUploads } from './uploads.ts';

export type { Approval, RefusedDocument } from './approval.ts';
export { type BlobStore, connectS3Store } from './blob-store/index.ts';
export type { DueUpgrade, RefusedUpgrade, UpgradeOutcome } from './container-upgrades.ts';
export type { Resource } from './deps.ts';
export type { Document } from './documents.ts';
export type { Download } from './downloads.ts';
export { connectClamd, type Scanner, type ScannerAddress } from './inspection/index.ts';
export type { Holding } from './persons.ts';
export { sampleJpeg, samplePdf } from './sample-documents.ts';
export { default_media_settings, type MediaSettings } from './settings.ts';
export type { ContainerForm, ListedContainer, StoredContainer } from './signed-containers.ts';
export type { StorageOptions } from './storage.ts';
export type { DueDocument, IssuedUpload } from './uploads.ts';

export const migrations: Migrations = { module: 'mcs', directory: join(import.meta.dirname, 'migrations') };

/** The role whose queue rights the jobs need. */
export const mcs_role = 'zdravo_mcs';

export type McsOptions = {
  /** Of the platform. */
  database_url: string;
  /** Of this module's own key database. */
  keys_database_url: string;
  key_provider: KeyProvider;
  storage: StorageOptions;
  /** Origin and path under which clients reach `handler`, e.g. `https://api.example.org/media`. */
  public_url: string;
  /** Without one, viruses are not looked for. */
  scanner?: Scanner;
  clock: Clock;
  log: Logger;
  settings?: Partial<MediaSettings>;
  pool_size?: number;
};

export type Mcs = {
  /** Object storage itself, for open files (`settings.public_bucket`). */
  store: BlobStore;
  settings: MediaSettings;
  issueUploads(input: Resource & { documents: readonly DueDocument[] }): Promise<IssuedUpload[]>;
  approveUploads(input: Resource & { document_types: readonly string[] }): Promise<Approval>;
  listDocuments(resource: Resource): Promise<Document[]>;
  issueDownload(
    input: { object_id: string; file_name?: string; purpose?: string },
    context: CallContext,
  ): Promise<Download>;
  /** The decrypted bytes, for use inside the platform; the caller has authorised and audited. */
  readDocument(object_id: string, range?: ByteRange): Promise<NodeJS.ReadableStream>;
  storeSignedContainer(input: NewContainer): Promise<StoredContainer>;
  findSignedContainer(
    input: Resource & { form?: ContainerForm },
  ): Promise<{ object_id: string; sha256: string; size: number } | undefined>;
  readSignedContainer(input: Resource & { form?: ContainerForm }): Promise<{ container: Buffer; sha256: string }>;
  findSignedContainers(input: {
    resource_type: string;
    resource_ids: readonly string[];
    form?: ContainerForm;
  }): Promise<ListedContainer[]>;
  listSignedContainers(input: { resource_type: string; after?: string; limit: number }): Promise<ListedContainer[]>;
  recoverSignedContainer(input: Resource & { form?: ContainerForm }): Promise<StoredContainer | undefined>;
  /** Containers whose upgrade is due, lent for a time; each is then postponed or settled. */
  lendDueUpgrades(input: { limit: number; lease_s: number }): Promise<DueUpgrade[]>;
  keepTimeStamps(input: { object_id: string; time_stamps: readonly Uint8Array[] }): Promise<void>;
  postponeUpgrade(input: { object_id: string; until: Date }): Promise<void>;
  settleUpgrade(input: { object_id: string } & UpgradeOutcome): Promise<void>;
  repeatUpgrade(resource: Resource): Promise<boolean>;
  listRefusedUpgrades(since: Date): Promise<RefusedUpgrade[]>;
  prepareAssignment(holding: Holding, person_id: string): Promise<Holding>;
  assignPerson(input: Assignment): Promise<number>;
  erasePerson(person_id: string): Promise<void>;
  listUnassigned(page: UnassignedPage): Promise<string[]>;
  forgetDocuments(resource: Resource): Promise<void>;
  /** Follows the patient index's events; `start` it, `stop` it. */
  followPersons(feed: Feed): Consumer;
  /**
   * For the start of the platform: tries whether a foreign store keeps what its addresses demand and can be written.
   * @throws StoreTrialError that names what it does not keep; BlobStoreError when it cannot be reached.
   */
  tryOutStorage(): Promise<void>;
  jobs: Job[];
  figures: readonly FigureSource[];
  /** The store's S3 face (when built in) and the download addresses, below the path of `public_url`. */
  handler: MediaHandler;
  mountOn(app: HttpServer): Promise<void>;
  close(): Promise<void>;
};

/**
 * Media: signed addresses, quarantine, inspection, sealed documents and containers.
 * @throws KeyError when the keys at hand are not those of the key database; its hint tells the operator what to do.
 */
export async function createMcs(options: McsOptions): Promise<Mcs> {
  const databases = openDatabases(options);
  try {
    return await assemble(options, databases);
  } catch (error) {
    await databases.close();
    throw error;
  }
}

function openDatabases({ database_url, keys_database_url, log, pool_size = 8 }: McsOptions) {
  const common = { log, pool_size, plans_once: true };
  const main = openDatabase<Tables>({ url: database_url, role: mcs_role, application_name: 'mcs', ...common });
  const keys = openDatabase({
    url: keys_database_url,
    role: 'zdravo_keys',
    application_name: 'mcs-keys',
    ...common,
  });
  return {
    db: main.db,
    main_pool: main.pool,
    keys_pool: keys.pool,
    close: async () => {
      await Promise.all([main.close(), keys.close()]);
    },
  };
}

async function assemble(options: McsOptions, databases: ReturnType<typeof openDatabases>): Promise<Mcs> {
  const { log, clock, key_provider } = options;
  const settings = { ...default_media_settings, ...options.settings };
  const owner_keys = createKeyStore(databases.keys_pool, key_provider, { module: 'mcs', purpose: 'objects' });
  await owner_keys.check(log);
  const endpoint = options.public_url.replace(/\/$/, '');
  const now = () => clock.now();
  const generations = await owner_keys.generations();
  const addressKeys = (purpose: string) => openAddressKeys({ key_provider, purpose, generations });
  const onFailure = (error: unknown) => log.error({ err: error }, 'the built-in store failed');
  const address_keys = await addressKeys('mcs store addresses');
  const storage = openStorage({ ...options, endpoint, settings, address_keys, now, onFailure });
  const signer = createDownloadSigner({ endpoint, address_keys: await addressKeys('mcs download addresses'), now });
  const deps: McsDeps = {
    db: databases.db,
    store: storage.store,
    keys: createObjectKeys(owner_keys),
    downloads: signer.presigner,
    scanner: options.scanner,
    inspections: createGate(settings.inspections_at_once),
    read_audit: createReadAudit(databases.db, 'mcs'),
    clock,
    settings,
    log,
  };
  const prefix = new URL(endpoint).pathname.replace(/\/$/, '');
  const downloads = createDownloadHandler(deps, { ...signer.rules, prefix: `${prefix}/documents`, origins: ['*'] });
  const handler: MediaHandler = (req, res) =>
    req.url?.startsWith(`${prefix}/documents/`) || !storage.handler ? downloads(req, res) : storage.handler(req, res);
  return {
    ...functionsOf(deps),
    tryOutStorage: storage.tryOut,
    jobs: mediaJobs(deps, storage),
    figures: [poolFigures('mcs', [databases.main_pool, databases.keys_pool]), mediaFigures(databases.db)],
    handler,
    mountOn: (app) => mountMedia(app, prefix, handler),
    close: async () => {
      storage.close();
      await databases.close();
    },
  };
}

function functionsOf(deps: McsDeps): Omit<Mcs, 'tryOutStorage' | 'jobs' | 'figures' | 'handler' | 'mountOn' | 'close'> {
  const writing = { ...deps, containers: createContainerRows(deps.db) };
  return {
    store: deps.store,
    settings: deps.settings,
    issueUploads: (input) => issueUploads(deps, input),
    approveUploads: (input) => approveUploads(deps, input),
    listDocuments: (resource) => listDocuments(deps, resource),
    issueDownload: (input, context) => issueDownload(deps, input, context),
    readDocument: async (object_id, range) => openObject(deps, await getObject(deps.db, object_id), range),
    storeSignedContainer: (input) => storeSignedContainer(writing, input),
    findSignedContainer: (input) => findSignedContainer(deps, input),
    readSignedContainer: (input) => readSignedContainer(deps, input),
    findSignedContainers: (input) => findSignedContainers(deps, input),
    listSignedContainers: (input) => listSignedContainers(deps, input),
    recoverSignedContainer: (input) => recoverSignedContainer(deps, input),
    lendDueUpgrades: (input) => lendDueUpgrades(deps, input),
    keepTimeStamps: (input) => keepTimeStamps(deps, input),
    postponeUpgrade: (input) => postponeUpgrade(deps, input),
    settleUpgrade: (input) => settleUpgrade(deps, input),
    repeatUpgrade: (resource) => repeatUpgrade(deps, resource),
    listRefusedUpgrades: (since) => listRefusedUpgrades(deps, since),
    prepareAssignment,
    assignPerson: (input) => assignPerson(writing, input),
    erasePerson: (person_id) => erasePerson(deps, person_id),
    listUnassigned: (page) => listUnassigned(deps, page),
    forgetDocuments: (resource) => forgetDocuments(deps, resource),
    followPersons: (feed) =>
      createConsumer<Tables>({
        feed,
        feed_name: 'mpi',
        db: deps.db,
        schema: 'mcs',
        types: new Set(['person.erased']),
        handle: (transaction, event) => handlePersonEvent(deps, transaction, event),
        log: deps.log,
      }),
  };
}

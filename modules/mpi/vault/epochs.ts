import { hash, randomUUID } from 'node:crypto';
import {
  createKeyStore,
  KeyError,
  type KeyProvider,
  type KeyScope,
  type KeyStore,
  openEnvelope,
  sealEnvelope,
} from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { Pool } from 'pg';

/**
 * What one process seals for another opens under two keys: the owner's, which dies with an erasure, and that of the epoch in
 * which it was sealed. The sealing process makes an epoch's key, wraps it for the other, and forgets it when the epoch
 * is over: it cannot open again what is there, not even with all that it finds on its disk.
 */
export type Epoch = { id: string; key: Uint8Array };

const epoch_ms = 24 * 3600 * 1000;
const id_bytes = 16;

type Making = { pool: Pool /** Wraps for the process that opens. */; provider: KeyProvider; scope: KeyScope };

/** @returns the epoch of now; a new process begins a new one. */
export function createEpochs({ pool, provider, scope }: Making, now = Date.now): () => Promise<Epoch> {
  const store = createKeyStore(pool, provider, scope);
  let current: Promise<Epoch> | undefined;
  let until = 0;
  async function begin(): Promise<Epoch> {
    await provider.refresh();
    const id = randomUUID();
    return { id, key: await store.getOrCreate(id) };
  }
  return () => {
    if (current !== undefined && now() < until) return current;
    until = now() + epoch_ms;
    const made = begin();
    current = made;
    made.catch(() => {
      if (current === made) current = undefined;
    });
    return made;
  };
}

export type Sealing = { key: Uint8Array; epoch: Epoch };

/** Id of the epoch, then an envelope under both keys. */
export function sealInEpoch({ key, epoch }: Sealing, plaintext: Uint8Array, associated: Uint8Array): Buffer {
  const envelope = sealEnvelope(bothKeys(key, epoch.key), plaintext, associated);
  return Buffer.concat([Buffer.from(epoch.id.replaceAll('-', ''), 'hex'), envelope]);
}

/** The keys of epochs, by `epochOf`. */
export type EpochKeys = ReadonlyMap<string, Uint8Array>;
export type Opening = { key: Uint8Array; epochs: EpochKeys };

/** @throws KeyError when a key, the bytes or `associated` are not those of the sealing. */
export function openOfEpoch({ key, epochs }: Opening, sealed: Uint8Array, associated: Uint8Array): Buffer {
  const epoch_key = epochs.get(epochOf(sealed));
  if (epoch_key) return openEnvelope(bothKeys(key, epoch_key), sealed.subarray(id_bytes), associated);
  throw new KeyError(
    'key_refused',
    'The epoch in which something was sealed has no key that opens.',
    'Restore the key database from its backup.',
  );
}

export function epochOf(sealed: Uint8Array): string {
  return Buffer.from(sealed.buffer, sealed.byteOffset, Math.min(id_bytes, sealed.length)).toString('hex');
}

/** One-step key derivation of NIST SP 800-56C rev. 2 §4 with SHA-256; both keys are of 32 bytes. */
function bothKeys(key: Uint8Array, epoch_key: Uint8Array): Buffer {
  return hash('sha256', Buffer.concat([counter, epoch_key, key, fixed_info]), 'buffer');
}
const counter = Buffer.from([0, 0, 0, 1]);
const fixed_info = Buffer.from('zdravo sealed for another process');

/** The side that opens. What was opened once is remembered: there is one epoch a day for each process that seals. */
export type EpochReader = {
  /** The keys of these epochs as far as there are any. @throws KeyError `key_unknown` */
  keysOf(sealed: readonly Uint8Array[]): Promise<EpochKeys>;
  /** Of every epoch that there is. */
  all(): Promise<EpochKeys>;
  store: KeyStore;
};

type Reading = Making & { log: Logger };

export function createEpochReader({ pool, provider, scope, log }: Reading): EpochReader {
  const store = createKeyStore(pool, provider, scope);
  const known = new Map<string, Uint8Array>();
  async function learn(hex_ids: readonly string[]): Promise<EpochKeys> {
    const unknown = [...new Set(hex_ids)].filter((id) => id.length === 2 * id_bytes && !known.has(id)).map(asUuid);
    for (const [id, key] of await openEach({ store, log }, unknown)) known.set(id.replaceAll('-', ''), key);
    return known;
  }
  return {
    store,
    keysOf: (sealed) => learn(sealed.map(epochOf)),
    all: async () => learn((await store.owners()).map((id) => id.replaceAll('-', ''))),
  };
}

function asUuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** All at once; one by one when some key fails, so that an altered one costs nobody but its own. @throws KeyError `key_unknown` */
export async function openEach(
  { store, log }: { store: KeyStore; log: Logger },
  owner_ids: readonly string[],
): Promise<Map<string, Uint8Array>> {
  try {
    return await store.findMany(owner_ids);
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
  }
  const opened = new Map<string, Uint8Array>();
  for (const id of owner_ids) {
    try {
      const key = await store.find(id);
      if (key) opened.set(id, key);
    } catch (error) {
      if (!(error instanceof KeyError) || error.code === 'key_unknown') throw error;
      log.error({ err: error, owner_id: id }, `a wrapped key does not open: ${error.hint}`);
    }
  }
  return opened;
}

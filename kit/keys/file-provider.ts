import { createSecretKey, hkdfSync } from 'node:crypto';
import { openEnvelope, sealEnvelope } from './envelope.ts';
import { openKeyFile } from './key-file.ts';
import { contextBytes, type KeyProvider } from './provider.ts';

/** Keys in one file, readable by its owner only: for development and small installations. */
export async function createFileKeyProvider(path: string): Promise<KeyProvider> {
  const { current, keyOf, refresh } = await openKeyFile(path, { keyFrom: createSecretKey });
  return {
    is_remote: false,
    current_key_id: current,
    wrap: async (data_key, context) => {
      const key_id = current();
      return { key_id, bytes: sealEnvelope(await keyOf(key_id), data_key, contextBytes(context)) };
    },
    unwrap: async (wrapped, context) => openEnvelope(await keyOf(wrapped.key_id), wrapped.bytes, contextBytes(context)),
    derive: async (purpose, key_id = current()) =>
      new Uint8Array(hkdfSync('sha256', await keyOf(key_id), '', `zdravo derive ${purpose}`, 32)),
    refresh,
  };
}

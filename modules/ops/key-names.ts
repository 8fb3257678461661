import { createSecretKey, type KeyObject } from 'node:crypto';
import type { KeyProvider } from '@zdravo/kit/keys';

/** Of the keys, one per person, that seal the seeds of leaves. */
export const seed_scope = { module: 'ops', purpose: 'seed' } as const;

/** The generation is named, for another one would rename every record. */
const log_handle_key = { purpose: 'ops log handle', generation: '1' } as const;

/** The key behind the public handles of records, as a key object: from raw bytes each HMAC takes eight times as long. */
export async function deriveHandleKey(provider: KeyProvider): Promise<KeyObject> {
  return createSecretKey(await provider.derive(log_handle_key.purpose, log_handle_key.generation));
}

import type { KeyContext, KeyProvider, WrappedKey } from '@zdravo/kit/keys';
import { askKeyService, KeyServiceError, textOf, unavailable } from './key-service.ts';

export type VaultTransitOptions = {
  /** Origin of Vault or OpenBao, e.g. `https://vault.example:8200`. */
  endpoint: string;
  /** Where the transit engine is mounted. */
  mount?: string;
  /** Name of the transit key; of a type with associated data (`aes256-gcm96`). */
  key_name: string;
  /** A token that may encrypt, decrypt and hmac with that key, and read its version. */
  token: () => string;
  timeout_ms?: number;
};

/**
 * Keys in HashiCorp Vault's transit engine (or OpenBao's), API v1. The key never leaves it; the context of a wrapped key
 * is its associated data. Rotation: `vault write -f transit/keys/NAME/rotate`, then `refresh` or a restart.
 */
export async function createVaultTransitProvider(
  options: VaultTransitOptions,
): Promise<KeyProvider & { refresh(): Promise<void> }> {
  const { mount = 'transit', key_name, timeout_ms = 5_000 } = options;
  const call = async (operation: string, body?: Record<string, unknown>) => {
    const url = `${options.endpoint.replace(/\/$/, '')}/v1/${mount}/${operation}`;
    const headers = { 'x-vault-token': options.token(), 'x-vault-request': 'true', 'content-type': 'application/json' };
    const answer = await askKeyService({ url, headers, body: body && JSON.stringify(body), timeout_ms });
    return answer['data'];
  };
  const readVersion = async () => versionOf(await call(`keys/${key_name}`));
  let current = await readVersion();
  return {
    current_key_id: () => current,
    refresh: async () => {
      current = await readVersion();
    },
    wrap: async (data_key, context) => {
      const body = { plaintext: base64(data_key), associated_data: associated(context), key_version: Number(current) };
      const ciphertext = textOf(await call(`encrypt/${key_name}`, body), 'ciphertext');
      return { key_id: generationOf(ciphertext), bytes: Buffer.from(ciphertext, 'latin1') };
    },
    unwrap: async (wrapped, context) => {
      const ciphertext = ciphertextOf(wrapped);
      const body = { ciphertext, associated_data: associated(context) };
      return Buffer.from(textOf(await call(`decrypt/${key_name}`, body), 'plaintext'), 'base64');
    },
    derive: async (purpose, key_id = current) => {
      const body = { input: base64(Buffer.from(`zdravo derive ${purpose}`)), key_version: Number(key_id) };
      const mac = textOf(await call(`hmac/${key_name}/sha2-256`, body), 'hmac');
      return Buffer.from(mac.slice(mac.lastIndexOf(':') + 1), 'base64');
    },
  };
}

function versionOf(data: unknown): string {
  const version = typeof data === 'object' && data !== null ? Reflect.get(data, 'latest_version') : undefined;
  if (typeof version === 'number' && Number.isInteger(version)) return String(version);
  throw unavailable('it does not tell the version of the key');
}

/** `vault:v2:…` is of generation 2. */
function generationOf(ciphertext: string): string {
  const generation = /^vault:v(\d+):/.exec(ciphertext)?.[1];
  if (generation === undefined) throw unavailable('its ciphertext has no version');
  return generation;
}

/** The generation beside the bytes must be the one within: it is what rotation goes by. */
function ciphertextOf({ key_id, bytes }: WrappedKey): string {
  const ciphertext = Buffer.from(bytes).toString('latin1');
  if (ciphertext.startsWith(`vault:v${key_id}:`)) return ciphertext;
  throw new KeyServiceError('key_refused', 'A wrapped key is not of the generation it is recorded under');
}

function associated(context: KeyContext): string {
  return base64(Buffer.from(JSON.stringify([context.module, context.purpose, context.owner_id])));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

import { hash } from 'node:crypto';
import { KeyError, type KeyProvider } from '@zdravo/kit/keys';
import type { Credentials } from '@zdravo/kit/sigv4';

/** The secrets by which addresses are signed and checked: one of each generation of the key provider. */
export type AddressKeys = {
  /** Of the newest generation known. */
  current(): Credentials;
  /** Of any generation: an address outlives a rotation, and another process may have learnt of it earlier. */
  secretOf(access_key_id: string): Promise<string | undefined>;
};

const refresh_ms = 60_000;
const refresh_for_unknown_ms = 5_000;

/**
 * Derives the secrets, which outlive restarts and are the same in every process. A rotation is noticed within a minute
 * by who signs, and at once by who is shown an address of the new generation.
 * @param generations older ones whose addresses may still be about. Those that are lost are left out.
 */
export async function openAddressKeys(options: {
  key_provider: KeyProvider;
  purpose: string;
  generations: readonly string[];
}): Promise<AddressKeys> {
  const { key_provider, purpose } = options;
  const secrets = new Map<string, string>();
  const deriveOne = async (key_id: string): Promise<Credentials> => {
    const access_key_id = accessKeyId(purpose, key_id);
    const secret_access_key =
      secrets.get(access_key_id) ?? Buffer.from(await key_provider.derive(purpose, key_id)).toString('base64url');
    secrets.set(access_key_id, secret_access_key);
    return { access_key_id, secret_access_key };
  };
  let current = await deriveOne(key_provider.current_key_id());
  for (const key_id of options.generations) await deriveOne(key_id).catch(passOverLost);
  let looked_at = performance.now();
  const look = async () => {
    looked_at = performance.now();
    await key_provider.refresh();
    current = await deriveOne(key_provider.current_key_id());
  };
  const isDue = (after_ms: number) => performance.now() - looked_at > after_ms;
  return {
    current: () => {
      // Who signs does not wait: a failure shows where keys are used, and the next look comes in a minute.
      if (isDue(refresh_ms)) look().catch(() => undefined);
      return current;
    },
    secretOf: async (access_key_id) => {
      if (!secrets.has(access_key_id) && isDue(refresh_for_unknown_ms)) await look();
      return secrets.get(access_key_id);
    },
  };
}

/** The first generation of a key file has the plain name: who is to write into the built-in store can be given that pair. */
function accessKeyId(purpose: string, key_id: string): string {
  const name = purpose.replaceAll(' ', '-');
  return key_id === '1' ? name : `${name}-${hash('sha256', key_id).slice(0, 16)}`;
}

function passOverLost(error: unknown): void {
  if (!(error instanceof KeyError)) throw error;
}

import { openSealed, publicKeyOf, sealTo } from './hpke.ts';
import { openKeyFile } from './key-file.ts';
import { contextBytes, type KeyContext, KeyError, type KeyProvider } from './provider.ts';

/**
 * Keys that one process wraps for another (HPKE, RFC 9180) and cannot open again: it has the public halves only, in the
 * file that `publishKeyFile` writes.
 */
export async function createSealingKeyProvider(public_path: string): Promise<KeyProvider> {
  const file = await openKeyFile(public_path, { keyFrom: asItIs, halves: 'public' });
  return {
    is_remote: false,
    current_key_id: file.current,
    wrap: async (data_key, context) => {
      const key_id = file.current();
      return { key_id, bytes: sealTo(await file.keyOf(key_id), data_key, bindingOf(context)) };
    },
    unwrap: async () => {
      throw sealsOnly();
    },
    derive,
    refresh: file.refresh,
  };
}

/** The other side: opens with the private halves what was wrapped under the public ones. */
export async function createOpeningKeyProvider(path: string): Promise<KeyProvider> {
  const file = await openKeyFile(path, { keyFrom: asItIs });
  return {
    is_remote: false,
    current_key_id: file.current,
    wrap: async (data_key, context) => {
      const key_id = file.current();
      return { key_id, bytes: sealTo(publicKeyOf(await file.keyOf(key_id)), data_key, bindingOf(context)) };
    },
    unwrap: async ({ key_id, bytes }, context) => open(await file.keyOf(key_id), bytes, bindingOf(context)),
    derive,
    refresh: file.refresh,
  };
}

const asItIs = (bytes: Buffer) => bytes;

type Binding = ReturnType<typeof bindingOf>;
function bindingOf(context: KeyContext) {
  return { info: Buffer.from('zdravo wrapped key'), associated: contextBytes(context) };
}

function open(private_key: Uint8Array, bytes: Uint8Array, binding: Binding): Buffer {
  try {
    return openSealed(private_key, bytes, binding);
  } catch (cause) {
    throw new KeyError(
      'key_refused',
      'A key that was sealed for this process does not open.',
      'Either the bytes were altered or they were sealed under the public half of another key; compare with a backup.',
      cause,
    );
  }
}

function sealsOnly(): KeyError {
  return new KeyError(
    'key_refused',
    'This process seals for another one and holds no key that opens.',
    'Only the process with the private halves opens these keys.',
  );
}

async function derive(): Promise<never> {
  throw new Error('Nothing is derived from keys that seal for another process.');
}

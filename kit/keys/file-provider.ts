import { hkdfSync, randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, rename, rm } from 'node:fs/promises';
import { Type } from 'typebox';
import { Value } from 'typebox/value';
import { openEnvelope, sealEnvelope } from './envelope.ts';
import { type KeyContext, KeyError, type KeyProvider } from './provider.ts';

const KeyFile = Type.Object({
  current: Type.String(),
  keys: Type.Record(Type.String(), Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' })),
});
type KeyFile = { current: string; keys: Record<string, string> };

/** Keys in one file, readable by its owner only: for development and small installations. */
export async function createFileKeyProvider(path: string): Promise<KeyProvider> {
  let file = await readKeyFile(path);
  const refresh = async () => {
    file = await readKeyFile(path);
  };
  /** Another process may have wrapped under a generation that was added since: the file is read again once. */
  const keyOf = async (key_id: string) => {
    if (!(key_id in file.keys)) await refresh();
    const key = file.keys[key_id];
    if (key) return Buffer.from(key, 'base64');
    throw new KeyError(
      'key_unknown',
      `Key generation ${key_id} is not in the key file.`,
      'Put the older generation back into it.',
    );
  };
  return {
    is_remote: false,
    current_key_id: () => file.current,
    wrap: async (data_key, context) => {
      const key_id = file.current;
      return { key_id, bytes: sealEnvelope(await keyOf(key_id), data_key, contextBytes(context)) };
    },
    unwrap: async (wrapped, context) => openEnvelope(await keyOf(wrapped.key_id), wrapped.bytes, contextBytes(context)),
    derive: async (purpose, key_id = file.current) =>
      new Uint8Array(hkdfSync('sha256', await keyOf(key_id), '', `zdravo derive ${purpose}`, 32)),
    refresh,
  };
}

/** Creates the file with a first generation unless it is there; an existing one is never overwritten. */
export async function createKeyFile(path: string): Promise<void> {
  const first: KeyFile = { current: '1', keys: { '1': randomBytes(32).toString('base64') } };
  try {
    await writeNew(path, first);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Adds a generation and makes it the current one. Two rotations at once would lose the generation of one of them: the
 * file beside it, which the second finds, lets only one through. @returns its id. @throws KeyError
 */
export async function rotateKeyFile(path: string): Promise<string> {
  const beside = `${path}.new`;
  const handle = await open(beside, 'wx', 0o600).catch((cause: unknown) => {
    throw halfRotated(beside, cause);
  });
  try {
    const file = await readKeyFile(path);
    const next = String(Math.max(...Object.keys(file.keys).map(Number)) + 1);
    await write(handle, { current: next, keys: { ...file.keys, [next]: randomBytes(32).toString('base64') } });
    await rename(beside, path);
    return next;
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

function halfRotated(beside: string, cause: unknown): KeyError {
  return new KeyError(
    'key_file_unusable',
    'The key file is being rotated, or a rotation was broken off.',
    `Nothing was wrapped under the generation in ${beside} yet: when no rotation runs, remove that file and rotate again.`,
    cause,
  );
}

async function writeNew(path: string, file: KeyFile): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await write(handle, file);
  } finally {
    await handle.close();
  }
}

async function write(handle: FileHandle, file: KeyFile): Promise<void> {
  await handle.writeFile(`${JSON.stringify(file, null, 2)}\n`);
  await handle.sync();
}

async function readKeyFile(path: string): Promise<KeyFile> {
  const unusable = (what: string, cause?: unknown) =>
    new KeyError(
      'key_file_unusable',
      `The key file ${what}.`,
      'Restore it from its backup; without it the data stay unreadable.',
      cause,
    );
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unusable('cannot be read', cause);
  });
  let file: unknown;
  try {
    file = JSON.parse(text);
  } catch {
    throw unusable('is not JSON');
  }
  if (!Value.Check(KeyFile, file)) throw unusable('does not hold keys of 256 bits');
  if (!(file.current in file.keys)) throw unusable('names a current generation that it does not hold');
  return file;
}

function contextBytes(context: KeyContext): Buffer {
  return Buffer.from(JSON.stringify([context.module, context.purpose, context.owner_id]));
}

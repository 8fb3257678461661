import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type FileHandle, link, open, readFile, rename, rm } from 'node:fs/promises';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { publicKeyOf } from './hpke.ts';
import { KeyError } from './provider.ts';

/** What the operator of a process without its key file does. */
export const lost_key_hint = 'Restore it from its backup; without it the data stay unreadable.';

const KeyFile = Type.Object({
  /** Which halves of key pairs these are; a file of keys that open says nothing. */
  halves: Type.Optional(Type.Literal('public')),
  current: Type.String(),
  keys: Type.Record(Type.String(), Type.String({ pattern: '^[A-Za-z0-9+/]{43}=$' })),
});
type KeyFile = Static<typeof KeyFile>;

/** What is read of a key file, and read anew when it is asked for a generation that it did not have. */
export type OpenKeyFile<Key> = {
  current(): string;
  /** @throws KeyError `key_unknown` */
  keyOf(key_id: string): Promise<Key>;
  refresh(): Promise<void>;
};

/**
 * @param read.keyFrom makes what is used of the bytes of each generation, once.
 * @throws KeyError `key_file_unusable`, also for public halves where keys that open are expected, and the other way round.
 */
export async function openKeyFile<Key>(
  path: string,
  { keyFrom, halves }: { keyFrom: (bytes: Buffer) => Key; halves?: 'public' },
): Promise<OpenKeyFile<Key>> {
  let current: string;
  let keys: Map<string, Key>;
  const refresh = async () => {
    const file = await readKeyFile(path);
    if (file.halves !== halves) throw wrongHalves(halves);
    const entries = Object.entries(file.keys).map(([id, text]) => [id, keyFrom(Buffer.from(text, 'base64'))] as const);
    keys = new Map(entries);
    current = file.current;
  };
  await refresh();
  return {
    current: () => current,
    /** Another process may have wrapped under a generation that was added since: the file is read again once. */
    keyOf: async (key_id) => {
      if (!keys.has(key_id)) await refresh();
      const key = keys.get(key_id);
      if (key !== undefined) return key;
      throw new KeyError(
        'key_unknown',
        `Key generation ${key_id} is not in the key file.`,
        'Put the older generation back into it.',
      );
    },
    refresh,
  };
}

/** Creates the file with a first generation unless it is there; an existing one is never overwritten. */
export function createKeyFile(path: string): Promise<void> {
  return createSecretFile(path, () => textOf({ current: '1', keys: { '1': randomBytes(32).toString('base64') } }));
}

/** Makes a secret and keeps it in a file of its owner's, unless it is there; an existing one is never overwritten. */
export async function createSecretFile(path: string, make: () => string): Promise<void> {
  if (existsSync(path)) return;
  const beside = `${path}.${randomUUID()}`;
  await writeNew(beside, make());
  await putInPlace(beside, path);
}

/**
 * Gives a finished file its name, unless a process that was quicker has given it to one of its own: whoever finds a key
 * file finds a whole one, and always the same.
 */
export async function putInPlace(finished: string, path: string): Promise<void> {
  try {
    await link(finished, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(finished);
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
    await write(handle, textOf({ current: next, keys: { ...file.keys, [next]: randomBytes(32).toString('base64') } }));
    await rename(beside, path);
    return next;
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Writes the public halves of a key file's generations (X25519) to another, for those who seal and never open. What is
 * there is replaced at once. @throws KeyError
 */
export async function publishKeyFile(path: string, public_path: string): Promise<void> {
  const { current, keys } = await readKeyFile(path);
  const publicHalf = (key: string) => publicKeyOf(Buffer.from(key, 'base64')).toString('base64');
  const file: KeyFile = {
    halves: 'public',
    current,
    keys: Object.fromEntries(Object.entries(keys).map(([id, key]) => [id, publicHalf(key)])),
  };
  const beside = `${public_path}.${randomUUID()}`;
  await writeNew(beside, textOf(file));
  await rename(beside, public_path);
}

function wrongHalves(expected: 'public' | undefined): KeyError {
  return expected === 'public'
    ? new KeyError(
        'key_file_unusable',
        'The key file holds keys that open, where a process seals only.',
        'Give it the file that `npm run keys -- public` writes, and take this one away from its host.',
      )
    : new KeyError(
        'key_file_unusable',
        'The key file holds public halves, which open nothing.',
        'Give it the file that they were made from.',
      );
}

function halfRotated(beside: string, cause: unknown): KeyError {
  return new KeyError(
    'key_file_unusable',
    'The key file is being rotated, or a rotation was broken off.',
    `Nothing was wrapped under the generation in ${beside} yet: when no rotation runs, remove that file and rotate again.`,
    cause,
  );
}

async function writeNew(path: string, text: string): Promise<void> {
  const handle = await open(path, 'wx', 0o600);
  try {
    await write(handle, text);
  } finally {
    await handle.close();
  }
}

function textOf(file: KeyFile): string {
  return `${JSON.stringify(file, null, 2)}\n`;
}

async function write(handle: FileHandle, text: string): Promise<void> {
  await handle.writeFile(text);
  await handle.sync();
}

async function readKeyFile(path: string): Promise<KeyFile> {
  const unusable = (what: string, cause?: unknown) =>
    new KeyError('key_file_unusable', `The key file ${path} ${what}.`, lost_key_hint, cause);
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

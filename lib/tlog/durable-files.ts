import { randomUUID } from 'node:crypto';
import { link, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';

/** The bytes of a file, or nothing when there is none. */
export async function findFile(path: string): Promise<Uint8Array | undefined> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'ENOTDIR')) return undefined;
    throw error;
  }
}

/** Puts a file in place whole and durable, or says `false` when the name is taken; kill -9 leaves all of it or none. */
export async function createFile(path: string, bytes: Uint8Array): Promise<boolean> {
  return withTemporaryFile(path, bytes, async (temporary) => {
    try {
      await link(temporary, path);
      return true;
    } catch (error) {
      if (isCode(error, 'EEXIST')) return false;
      throw error;
    }
  });
}

/** Replaces a file whole and durable; kill -9 leaves the old one or the new one. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  await withTemporaryFile(path, bytes, async (temporary) => {
    await rename(temporary, path);
    return true;
  });
}

/** Makes a directory and those above it, each entry durable. */
export async function makeDirectory(path: string): Promise<void> {
  const whole_path = resolve(path);
  const first_made = await mkdir(whole_path, { recursive: true });
  if (first_made === undefined) return;
  for (let at = whole_path; at.length >= first_made.length; at = dirname(at)) await syncDirectory(dirname(at));
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Writes and syncs a file of a name of its own, lets `place` put it in place, and syncs the directory. */
async function withTemporaryFile(
  path: string,
  bytes: Uint8Array,
  place: (temporary: string) => Promise<boolean>,
): Promise<boolean> {
  const directory = dirname(path);
  const temporary = join(directory, `.tmp-${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    const placed = await place(temporary);
    await syncDirectory(directory);
    return placed;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

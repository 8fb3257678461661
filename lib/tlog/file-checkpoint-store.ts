import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { equalBytes } from './bytes.ts';
import { lockDirectory } from './directory-lock.ts';
import { findFile, replaceFile } from './durable-files.ts';
import { TlogError } from './errors.ts';
import type { CheckpointStore } from './stores.ts';

export type FileCheckpointStore = CheckpointStore & { close(): Promise<void> };

/**
 * Checkpoints as files of a directory that this process alone owns. A swap is on the disk before it is answered, and
 * kill -9 leaves the old value or the new one, whole. Throws `store_locked` when another living process has it open.
 */
export async function openFileCheckpointStore(directory: string): Promise<FileCheckpointStore> {
  const lock = await lockDirectory(join(directory, 'owner'));
  await removeLeftovers(directory);
  const queues = new Map<string, Promise<unknown>>();
  let is_open = true;
  const locate = (name: string) => {
    if (!is_open) throw new TlogError('store_closed');
    if (!/^[a-z0-9][a-z0-9_-]{0,127}$/.test(name)) throw new TlogError('store_name_invalid', name.slice(0, 128));
    return join(directory, `${name}.checkpoint`);
  };
  return {
    get: async (name) => findFile(locate(name)),
    compareAndSwap: async (name, expected, next) => {
      const path = locate(name);
      return inTurn(queues, name, () => swapFile(path, expected, next));
    },
    close: async () => {
      is_open = false;
      await Promise.allSettled(queues.values());
      await lock.release();
    },
  };
}

async function swapFile(path: string, expected: Uint8Array | undefined, next: Uint8Array): Promise<boolean> {
  const current = await findFile(path);
  const unchanged =
    current === undefined || expected === undefined ? current === expected : equalBytes(current, expected);
  if (unchanged) await replaceFile(path, next);
  return unchanged;
}

/** Runs the work on one name after all earlier work on that name: compare and swap must not interleave. */
function inTurn<T>(queues: Map<string, Promise<unknown>>, name: string, work: () => Promise<T>): Promise<T> {
  const turn = (queues.get(name) ?? Promise.resolve()).then(work, work);
  queues.set(name, turn);
  const forget = () => {
    if (queues.get(name) === turn) queues.delete(name);
  };
  turn.then(forget, forget);
  return turn;
}

/** Files that a killed process had begun and not put in place. */
async function removeLeftovers(directory: string): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.startsWith('.tmp-'));
  await Promise.all(names.map((name) => rm(join(directory, name), { force: true })));
}

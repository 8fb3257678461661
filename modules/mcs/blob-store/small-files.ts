import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createGroupCommit } from '@zdravo/kit/groups';
import type { SmallFile, SmallFileOutcome } from './small-file.worker.ts';

export type SmallFiles = {
  /** Resolves when the object is durable under its name. */
  write(file: SmallFile): Promise<SmallFileOutcome>;
  close(): Promise<void>;
};

/**
 * Writes small objects in a thread of its own, those that come at once together: each takes nine calls of the operating system,
 * and to send every call for itself into Node's pool of threads costs the thread that serves more than the calls.
 */
export function createSmallFiles(): SmallFiles {
  let worker: Worker | undefined;
  const forget = () => {
    worker = undefined;
  };

  async function writeTogether(files: readonly SmallFile[]): Promise<SmallFileOutcome[]> {
    worker ??= new Worker(new URL('./small-file.worker.ts', import.meta.url))
      .once('error', forget)
      .once('exit', forget);
    worker.ref();
    try {
      const answered = once(worker, 'message');
      worker.postMessage(files);
      return (await answered)[0] as SmallFileOutcome[];
    } finally {
      // Between two writes it keeps no process from ending.
      worker?.unref();
    }
  }

  const groups = createGroupCommit({
    write: writeTogether,
    keysOf: ({ path }: SmallFile) => [path],
    turns: { parallel: 1 },
  });
  return {
    write: groups.run,
    close: async () => {
      await worker?.terminate();
    },
  };
}

import { writeFile } from 'node:fs/promises';

/** Writes a secret file of its owner's unless it is there; an existing one is never overwritten. */
export async function writeOnce(path: string, make: () => string): Promise<void> {
  try {
    await writeFile(path, `${make()}\n`, { mode: 0o600, flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A copy cannot be made or used; the message tells the operator why. */
export class CopyError extends Error {}

/**
 * Copies the whole data folder of a stopped platform into one archive: every database of the embedded server, keys, files, log.
 * The server ended cleanly and nothing writes, so the parts fit each other. The archive appears only when it is complete, with
 * its SHA-256 beside it.
 */
export async function backUp(data: string, archive: string): Promise<{ sha256: string; bytes: number }> {
  await refuseRunning(data);
  await mkdir(dirname(resolve(archive)), { recursive: true });
  const unfinished = `${archive}.unfinished`;
  try {
    await run('tar', ['--create', '--gzip', '--file', resolve(unfinished), '--directory', resolve(data), '.'], {
      maxBuffer: 1e8,
    });
    const sha256 = await sha256Of(unfinished);
    await writeFile(`${archive}.sha256`, `${sha256}\n`);
    await rename(unfinished, archive);
    return { sha256, bytes: (await stat(archive)).size };
  } finally {
    await rm(unfinished, { force: true });
  }
}

/** Brings a copy back into an empty data folder. @throws CopyError for a damaged copy or a folder in use. */
export async function restore(archive: string, data: string): Promise<void> {
  const expected = await readFile(`${archive}.sha256`, 'utf8').catch(() => undefined);
  if (expected === undefined)
    throw new CopyError(`${archive}.sha256 is missing: without it nobody knows whether the copy is whole.`);
  if (expected.trim() !== (await sha256Of(archive)))
    throw new CopyError('The copy is damaged: its SHA-256 is another. Nothing was restored.');
  const present = await readdir(data).catch(() => []);
  if (present.length > 0)
    throw new CopyError(`${data} is not empty; \`npm run reset\` empties it. Nothing was restored.`);
  await mkdir(data, { recursive: true });
  await run('tar', [
    '--extract',
    '--gzip',
    '--preserve-permissions',
    '--same-owner',
    '--file',
    resolve(archive),
    '--directory',
    resolve(data),
  ]);
}

/** A running server leaves its process file behind while it runs, and after a crash: both are refused. */
async function refuseRunning(data: string): Promise<void> {
  const found = await readdir(resolve(data, 'postgres')).catch(() => undefined);
  if (!found)
    throw new CopyError(`${data} holds no embedded database. Databases of your own are copied by their own tools.`);
  if (found.includes('postmaster.pid'))
    throw new CopyError('The platform runs, or ended by a crash: stop it, or start and stop it once, then copy.');
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

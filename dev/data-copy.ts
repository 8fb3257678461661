import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { OperatorError } from '@zdravo/kit/config';
import { leaveDataFolder, takeDataFolder } from '@zdravo/kit/testing';
import { unfinished_restore } from './databases.ts';

/** A copy cannot be made or used; the message tells the operator why. */
export class CopyError extends OperatorError {
  override name = 'CopyError';
}

/**
 * Copies the whole data folder of a stopped platform into one archive: every database of the embedded server, keys, files, log.
 * The server ended cleanly and none can start meanwhile, so the parts fit each other. The archive holds keys: it is its owner's
 * alone. It appears only when it is complete, with its SHA-256 beside it.
 */
export async function backUp(data: string, archive: string): Promise<{ sha256: string; bytes: number }> {
  const folder = resolve(data);
  const file = resolve(archive);
  await refuseUnfit(folder, file);
  const database = join(folder, 'postgres');
  await takeDataFolder(database);
  try {
    await mkdir(dirname(file), { recursive: true });
    const sha256 = await pack(folder, `${file}.unfinished`);
    await writeFile(`${file}.sha256`, `${sha256}  ${basename(file)}\n`);
    await rename(`${file}.unfinished`, file);
    return { sha256, bytes: (await stat(file)).size };
  } finally {
    await rm(`${file}.unfinished`, { force: true });
    await leaveDataFolder(database);
  }
}

/**
 * Brings a copy back into an empty data folder. One that was broken off is begun again: until it is complete nothing starts over
 * the folder. @throws CopyError for a damaged copy or a folder in use.
 */
export async function restore(archive: string, data: string): Promise<void> {
  await refuseDamaged(archive);
  const folder = resolve(data);
  const present: string[] = await readdir(folder).catch(() => []);
  if (present.length > 0 && !present.includes(unfinished_restore))
    throw new CopyError(`${data} is not empty; \`npm run reset\` empties it. Nothing was restored.`);
  for (const name of present) if (name !== unfinished_restore) await rm(join(folder, name), { recursive: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, unfinished_restore), 'Parts of a copy: begin the restore again.\n');
  await unpack(resolve(archive), folder);
  await rm(join(folder, unfinished_restore));
}

/** Written through this process, not by `tar` itself: when this one is killed, the other ends too. */
async function pack(folder: string, file: string): Promise<string> {
  const excluded = ['--exclude', './postgres.owner'];
  const tar = startTar(['--create', '--gzip', '--file', '-', ...excluded, '--directory', folder, '.']);
  const hash = createHash('sha256');
  tar.output.on('data', (bytes: Buffer) => hash.update(bytes));
  await bothEnd(pipeline(tar.output, createWriteStream(file, { mode: 0o600, flush: true })), tar.ended);
  return hash.digest('hex');
}

async function unpack(file: string, folder: string): Promise<void> {
  const kept = ['--preserve-permissions', '--same-owner'];
  const tar = startTar(['--extract', '--gzip', ...kept, '--file', '-', '--directory', folder]);
  await bothEnd(tar.ended, pipeline(createReadStream(file), tar.input));
}

/** When one fails the other does too, and says less. */
async function bothEnd(telling: Promise<void>, other: Promise<void>): Promise<void> {
  for (const one of await Promise.allSettled([telling, other])) if (one.status === 'rejected') throw one.reason;
}

function startTar(flags: string[]): { input: Writable; output: Readable; ended: Promise<void> } {
  const tar = spawn('tar', flags, { stdio: ['pipe', 'pipe', 'pipe'] });
  let last_words = '';
  tar.stderr.on('data', (text: Buffer) => {
    last_words = (last_words + text.toString()).slice(-1_000);
  });
  const ended = once(tar, 'close').then(([code]) => {
    if (code !== 0) throw new CopyError(`tar ended with ${code}: ${last_words.trim()}`);
  });
  return { input: tar.stdin, output: tar.stdout, ended };
}

async function refuseDamaged(archive: string): Promise<void> {
  await access(archive).catch(() => {
    throw new CopyError(`${archive} is no file that can be read.`);
  });
  const expected = await readFile(`${archive}.sha256`, 'utf8').catch(() => undefined);
  if (expected === undefined)
    throw new CopyError(`${archive}.sha256 is missing: without it nobody knows whether the copy is whole.`);
  if (expected.split(/\s/)[0] !== (await sha256Of(archive)))
    throw new CopyError('The copy is damaged: its SHA-256 is another. Nothing was restored.');
}

async function refuseUnfit(folder: string, file: string): Promise<void> {
  await refuseRunning(folder);
  if (file.startsWith(join(folder, '/')))
    throw new CopyError('The copy would lie in what it is a copy of: name a file outside.');
  const is_there = await access(file).then(
    () => true,
    () => false,
  );
  if (is_there) throw new CopyError(`${file} is there already: an earlier copy is not written over.`);
}

/** A running server leaves its process file behind while it runs, and after a crash: both are refused. */
async function refuseRunning(folder: string): Promise<void> {
  const found = await readdir(join(folder, 'postgres')).catch(() => undefined);
  if (!found)
    throw new CopyError(`${folder} holds no embedded database. Databases of your own are copied by their own tools.`);
  if (found.includes('postmaster.pid'))
    throw new CopyError('The platform runs, or ended by a crash: stop it, or start and stop it once, then copy.');
  if ((await readdir(folder)).includes(unfinished_restore))
    throw new CopyError(`${folder} holds parts of a copy: a restore was broken off.`);
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

import { hash } from 'node:crypto';
import {
  closeSync,
  fdatasyncSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  unlinkSync,
  writevSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { parentPort } from 'node:worker_threads';
import { type Description, footerOf } from './stored-file.ts';

/** An object that is whole in memory, and the paths that it passes. */
export type SmallFile = {
  draft: string;
  shard: string;
  path: string;
  if_absent: boolean;
  bytes: Uint8Array;
  description: Omit<Description, 'sha256' | 'size'>;
  expected_sha256?: string | undefined;
};
/** `code` is that of the operating system, or `sha256_mismatch`. */
export type SmallFileOutcome = { sha256: string } | { code: string; message: string };

type Work = { file: SmallFile; sha256: string; handle?: number; error?: unknown };

parentPort?.on('message', (files: SmallFile[]) => parentPort!.postMessage(writeTogether(files)));

/**
 * Step by step for all: what the first one waits for, the disk does for the others as well. An object appears whole or not at
 * all, for each by itself.
 */
function writeTogether(files: readonly SmallFile[]): SmallFileOutcome[] {
  const works = files.map((file): Work => ({ file, sha256: hash('sha256', file.bytes) }));
  for (const step of [writeDraft, makeDurable, publish]) for (const work of works) attempt([work], () => step(work));
  const published = works.filter(({ error }) => error === undefined);
  for (const [shard, together] of Map.groupBy(published, ({ file }) => file.shard))
    attempt(together, () => syncDirectory(shard));
  for (const work of works) discardDraft(work);
  return works.map(outcomeOf);
}

/** Who failed before is left out; who fails now is told at the end, and keeps nobody else. */
function attempt(works: readonly Work[], step: () => void): void {
  if (works[0]?.error !== undefined) return;
  try {
    step();
  } catch (error) {
    for (const work of works) work.error = error;
  }
}

function writeDraft(work: Work): void {
  const { bytes, draft, description, expected_sha256 } = work.file;
  if (expected_sha256 !== undefined && expected_sha256 !== work.sha256)
    throw Object.assign(new Error('The bytes do not have the announced SHA-256'), { code: 'sha256_mismatch' });
  inDirectory(dirname(draft), () => {
    work.handle = openSync(draft, 'wx', 0o600);
  });
  const footer = footerOf({ ...description, sha256: work.sha256, size: bytes.length });
  const written = writevSync(work.handle!, [bytes, footer]);
  if (written !== bytes.length + footer.length) throw new Error('The disk takes no more bytes');
}

function makeDurable(work: Work): void {
  fdatasyncSync(work.handle!);
}

/** link(2) fails when the name is taken, which makes it the atomic "first write only"; rename(2) replaces. */
function publish({ file: { draft, path, shard, if_absent } }: Work): void {
  inDirectory(shard, () => (if_absent ? linkSync(draft, path) : renameSync(draft, path)));
}

function discardDraft({ file: { draft }, handle }: Work): void {
  try {
    if (handle === undefined) return;
    closeSync(handle);
    unlinkSync(draft);
  } catch {
    // It was renamed, or the sweep finds it.
  }
}

/** Works in a directory that is nearly always there; makes it when it turns out not to be. */
function inDirectory(directory: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if ((error as { code?: string }).code !== 'ENOENT') throw error;
    const first_made = mkdirSync(directory, { recursive: true });
    if (first_made !== undefined) for (const made of [directory, first_made]) syncDirectory(dirname(made));
    work();
  }
}

/** A new name is durable only when the directory that holds it is. */
function syncDirectory(directory: string): void {
  const handle = openSync(directory, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function outcomeOf({ sha256, error }: Work): SmallFileOutcome {
  if (error === undefined) return { sha256 };
  const { code = 'EIO', message } = error as { code?: string; message: string };
  return { code, message };
}

import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createFile, findFile, makeDirectory } from './durable-files.ts';
import { TlogError } from './errors.ts';

export type DirectoryLock = { release(): Promise<void> };

/** Who holds a directory: a process id is used again after a restart, so the process's start is noted as well. */
type Owner = { pid: number; started: string; token: string };

const OWNER_FILE = /^owner\.(\d{1,15})$/;

/**
 * Makes this process the only owner of a directory until `release` or its death; kill -9 needs no clean-up. Owners
 * are numbered files: the highest one counts, and the next number can be taken once only, and only when that owner is
 * dead. For one machine: processes of other machines or containers cannot see each other die. Throws `store_locked`.
 */
export async function lockDirectory(directory: string): Promise<DirectoryLock> {
  await makeDirectory(directory);
  const last = Math.max(-1, ...(await listOwners(directory)));
  if (last >= 0 && (await isAlive(directory, last))) throw new TlogError('store_locked', directory);
  const number = last + 1;
  const owner: Owner = { pid: process.pid, started: (await findStart(process.pid)) ?? '', token: randomUUID() };
  const taken = await createFile(ownerPath(directory, number), Buffer.from(JSON.stringify(owner)));
  if (!taken) throw new TlogError('store_locked', directory);
  await refuseIfOvertaken(directory, number);
  return { release: () => rm(ownerPath(directory, number), { force: true }) };
}

/** A living owner is never overtaken, so a higher number means that ours was free only because its owner tidied up. */
async function refuseIfOvertaken(directory: string, number: number): Promise<void> {
  const owners = await listOwners(directory);
  if (owners.some((other) => other > number)) {
    await rm(ownerPath(directory, number), { force: true });
    throw new TlogError('store_locked', directory);
  }
  await Promise.all(
    owners.filter((other) => other < number).map((other) => rm(ownerPath(directory, other), { force: true })),
  );
}

async function listOwners(directory: string): Promise<number[]> {
  return (await readdir(directory)).flatMap((name) => {
    const number = OWNER_FILE.exec(name)?.[1];
    return number === undefined ? [] : [Number(number)];
  });
}

async function isAlive(directory: string, number: number): Promise<boolean> {
  const bytes = await findFile(ownerPath(directory, number));
  if (bytes === undefined) return false;
  const { pid, started } = JSON.parse(Buffer.from(bytes).toString()) as Owner;
  if ((await findStart(process.pid)) === undefined) return isRunning(pid);
  return (await findStart(pid)) === started;
}

/** Boot and start time of a process where the system tells (Linux): field 22 of proc(5) `stat`, counted after the name. */
async function findStart(pid: number): Promise<string | undefined> {
  if (process.platform !== 'linux') return undefined;
  try {
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
  } catch {
    return undefined;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function ownerPath(directory: string, number: number): string {
  return join(directory, `owner.${number}`);
}

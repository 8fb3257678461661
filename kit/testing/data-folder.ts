import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { OperatorError } from '../config/index.ts';

const run = promisify(execFile);

/**
 * Makes this process the owner of a PostgreSQL data folder. A server that a killed owner left behind is stopped first;
 * a living owner is never disturbed.
 * @throws OperatorError when another living process owns the folder.
 */
export async function takeDataFolder(directory: string): Promise<void> {
  const owner = await findOwner(directory);
  if (owner !== undefined && owner !== process.pid)
    throw new OperatorError(`The data folder is in use by process ${owner}; stop it first, or name another folder.`);
  await stopOrphan(directory);
  await writeFile(ownerFile(directory), `${process.pid}\n${await startOf(process.pid)}\n`);
}

export async function leaveDataFolder(directory: string): Promise<void> {
  await rm(ownerFile(directory), { force: true });
}

/** The living process that owns a data folder. Ids are used again after a restart: its start is compared as well. */
export async function findOwner(directory: string): Promise<number | undefined> {
  const text = await readFile(ownerFile(directory), 'utf8').catch(() => '');
  const [pid, started] = text.split('\n');
  const owner = Number(pid);
  if (!isPid(owner) || !isAlive(owner)) return undefined;
  return started === undefined || started === (await startOf(owner)) ? owner : undefined;
}

function ownerFile(directory: string): string {
  return `${directory}.owner`;
}

async function stopOrphan(directory: string): Promise<void> {
  const text = await readFile(join(directory, 'postmaster.pid'), 'utf8').catch(() => '');
  const server = Number(text.split('\n')[0]);
  if (!isPid(server) || !isAlive(server) || !(await commandOf(server)).includes(directory)) return;
  process.kill(server, 'SIGINT');
  for (let attempt = 0; attempt < 300 && isAlive(server); attempt++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  if (isAlive(server))
    throw new OperatorError(`PostgreSQL of an earlier run (process ${server}) does not stop; stop it by hand.`);
}

function isPid(number: number): boolean {
  return Number.isInteger(number) && number > 1;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Boot and start time of a process where the system tells (Linux): field 22 of proc(5) `stat`, counted after the name. */
async function startOf(pid: number): Promise<string> {
  if (process.platform !== 'linux') return '';
  const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return `${boot} ${stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]}`;
}

/** What a process was started with: a server names its folder there, whoever got its id after it does not. */
async function commandOf(pid: number): Promise<string> {
  if (process.platform === 'linux') return readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return run('ps', ['-o', 'args=', '-p', String(pid)]).then(
    ({ stdout }) => stdout,
    () => '',
  );
}

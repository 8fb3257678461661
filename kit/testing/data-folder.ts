import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Makes this process the owner of a PostgreSQL data folder. A server that a killed owner left behind is stopped first;
 * a living owner is never disturbed.
 * @throws Error when another living process owns the folder.
 */
export async function takeDataFolder(directory: string): Promise<void> {
  const owner = await readPid(ownerFile(directory));
  if (owner !== undefined && owner !== process.pid && isAlive(owner))
    throw new Error(`The data folder is in use by process ${owner}; stop it first, or name another folder.`);
  await stopOrphan(directory);
  await writeFile(ownerFile(directory), String(process.pid));
}

export async function leaveDataFolder(directory: string): Promise<void> {
  await rm(ownerFile(directory), { force: true });
}

function ownerFile(directory: string): string {
  return `${directory}.owner`;
}

async function stopOrphan(directory: string): Promise<void> {
  const server = await readPid(join(directory, 'postmaster.pid'));
  if (server === undefined || !isAlive(server)) return;
  process.kill(server, 'SIGINT');
  for (let attempt = 0; attempt < 300 && isAlive(server); attempt++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  if (isAlive(server))
    throw new Error(`PostgreSQL of an earlier run (process ${server}) does not stop; stop it by hand.`);
}

/** The first line of a pid file. */
async function readPid(path: string): Promise<number | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  const pid = Number(text?.split('\n')[0]);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

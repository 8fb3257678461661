import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '@zdravo/kit/config';
import { connectionUrl } from '@zdravo/kit/db';
import { findOwner } from '@zdravo/kit/testing';
import { type Databases, openDatabases } from './databases.ts';
import type { Settings } from './settings.ts';

/** The databases of a platform that runs on this machine, or, when none does, the same ones started for this command. */
export async function findDatabases(settings: Settings): Promise<Databases> {
  const server = await findServer(resolve(settings.ZDRAVO_DATA));
  if (!server) return openDatabases(settings);
  const given = settings as Record<string, unknown>;
  const urlOf = (name: string) =>
    (given[`${name.toUpperCase()}_DATABASE_URL`] as string | undefined) ??
    connectionUrl(server, { database: `zdravo_${name}` });
  return { urls: new Proxy({} as Databases['urls'], { get: (_, name) => urlOf(String(name)) }), stop: async () => {} };
}

/** The same of a platform that runs: nothing is started. @throws ConfigError when none does. */
export async function findRunningDatabases(settings: Settings): Promise<Databases['urls']> {
  if (!settings.PLATFORM_DATABASE_URL && !(await findServer(resolve(settings.ZDRAVO_DATA))))
    throw new ConfigError(['no platform runs over this data folder (`npm start`), and no database URL is set']);
  return (await findDatabases(settings)).urls;
}

/** Line 4 of `postmaster.pid` is the port (PostgreSQL, Server-Internal files); its owner tells that it is alive. */
async function findServer(data: string): Promise<string | undefined> {
  if ((await findOwner(join(data, 'postgres'))) === undefined) return undefined;
  try {
    const [pid_file, password] = await Promise.all(
      ['postgres/postmaster.pid', 'postgres.password'].map((name) => readFile(join(data, name), 'utf8')),
    );
    return `postgres://postgres:${password!.trim()}@127.0.0.1:${Number(pid_file!.split('\n')[3])}/postgres`;
  } catch {
    return undefined;
  }
}

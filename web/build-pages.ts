import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { glob, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addressesOf } from '@zdravo/kit/public-client';
import { page_routes } from './page-routes.ts';

const root = import.meta.dirname;
const page_route_addresses = JSON.stringify(addressesOf(page_routes));

/**
 * Builds the pages when their sources changed since the last build, so that `npm start` needs no step of its own.
 * A build appears whole under the hash of its sources: several programs may build at once, and none sees half of it.
 * @returns the folder of the built pages.
 */
export async function buildPages(): Promise<string> {
  const built = join(root, 'dist', await hashSources());
  if (await exists(built)) return built;
  const unfinished = `${built}.${process.pid}`;
  await bundle(unfinished);
  try {
    await rename(unfinished, built);
  } catch (error) {
    if (!(await exists(built))) throw error;
    await rm(unfinished, { recursive: true });
  }
  return built;
}

/** In a process of its own: the bundler's memory and the `NODE_ENV` that it sets end with it. */
async function bundle(folder: string): Promise<void> {
  const program = join(root, 'bundle-pages.ts');
  await promisify(execFile)(process.execPath, [program, folder, page_route_addresses], {
    env: { ...process.env, NODE_NO_WARNINGS: '1' },
  });
}

async function exists(folder: string): Promise<boolean> {
  return stat(folder).then(
    () => true,
    () => false,
  );
}

async function hashSources(): Promise<string> {
  const patterns = [
    'src/**/*',
    'index.html',
    'vite.config.ts',
    'bundle-pages.ts',
    'package.json',
    '../country/ua/{scopes,scopes/*}.ts',
    '../kit/{client,problem,public-client}/*.ts',
    '../package-lock.json',
  ];
  const files: string[] = [];
  for await (const entry of glob(patterns, { cwd: root, withFileTypes: true }))
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
  const hash = createHash('sha256').update(page_route_addresses);
  for (const file of files.sort()) hash.update(`${file.slice(root.length)}\n`).update(await readFile(file));
  return hash.digest('hex').slice(0, 16);
}

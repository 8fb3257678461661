import { createHash } from 'node:crypto';
import { glob, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = import.meta.dirname;
const stamp = join(root, 'dist', 'sources.sha256');

/**
 * Builds the pages when their sources changed since the last build, so that `npm start` needs no step of its own.
 * @returns the folder of the built pages.
 */
export async function buildPages(): Promise<string> {
  const sources = await hashSources();
  const built = await readFile(stamp, 'utf8').catch(() => undefined);
  if (built === sources) return join(root, 'dist');
  // Loaded only when there is something to build: a warm start does not pay for the bundler.
  const { build } = await import('vite');
  await build({ configFile: join(root, 'vite.config.ts'), logLevel: 'warn' });
  await mkdir(join(root, 'dist'), { recursive: true });
  await writeFile(stamp, sources);
  return join(root, 'dist');
}

async function hashSources(): Promise<string> {
  const patterns = [
    'src/**/*',
    'index.html',
    'vite.config.ts',
    'package.json',
    '../country/ua/scopes/*.ts',
    '../package-lock.json',
  ];
  const files: string[] = [];
  for await (const entry of glob(patterns, { cwd: root, withFileTypes: true }))
    if (entry.isFile()) files.push(join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of files.sort()) hash.update(`${file.slice(root.length)}\n`).update(await readFile(file));
  return hash.digest('hex');
}

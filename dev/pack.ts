import { execFile } from 'node:child_process';
import { copyFile, glob, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

// `npm run pack -- LIBRARY FOLDER`: a library of `lib/` as a tarball that `npm install` takes anywhere. Node.js runs no TypeScript
// below `node_modules`, so the types are taken out; nothing else changes. What goes in is what its `files` say, without tests.

const repository = join(import.meta.dirname, '..');
const tests = ['**/*.test.ts', '**/*.d.ts', 'testing/**', 'node_modules/**'];

const [name, folder] = process.argv.slice(2);
const library = join(repository, 'lib', name ?? '');
if (name === undefined || folder === undefined || !/^[a-z]+$/.test(name) || !(await isFolder(library))) {
  console.error('usage: npm run pack -- LIBRARY FOLDER   (LIBRARY: a folder of lib/)');
  process.exitCode = 2;
} else console.log(await pack(resolve(folder)));

type Manifest = { exports: Record<string, string>; bin?: Record<string, string>; files?: string[] } & Record<
  string,
  unknown
>;

/** @returns the path of the tarball. */
async function pack(into: string): Promise<string> {
  const stage = await mkdtemp(join(tmpdir(), 'zdravo-pack-'));
  try {
    const manifest: Manifest = JSON.parse(await readFile(join(library, 'package.json'), 'utf8'));
    const files = await filesOf(manifest);
    for (const file of files) await stageFile(stage, file);
    await copyFile(join(repository, 'LICENSE'), join(stage, 'LICENSE'));
    await writeFile(join(stage, 'package.json'), `${JSON.stringify(published(manifest, files), null, 2)}\n`);
    await mkdir(into, { recursive: true });
    const made = await promisify(execFile)('npm', ['pack', '--silent', '--pack-destination', into], { cwd: stage });
    return join(into, made.stdout.trim());
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

async function filesOf({ files = ['**/*.{ts,md}'] }: Manifest): Promise<string[]> {
  const unwanted = files.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const wanted = files.filter((pattern) => !pattern.startsWith('!'));
  const found = await Array.fromAsync(
    glob(wanted, { cwd: library, exclude: [...tests, ...unwanted], withFileTypes: true }),
  );
  return found.filter((one) => one.isFile()).map((one) => join(one.parentPath, one.name).slice(library.length + 1));
}

async function stageFile(stage: string, file: string): Promise<void> {
  const target = join(stage, asPublished(file));
  await mkdir(dirname(target), { recursive: true });
  if (!/\.m?[jt]s$/.test(file)) return copyFile(join(library, file), target);
  const text = await readFile(join(library, file), 'utf8');
  const script = file.endsWith('.ts') ? stripTypeScriptTypes(text) : text;
  await writeFile(target, script.replaceAll(/(['"])(\.{1,2}\/[^'"\n]+)\.ts\1/g, '$1$2.js$1'));
}

function published({ private: _, devDependencies: _tools, files: _files, ...rest }: Manifest, files: string[]): object {
  const exports = Object.entries(rest.exports).filter(([, path]) => files.includes(path.replace('./', '')));
  return { ...rest, engines: { node: '>=24' }, exports: places(exports), bin: places(Object.entries(rest.bin ?? {})) };
}

function places(paths: [string, string][]): Record<string, string> {
  return Object.fromEntries(paths.map(([key, path]) => [key, asPublished(path)]));
}

function asPublished(path: string): string {
  return path.replace(/\.ts$/, '.js');
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

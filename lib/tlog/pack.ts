import { execFile } from 'node:child_process';
import { copyFile, cp, glob, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

// `node lib/tlog/pack.ts FOLDER` (`npm run -w lib/tlog tarball -- FOLDER`): the library as a tarball that `npm install` takes
// anywhere. Node.js runs no TypeScript below `node_modules`, so the types are taken out; nothing else changes.

const library = import.meta.dirname;
const unpublished = /(^|\/)(testing\/|pack\.ts$)|\.test\.ts$/;

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error('usage: node lib/tlog/pack.ts FOLDER');
  process.exitCode = 2;
} else console.log(await pack(resolve(folder)));

/** @returns the path of the tarball. */
async function pack(into: string): Promise<string> {
  const stage = await mkdtemp(join(tmpdir(), 'zdravo-pack-'));
  try {
    for await (const name of glob('**/*.{ts,js,html,css,md}', { cwd: library }))
      if (!unpublished.test(name) && !name.endsWith('.d.ts')) await stageFile(stage, name);
    await copyFile(join(library, '..', '..', 'LICENSE'), join(stage, 'LICENSE'));
    await writeFile(join(stage, 'package.json'), `${JSON.stringify(await manifest(), null, 2)}\n`);
    await mkdir(into, { recursive: true });
    const { stdout } = await promisify(execFile)('npm', ['pack', '--silent', '--pack-destination', into], {
      cwd: stage,
    });
    return join(into, stdout.trim());
  } finally {
    await rm(stage, { recursive: true, force: true });
  }
}

async function stageFile(stage: string, name: string): Promise<void> {
  const target = join(stage, asPublished(name));
  await mkdir(dirname(target), { recursive: true });
  if (!name.endsWith('.ts')) return cp(join(library, name), target);
  const text = stripTypeScriptTypes(await readFile(join(library, name), 'utf8'));
  await writeFile(target, text.replaceAll(/(['"])(\.{1,2}\/[^'"\n]+)\.ts\1/g, '$1$2.js$1'));
}

async function manifest(): Promise<Record<string, unknown>> {
  const {
    private: _private,
    devDependencies: _tools,
    scripts: _scripts,
    exports,
    bin,
    ...rest
  } = JSON.parse(await readFile(join(library, 'package.json'), 'utf8'));
  const published = Object.entries<string>(exports).filter(([, path]) => !unpublished.test(path));
  const asJavaScript = (paths: [string, string][]) =>
    Object.fromEntries(paths.map(([k, path]) => [k, asPublished(path)]));
  const places = { exports: asJavaScript(published), bin: asJavaScript(Object.entries<string>(bin)) };
  return { ...rest, engines: { node: '>=24' }, ...places };
}

function asPublished(path: string): string {
  return path.replace(/\.ts$/, '.js');
}

import { spawn } from 'node:child_process';
import { glob, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres } from '@zdravo/kit/testing';

// Runs node's test runner over the whole project (or the files that are named) against one PostgreSQL of its own.
// `--long` runs the minutes-long checks, `*.long.test.ts`, instead.

const named = process.argv.slice(2).filter((argument) => argument !== '--long');
const long = process.argv.includes('--long');
const folders = '{kit,lib,modules,country,web,dev,e2e,bench,deploy}';
const files = await testFiles(named.length > 0 ? named : [`${folders}/**/*.test.ts`]);

const directory = await mkdtemp(join(tmpdir(), 'zdravo-test-'));
const postgres = await startPostgres({
  directory: join(directory, 'postgres'),
  settings: [
    'fsync=off',
    'synchronous_commit=off',
    'full_page_writes=off',
    'max_connections=400',
    'shared_buffers=256MB',
  ],
});

const minute = 60_000;
// A file ends when its tests have ended, whatever a failed one left running; without this one failure hangs the run.
const flags = ['--test', '--test-force-exit', '--test-concurrency=2', `--test-timeout=${(long ? 60 : 10) * minute}`];
const child = spawn(process.execPath, [...flags, ...files], {
  stdio: 'inherit',
  env: { ...process.env, ZDRAVO_TEST_POSTGRES_URL: postgres.url, NODE_NO_WARNINGS: '1' },
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
const watchdog = setTimeout(
  () => {
    console.error('The run takes too long: something waits for ever. It is ended here.');
    child.kill('SIGTERM');
  },
  (long ? 240 : 80) * minute,
);
const code = await new Promise<number>((resolve) => child.on('exit', (status) => resolve(status ?? 1)));
clearTimeout(watchdog);
await postgres.stop();
await rm(directory, { recursive: true, force: true });
process.exitCode = code;

async function testFiles(patterns: string[]): Promise<string[]> {
  const found = await Array.fromAsync(glob(patterns, { exclude: (path) => path.includes('node_modules') }));
  const wanted = found.filter((file) => named.length > 0 || file.endsWith('.long.test.ts') === long).sort();
  if (wanted.length === 0) throw new Error(`No test file matches ${patterns.join(' ')}.`);
  return wanted;
}

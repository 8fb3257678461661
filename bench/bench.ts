import { readdir } from 'node:fs/promises';

// `npm run bench -- NAME [--json]`: runs bench/NAME.ts and prints its figures and its ratios against a baseline that is
// measured in the same run. The last line is one JSON object; with --json it is the only one.

type Bench = { run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> };

const helpers = new Set([
  'audit-fill.ts',
  'bench.ts',
  'caller.ts',
  'load.ts',
  'log-writers.ts',
  'platform-under-load.ts',
  'processor-time.ts',
  'raw-statements.ts',
  'registrations.ts',
  'replica-data.ts',
  'replica-slice.ts',
  'warm-caches.ts',
]);
const [name = ''] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));
const only_json = process.argv.includes('--json');
const known = (await readdir(import.meta.dirname))
  .filter((file) => file.endsWith('.ts') && !helpers.has(file))
  .map((file) => file.replace(/\.ts$/, ''));

if (!known.includes(name)) {
  console.error(`usage: npm run bench -- ${known.join('|')} [--json]`);
  process.exit(2);
}
const { figures, ratios } = await ((await import(`./${name}.ts`)) as Bench).run();
if (!only_json) for (const [label, values] of Object.entries({ figures, ratios })) print(label, values);
console.log(JSON.stringify({ bench: name, figures, ratios }));
process.exit(0);

function print(label: string, values: Record<string, number>): void {
  for (const [key, value] of Object.entries(values))
    console.log(`${label.padEnd(8)} ${key.padEnd(28)} ${round(value)}`);
}

function round(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

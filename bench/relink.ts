import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withRegistry } from './linkage/kept-registry.ts';
import { personsOption, type Registry } from './linkage/registry.ts';
import { warmCaches } from './warm-caches.ts';

/**
 * A full relink from the encrypted database: blocks, keys and sealed sketches out of PostgreSQL, compared by two threads,
 * grouped and proposed. `--persons=N` (1,000,000): 4 % of them are there twice. `seconds` is wall time, `rss_mb` the
 * linker's own peak; loading is not counted, and caches are warm. `f1` is of pairs, against the generator's truth.
 */
export function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  return withRegistry(personsOption(1_000_000), async (registry, { count: records, truth, load_seconds }) => {
    await warmCaches([registry.database_url, registry.keys_database_url], ['linkage_sketches', 'wrapped_keys']);
    const { groups, seconds, rss_mb, pairs, proposed, asked } = await relinkOf(registry);
    const found = quality(groups, new Map(truth));
    return { figures: { records, seconds, rss_mb, ...found, pairs, proposed, asked, load_seconds }, ratios: {} };
  });
}

type Relinked = { groups: string[][] } & Record<'seconds' | 'rss_mb' | 'pairs' | 'proposed' | 'asked', number>;

async function relinkOf(registry: Registry): Promise<Relinked> {
  const program = join(import.meta.dirname, 'linkage', 'relink-process.ts');
  const { database_url, keys_database_url, key_file } = registry;
  const { stdout } = await promisify(execFile)(process.execPath, [program, database_url, keys_database_url, key_file], {
    maxBuffer: 1 << 30,
  });
  return JSON.parse(stdout) as Relinked;
}

function quality(groups: string[][], truth: ReadonlyMap<string, string>) {
  const pairsIn = (sizes: Iterable<number>) => [...sizes].reduce((sum, size) => sum + (size * (size - 1)) / 2, 0);
  const sizesOf = (people: Iterable<string>) =>
    [...Map.groupBy(people, (person) => person).values()].map((one) => one.length);
  const true_pairs = pairsIn(sizesOf(truth.values()));
  const found_pairs = pairsIn(groups.map((ids) => ids.length));
  const right = groups.map((ids) => pairsIn(sizesOf(ids.flatMap((id) => truth.get(id) ?? []))));
  const correct = right.reduce((sum, pairs) => sum + pairs, 0);
  return {
    f1: (2 * correct) / (true_pairs + found_pairs),
    wrong_pairs: found_pairs - correct,
    missed_pairs: true_pairs - correct,
  };
}

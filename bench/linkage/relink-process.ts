import { createFileKeyProvider } from '@zdravo/kit/keys';
import { createLogger } from '@zdravo/kit/log';
import { createLinker } from '@zdravo/mpi';

// A linker in a process of its own, so that its memory is told apart from the bench's: relinks and prints what it found.
const [database_url = '', keys_database_url = '', key_file = ''] = process.argv.slice(2);
const linker = await createLinker({
  database_url,
  keys_database_url,
  key_provider: await createFileKeyProvider(key_file),
  log: createLogger({ name: 'linker', level: 'warn' }),
});
const groups: string[][] = [];
const started = performance.now();
const figures = await linker.relink({ workers: 2, onGroup: (ids) => groups.push(ids) });
const seconds = (performance.now() - started) / 1000;
await linker.close();
const rss_mb = process.resourceUsage().maxRSS / 1024;
process.stdout.write(JSON.stringify({ seconds, rss_mb, groups, ...figures }), () => process.exit(0));

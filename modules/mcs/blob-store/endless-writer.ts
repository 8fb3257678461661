import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { openBuiltInStore } from './built-in-store.ts';

/** A process for the durability test to kill: it writes one object for ever into the directory of its first argument. */
const [directory = ''] = process.argv.slice(2);
const credentials = { access_key_id: 'a', secret_access_key: 'b' };
const store = openBuiltInStore({ directory, endpoint: 'http://localhost', buckets: { quarantine: {} }, credentials });

async function* endless() {
  for (;;) {
    yield Buffer.alloc(256 * 1024, 7);
    await pause(5);
  }
}

await store.put({ bucket: 'quarantine', key: 'endless', body: { stream: Readable.from(endless()), size: 2 ** 40 } });

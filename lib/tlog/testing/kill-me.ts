import { openFileCheckpointStore } from '../file-checkpoint-store.ts';
import { createFileTileStore } from '../file-tile-store.ts';

/** Swaps and stores as fast as it can, and says what was acknowledged, until it is killed. Started by a test. */
const directory = process.argv[2]!;
const store = await openFileCheckpointStore(`${directory}/state`);
const tiles = createFileTileStore(`${directory}/tiles`);
let current = await store.get('log');
for (
  let count =
    Number(
      Buffer.from(current ?? '0')
        .toString()
        .split(' ')[0],
    ) + 1;
  ;
  count++
) {
  const next = Buffer.from(`${count} ${'x'.repeat(2000)}`);
  if (!(await store.compareAndSwap('log', current, next))) throw new Error('lost a swap without a rival');
  current = new Uint8Array(next);
  await tiles.putIfAbsent(`tile/0/${String(count % 1000).padStart(3, '0')}`, Buffer.alloc(8192, count));
  process.stdout.write(`${count}\n`);
}

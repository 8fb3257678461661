import { setFlagsFromString } from 'node:v8';

const block_bytes = 8 * 1024;
/** Of what lives after a major collection, before the next. */
const growth_percent = 300;

/**
 * Node cuts small Buffers from blocks of 64 KiB since version 24 (8 before), and whoever keeps one of 32 bytes, a digest or a
 * key, keeps its block: a signature on its way held several. To V8 blocks are memory beyond its heap, of which 64 MiB more start a
 * major collection.
 */
export function cutSmallBuffersFromSmallBlocks(): void {
  Buffer.poolSize = block_bytes;
}

/**
 * For a process that people wait for: memory is given for time. A major collection takes a quarter of a second of processor time
 * from everything beside it, and V8 by itself begins one before two thirds are added to what lives, or after 64 MiB of Buffers.
 */
export function collectSeldom(): void {
  setFlagsFromString(`--heap-growing-percent=${growth_percent}`);
  setFlagsFromString('--external-memory-accounted-in-global-limit');
}

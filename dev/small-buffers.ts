const block_bytes = 8 * 1024;

/**
 * Node cuts small Buffers from blocks of 64 KiB since version 24 (8 before), and whoever keeps one of 32 bytes, a digest or a
 * key, keeps its block: a signature on its way held several. To V8 blocks are memory beyond its heap, of which 64 MiB more start a
 * major collection.
 */
export function cutSmallBuffersFromSmallBlocks(): void {
  Buffer.poolSize = block_bytes;
}

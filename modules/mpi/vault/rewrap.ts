import type { MpiDeps } from '../deps.ts';

const batch_size = 500;

/**
 * Wraps the data keys of persons, sketches and sheets anew under the current generation of their providers: 60 bytes a person, no ciphertext is
 * touched. What is left is what still bears another generation, so that a stopped run goes on where it was.
 */
export async function rewrapKeys(
  deps: Pick<MpiDeps, 'keys' | 'sketch_keys' | 'sheet_keys' | 'log'>,
  signal?: AbortSignal,
): Promise<void> {
  let total = 0;
  while (!signal?.aborted) {
    let changed = 0;
    for (const store of [deps.keys, deps.sketch_keys, deps.sheet_keys]) changed += await store.rewrap(batch_size);
    if (changed === 0) break;
    total += changed;
    deps.log.info({ rewrapped: total }, 'data keys of persons are being wrapped anew');
  }
}

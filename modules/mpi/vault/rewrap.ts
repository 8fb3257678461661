import type { MpiDeps } from '../deps.ts';

const batch_size = 500;

/**
 * Wraps the data keys of persons anew under the provider's current generation: 60 bytes a person, no ciphertext is
 * touched. What is left is what still bears another generation, so that a stopped run goes on where it was.
 */
export async function rewrapKeys(
  deps: Pick<MpiDeps, 'keys' | 'sketch_keys' | 'log'>,
  signal?: AbortSignal,
): Promise<void> {
  let total = 0;
  while (!signal?.aborted) {
    const changed = (await deps.keys.rewrap(batch_size)) + (await deps.sketch_keys.rewrap(batch_size));
    if (changed === 0) break;
    total += changed;
    deps.log.info({ rewrapped: total }, 'data keys of persons are being wrapped anew');
  }
}

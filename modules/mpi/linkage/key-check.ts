import { KeyError, type KeyStore } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { EpochReader } from '../vault/epochs.ts';

const looked_at = 5;

/**
 * Whether the keys at hand open what was sealed for this process, on a few samples at its start: with another key file
 * it would find everything unreadable and do nothing, for days.
 * @param samples who owns something sealed, and how it opens; @param file whose setting the operator should look at.
 * @throws KeyError `key_refused` or `key_unknown` when not one of them opens.
 */
export async function refuseForeignKeys<Sample extends { owner_id: string }>(
  keys: KeyStore,
  samples: readonly Sample[],
  { open, file }: { open: (key: Uint8Array, sample: Sample) => unknown; file: string },
): Promise<void> {
  let refused: KeyError | undefined;
  for (const sample of samples.slice(0, looked_at)) {
    try {
      const key = await keys.find(sample.owner_id);
      if (!key) continue;
      open(key, sample);
      return;
    } catch (error) {
      if (!(error instanceof KeyError)) throw error;
      refused = error;
    }
  }
  if (!refused) return;
  throw new KeyError(
    refused.code,
    'Not one of the sealed rows opens under the keys of this process.',
    `Give it the same ${file} as the process \`mpi\`, with every generation that is still in use.`,
    refused,
  );
}

/** The same for the keys of epochs. @throws KeyError when a generation is there but of another key. */
export async function refuseForeignEpochs({ store }: EpochReader, log: Logger, file: string): Promise<void> {
  await store.check(log).catch((error: unknown) => {
    if (!(error instanceof KeyError)) throw error;
    const hint = `Give it the ${file} whose public half the process \`mpi\` has, with every generation that is still in use.`;
    throw new KeyError(error.code, 'What was sealed for this process does not open under its keys.', hint, error);
  });
}

import { createKeyStore, type KeyProvider, type KeyStore } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { Pool } from 'pg';
import { createEpochReader, createEpochs, type Epoch, type EpochReader } from '../vault/epochs.ts';
import { sketch_epoch_scope, sketch_scope } from './key-scopes.ts';

/** What opens sketches: each person's key, and that of the epoch in which the sketch was sealed. */
export type SketchKeys = {
  persons: KeyStore;
  epochs: EpochReader;
  /** For what the linker seals itself. */
  currentEpoch: () => Promise<Epoch>;
};

type Opening = { pool: Pool; persons: KeyProvider; epochs: KeyProvider; log: Logger };

export function createSketchKeys({ pool, persons, epochs, log }: Opening): SketchKeys {
  const of_epochs = { pool, provider: epochs, scope: sketch_epoch_scope };
  return {
    persons: createKeyStore(pool, persons, sketch_scope),
    epochs: createEpochReader({ ...of_epochs, log }),
    currentEpoch: createEpochs(of_epochs),
  };
}

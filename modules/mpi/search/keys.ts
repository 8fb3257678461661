import type { KeyProvider } from '@zdravo/kit/keys';

/** The keys of the dialogue, one for each use (HKDF), all of one generation. */
export type SearchKeys = {
  key_id: string;
  /** Seals the distributions. */
  seal: Uint8Array;
  /** Draws decoys. */
  decoys: Uint8Array;
  /** Hashes names and questions for the detector of sweeps, and options. */
  marks: Uint8Array;
};

/** A new generation of keys draws new decoys: rotate when keys must be rotated, not every week. */
export async function deriveSearchKeys(provider: KeyProvider): Promise<SearchKeys> {
  const key_id = provider.current_key_id();
  const [seal, decoys, marks] = await Promise.all(
    ['seal', 'decoys', 'marks'].map((use) => provider.derive(`mpi search ${use}`, key_id)),
  );
  return { key_id, seal: seal!, decoys: decoys!, marks: marks! };
}

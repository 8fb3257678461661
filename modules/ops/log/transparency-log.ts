import type { CheckpointStore, Policy, Signer, TileStore } from '@zdravo/tlog';

/** What the log is made of beside the database: keys, stores outside PostgreSQL, and whom it asks to cosign. */
export type TransparencyLog = {
  /** The log's own keys, named by its origin. Only the sequencer's process needs them. */
  signers: readonly Signer[];
  /** Signs promises; every process that answers writes holds it, so it must not be one of `signers`. */
  promise_signer: Signer;
  /** The origin's line, the witnesses and the quorum that must cosign before a checkpoint is published. */
  policy: Policy;
  tiles: TileStore;
  /** Keeps `signed` and `published`; must never be restored from a backup. */
  checkpoints: CheckpointStore;
  /** Puts each published checkpoint beside the tiles, where they are served without us; tried again until it succeeds. */
  on_published?: (checkpoint: Uint8Array) => Promise<void>;
  /** How long one witness is waited for, milliseconds. */
  witness_timeout_ms: number;
};

/** The log's identity: the name of its keys. */
export function originOf({ signers }: Pick<TransparencyLog, 'signers'>): string {
  const names = new Set(signers.map(({ key }) => key.name));
  const [origin] = names;
  if (origin === undefined || names.size !== 1) throw new Error('All keys of a log carry its origin as their name.');
  return origin;
}

/** Names in the checkpoint store. */
export const signed_name = 'signed';
export const published_name = 'published';

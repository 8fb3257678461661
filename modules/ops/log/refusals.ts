/** Why the sequencer stopped: signing on would fork the log or hide that it was cut. Each needs an operator. */
export const LOG_REFUSALS = {
  database_behind:
    'The database holds fewer leaves than the last signed checkpoint: it was restored from an older backup. Nothing is placed until `npm run log -- refill` has filled its log in from the published bundles.',
  database_forked:
    'The database holds other leaves than those that were signed and published. Compare it with the bundles (`npm run audit`); the published log is the one that stands.',
  tiles_damaged:
    'The stored tiles do not lead to the root that was signed. Restore the tile store from a mirror or from the database of a time before.',
  checkpoint_store_lost:
    'The database has published checkpoints, and the store of signed checkpoints is empty or older: it was lost or rolled back. Put the newest published checkpoint into it (`npm run log -- adopt`) after comparing it with what the witnesses hold.',
  witness_ahead:
    'A witness has cosigned a larger tree than the last one that this log remembers to have signed: the store of checkpoints was rolled back or the key is used elsewhere.',
  witness_forked: 'A witness has cosigned another tree of the same size: the key is used elsewhere.',
} as const;

export type LogRefusalCode = keyof typeof LOG_REFUSALS;

/** The sequencer refuses to go on until an operator has acted. */
export class LogRefusal extends Error {
  override readonly name = 'LogRefusal';
  readonly code: LogRefusalCode;

  constructor(code: LogRefusalCode, found: string) {
    super(`${LOG_REFUSALS[code]} Found: ${found}.`);
    this.code = code;
  }
}

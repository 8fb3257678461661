import { type Checkpoint, parseCheckpointText } from './checkpoints.ts';
import { TlogError } from './errors.ts';
import { type Note, parseNote } from './notes.ts';
import { isQuorum, type Policy } from './policies.ts';
import { verifyNote } from './signatures.ts';

/** A witness of the policy, and when it cosigned, in seconds since 1970. */
export type Cosigner = { name: string; timestamp: bigint };

/** What a policy says about a checkpoint whose signatures are all good so far as they are known. */
export type PolicyVerdict = {
  checkpoint: Checkpoint;
  note: Note;
  cosigners: Cosigner[];
  /** Whether the quorum is met; the log's own signature is there in any case. */
  quorum_met: boolean;
};

/**
 * Reads a checkpoint and weighs it by a policy, the quorum as a value: a log asks while it gathers cosignatures.
 * Throws `note_malformed`, `checkpoint_malformed`, `origin_unknown`, `signature_invalid` or `signature_missing`.
 */
export function weighCheckpoint(bytes: Uint8Array, policy: Policy): PolicyVerdict {
  const note = parseNote(bytes);
  const checkpoint = parseCheckpointText(note.text);
  const log_keys = policy.logs.map((log) => log.key).filter((key) => key.name === checkpoint.origin);
  if (log_keys.length === 0) throw new TlogError('origin_unknown', checkpoint.origin);
  if (verifyNote(note, log_keys).length === 0) throw new TlogError('signature_missing', `the log ${checkpoint.origin}`);
  const cosigners = policy.witnesses.flatMap(({ name, key }) =>
    verifyNote(note, [key])
      .slice(0, 1)
      .map(({ timestamp }) => ({ name, timestamp: timestamp! })),
  );
  const quorum_met = isQuorum(policy.quorum, new Set(cosigners.map(({ name }) => name)));
  return { checkpoint, note, cosigners, quorum_met };
}

/** As `weighCheckpoint`, for those who verify: throws `quorum_missing` too. */
export function verifyCheckpoint(bytes: Uint8Array, policy: Policy): Omit<PolicyVerdict, 'quorum_met'> {
  const { quorum_met, ...verdict } = weighCheckpoint(bytes, policy);
  if (!quorum_met) {
    const names = verdict.cosigners.map(({ name }) => name).join(', ');
    throw new TlogError('quorum_missing', `cosigned by ${names || 'none'}`);
  }
  return verdict;
}

import { type Checkpoint, formatCheckpointText, parseCheckpointText } from './checkpoints.ts';
import { TlogError } from './errors.ts';
import type { Signer, VerifierKey } from './keys.ts';
import { encodeNote, type Note, type NoteSignature, parseNote } from './notes.ts';
import { signText, type VerifiedSignature, verifyNote } from './signatures.ts';

/** A checkpoint that at least one trusted key of its log has signed. */
export type OpenedCheckpoint = { checkpoint: Checkpoint; note: Note; signatures: VerifiedSignature[] };

/**
 * Signs a tree head by the log's own keys and gives the note's bytes. `timestamp` (seconds since 1970) is used by
 * cosignature keys alone. Whoever calls this must never sign two heads of one log that are not consistent.
 */
export async function signCheckpoint(input: {
  checkpoint: Checkpoint;
  signers: readonly Signer[];
  timestamp: bigint;
}): Promise<Uint8Array> {
  const text = formatCheckpointText(input.checkpoint);
  const signatures = await Promise.all(
    input.signers.map((signer) => signText(signer, { text, timestamp: input.timestamp })),
  );
  return encodeNote({ text, signatures });
}

/**
 * Reads a checkpoint and verifies it by the keys trusted for its log. Throws `note_malformed`, `checkpoint_malformed`,
 * `signature_invalid`, or `signature_missing` when no key named like the origin has signed.
 */
export function openCheckpoint(bytes: Uint8Array, keys: readonly VerifierKey[]): OpenedCheckpoint {
  const note = parseNote(bytes);
  const checkpoint = parseCheckpointText(note.text);
  const signatures = verifyNote(note, keys);
  if (!signatures.some(({ key }) => key.name === checkpoint.origin)) {
    throw new TlogError('signature_missing', `the log ${checkpoint.origin}`);
  }
  return { checkpoint, note, signatures };
}

/** The note with further signatures at its end; a newer one by the same key takes the older one's place. */
export function addSignatures(note: Note, added: readonly NoteSignature[]): Note {
  const isReplaced = ({ name, id }: NoteSignature) => added.some((other) => other.name === name && other.id === id);
  return { text: note.text, signatures: [...note.signatures.filter((line) => !isReplaced(line)), ...added] };
}

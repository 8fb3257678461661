import { assertAtMost, concatBytes, decodeUtf8, encodeBase64, encodeUtf8, withCode } from './bytes.ts';
import { decodeHash } from './checkpoints.ts';
import { parseDecimal } from './decimal.ts';
import { TlogError } from './errors.ts';
import { MAX_NOTE_BYTES } from './notes.ts';

/** What a log asks of a witness: to cosign a checkpoint that extends the one it cosigned at `old_size`. */
export type AddCheckpoint = { old_size: bigint; proof: Uint8Array[]; checkpoint: Uint8Array };

const MAX_PROOF_HASHES = 63;
const MAX_HEAD_BYTES = 4096;
const BLANK_LINE = encodeUtf8('\n\n');

/** The largest body of an add-checkpoint request that is read. */
export const MAX_ADD_CHECKPOINT_BYTES = MAX_HEAD_BYTES + MAX_NOTE_BYTES;

/** The body of an add-checkpoint request (c2sp.org/tlog-witness). */
export function encodeAddCheckpoint({ old_size, proof, checkpoint }: AddCheckpoint): Uint8Array {
  const head = [`old ${old_size}`, ...proof.map(encodeBase64)].join('\n');
  return concatBytes(encodeUtf8(head), BLANK_LINE, checkpoint);
}

/** Reads an add-checkpoint request; the checkpoint in it is not read yet. Throws `witness_request_malformed` or `too_large`. */
export function parseAddCheckpoint(bytes: Uint8Array): AddCheckpoint {
  assertAtMost(bytes, MAX_ADD_CHECKPOINT_BYTES);
  const blank = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(BLANK_LINE);
  if (blank < 0 || blank > MAX_HEAD_BYTES) throw new TlogError('witness_request_malformed', 'no blank line');
  return withCode('witness_request_malformed', () => {
    const [old_line, ...lines] = decodeUtf8(bytes.subarray(0, blank)).split('\n');
    if (!old_line?.startsWith('old ') || lines.length > MAX_PROOF_HASHES) {
      throw new TlogError('witness_request_malformed', 'old line, or too many hashes');
    }
    return {
      old_size: parseDecimal(old_line.slice('old '.length)),
      proof: lines.map(decodeHash),
      checkpoint: bytes.slice(blank + BLANK_LINE.length),
    };
  });
}

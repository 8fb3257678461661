import { assertAtMost, concatBytes, decodeBase64, decodeUtf8, encodeBase64, encodeUtf8, withCode } from './bytes.ts';
import { type Checkpoint, decodeHash } from './checkpoints.ts';
import { MAX_SIZE, parseDecimal } from './decimal.ts';
import { TlogError } from './errors.ts';
import { assertHash } from './hashing.ts';
import { verifyInclusion } from './inclusion.ts';
import { MAX_NOTE_BYTES } from './notes.ts';
import type { Policy } from './policies.ts';
import { type Cosigner, verifyCheckpoint } from './policy-checks.ts';

/** A proof that an entry was logged, good for ever and without network (c2sp.org/tlog-proof). */
export type Receipt = {
  index: bigint;
  /** From the leaf's sibling up. */
  proof: Uint8Array[];
  /** The signed and cosigned checkpoint, byte for byte. */
  checkpoint: Uint8Array;
  /** Not authenticated: never to be believed as such. */
  extra?: Uint8Array;
};

const FIRST_LINE = 'c2sp.org/tlog-proof@v1';
const MAX_PROOF_HASHES = 63;
const MAX_EXTRA_BYTES = 64 * 1024;
const MAX_HEAD_BYTES = 128 * 1024;
const BLANK_LINE = encodeUtf8('\n\n');

/** The bytes of a `.tlog-proof` file. Throws `receipt_malformed`. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  const { index, proof, checkpoint, extra } = receipt;
  withCode('receipt_malformed', () => proof.forEach(assertHash));
  if (index < 0n || index > MAX_SIZE || proof.length > MAX_PROOF_HASHES)
    throw new TlogError('receipt_malformed', 'range');
  if (extra !== undefined && (extra.length === 0 || extra.length > MAX_EXTRA_BYTES))
    throw new TlogError('receipt_malformed', 'extra');
  const extra_line = extra === undefined ? [] : [`extra ${encodeBase64(extra)}`];
  const head = [FIRST_LINE, ...extra_line, `index ${index}`, ...proof.map(encodeBase64)];
  return concatBytes(encodeUtf8(head.join('\n')), BLANK_LINE, checkpoint);
}

/**
 * Reads a receipt without verifying it; what is accepted encodes to the same bytes again.
 * Throws `receipt_malformed` or `too_large`.
 */
export function parseReceipt(bytes: Uint8Array): Receipt {
  assertAtMost(bytes, MAX_HEAD_BYTES + MAX_NOTE_BYTES);
  const blank = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(BLANK_LINE);
  if (blank < 0 || blank > MAX_HEAD_BYTES)
    throw new TlogError('receipt_malformed', 'no blank line before the checkpoint');
  const [first, ...lines] = withCode('receipt_malformed', () => decodeUtf8(bytes.subarray(0, blank))).split('\n');
  if (first !== FIRST_LINE) throw new TlogError('receipt_malformed', 'first line');
  const extra = lines[0]?.startsWith('extra ') ? readExtra(lines.shift()!) : undefined;
  const index_line = lines.shift() ?? '';
  if (!index_line.startsWith('index ')) throw new TlogError('receipt_malformed', 'index line');
  if (lines.length > MAX_PROOF_HASHES) throw new TlogError('receipt_malformed', 'too many hashes');
  return withCode('receipt_malformed', () => ({
    index: parseDecimal(index_line.slice('index '.length)),
    proof: lines.map(decodeHash),
    checkpoint: bytes.slice(blank + BLANK_LINE.length),
    ...(extra === undefined ? {} : { extra }),
  }));
}

/** What a good receipt proves. */
export type ReceiptVerdict = {
  checkpoint: Checkpoint;
  index: bigint;
  /** Witnesses of the policy, and when they had seen the tree that holds the leaf. */
  cosigners: Cosigner[];
};

/**
 * Verifies a receipt by a policy alone: that the leaf with this hash is in a tree that the log signed and the quorum
 * cosigned. Throws `receipt_malformed`, all that `verifyCheckpoint` throws, `range_invalid` or `proof_invalid`.
 */
export function verifyReceipt(input: { receipt: Uint8Array; leaf_hash: Uint8Array; policy: Policy }): ReceiptVerdict {
  const { index, proof, checkpoint: signed } = parseReceipt(input.receipt);
  const { checkpoint, cosigners } = verifyCheckpoint(signed, input.policy);
  verifyInclusion({ index, proof, leaf_hash: input.leaf_hash, size: checkpoint.size, root: checkpoint.root });
  return { checkpoint, index, cosigners };
}

function readExtra(line: string): Uint8Array {
  const extra = withCode('receipt_malformed', () => decodeBase64(line.slice('extra '.length)));
  if (extra.length === 0 || extra.length > MAX_EXTRA_BYTES) throw new TlogError('receipt_malformed', 'extra');
  return extra;
}

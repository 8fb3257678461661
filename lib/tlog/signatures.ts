import { findAlgorithm, verifyMessage } from './algorithms.ts';
import { concatBytes, encodeUtf8 } from './bytes.ts';
import { parseCheckpointText } from './checkpoints.ts';
import { MAX_SIZE } from './decimal.ts';
import { TlogError } from './errors.ts';
import type { Signer, VerifierKey } from './keys.ts';
import type { Note, NoteSignature } from './notes.ts';
import { SIGNATURE_TYPES } from './signature-types.ts';

/** A signature that was verified; `timestamp` is there for cosignatures, in seconds since 1970. */
export type VerifiedSignature = { key: VerifierKey; timestamp?: bigint; line: NoteSignature };

const TIMESTAMP_BYTES = 8;

/**
 * Verifies every signature of a note that claims to be by a known key, and ignores all others. Throws
 * `signature_invalid` when one of them is false: such a note is to be refused whole (c2sp.org/signed-note, Signatures).
 */
export function verifyNote(note: Note, keys: readonly VerifierKey[]): VerifiedSignature[] {
  return note.signatures.flatMap((line) => {
    const candidates = keys.filter((key) => key.name === line.name && key.id === line.id);
    if (candidates.length === 0) return [];
    const verified = candidates.flatMap((key) => verifySignature(key, note.text, line) ?? []);
    if (verified.length === 0) throw new TlogError('signature_invalid', line.name);
    return verified;
  });
}

/** The signature if it is the key's over this text, else nothing. */
export function verifySignature(key: VerifierKey, text: string, line: NoteSignature): VerifiedSignature | undefined {
  const { bare, timestamp } = splitSignature(key, line.signature);
  if (bare.length !== findAlgorithm(key.type)?.signature_bytes || (timestamp ?? 0n) > MAX_SIZE) return undefined;
  const message = signedMessage(key, text, timestamp ?? 0n);
  if (message === undefined || !verifyMessage(key.key_object, message, bare)) return undefined;
  return timestamp === undefined ? { key, line } : { key, line, timestamp };
}

/**
 * Signs a text. Cosignature keys sign checkpoints only, and say when: `timestamp` in seconds since 1970.
 * Throws `checkpoint_malformed` when a cosignature is asked over anything else.
 */
export async function signText(
  signer: Signer,
  { text, timestamp }: { text: string; timestamp: bigint },
): Promise<NoteSignature> {
  const { key } = signer;
  if (timestamp < 0n || timestamp > MAX_SIZE) throw new TlogError('number_invalid', `timestamp ${timestamp}`);
  const message = signedMessage(key, text, timestamp);
  if (message === undefined) throw new TlogError('checkpoint_malformed', 'a cosignature is over a checkpoint');
  const bare = await signer.sign(message);
  const signature = key.type === SIGNATURE_TYPES.ed25519 ? bare : concatBytes(uint64(timestamp), bare);
  return { name: key.name, id: key.id, signature };
}

/** A cosignature is `struct { u64 timestamp; opaque signature }`, a plain signature is bare (c2sp.org/tlog-cosignature, Format). */
function splitSignature(key: VerifierKey, signature: Uint8Array): { bare: Uint8Array; timestamp?: bigint } {
  if (key.type === SIGNATURE_TYPES.ed25519) return { bare: signature };
  if (signature.length < TIMESTAMP_BYTES) return { bare: new Uint8Array(0) };
  const timestamp = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
  return { bare: signature.subarray(TIMESTAMP_BYTES), timestamp };
}

/** What the algorithm signs; nothing when this type of key cannot sign this text. */
function signedMessage(key: VerifierKey, text: string, timestamp: bigint): Uint8Array | undefined {
  if (key.type === SIGNATURE_TYPES.ed25519) return encodeUtf8(text);
  const head = findTreeHead(text);
  if (head === undefined) return undefined;
  if (key.type === SIGNATURE_TYPES.ed25519_cosignature) return encodeUtf8(`cosignature/v1\ntime ${timestamp}\n${text}`);
  const origin = encodeUtf8(head.origin);
  if (origin.length > 255) return undefined;
  return subtreeMessage({ cosigner_name: encodeUtf8(key.name), timestamp, origin, end: head.size, hash: head.root });
}

function findTreeHead(text: string): ReturnType<typeof parseCheckpointText> | undefined {
  try {
    return parseCheckpointText(text);
  } catch (error) {
    if (error instanceof TlogError) return undefined;
    throw error;
  }
}

/** `cosigned_message` of c2sp.org/tlog-cosignature, ML-DSA-44 signed message, for a whole tree. */
function subtreeMessage(message: {
  cosigner_name: Uint8Array;
  timestamp: bigint;
  origin: Uint8Array;
  end: bigint;
  hash: Uint8Array;
}): Uint8Array {
  const { cosigner_name, timestamp, origin, end, hash } = message;
  return concatBytes(
    encodeUtf8('subtree/v1\n\0'),
    new Uint8Array([cosigner_name.length]),
    cosigner_name,
    uint64(timestamp),
    new Uint8Array([origin.length]),
    origin,
    uint64(0n),
    uint64(end),
    hash,
  );
}

function uint64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value);
  return bytes;
}

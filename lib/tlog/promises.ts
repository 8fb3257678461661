import { decodeBase64, encodeBase64, withCode } from './bytes.ts';
import { parseDecimal } from './decimal.ts';
import { TlogError } from './errors.ts';
import { assertHash } from './hashing.ts';
import type { Signer, VerifierKey } from './keys.ts';
import { encodeNote, parseNote } from './notes.ts';
import { SIGNATURE_TYPES } from './signature-types.ts';
import { signText, verifyNote } from './signatures.ts';

/**
 * A log's word, given at once, that a leaf will be in its tree by a deadline: what a signed certificate timestamp is in
 * RFC 6962 §3.2. Whoever holds one that was not kept holds the proof that the log lost or suppressed an entry.
 */
export type LogPromise = {
  /** Of the log that promises. */
  origin: string;
  leaf_hash: Uint8Array;
  /** When the entry was stored, in seconds since 1970. */
  stored_at: bigint;
  /** The last second by which a checkpoint must cover the leaf. */
  deadline: bigint;
};

const FIRST_LINE = 'zdravo-log-promise/v1';

/**
 * Signs a promise as a note (c2sp.org/signed-note). The key is not the log's own: it stands on every machine that
 * answers writes, and must not be able to sign a tree head. Throws `key_unsupported` for a cosignature key.
 */
export async function signPromise(promise: LogPromise, signer: Signer): Promise<Uint8Array> {
  if (signer.key.type !== SIGNATURE_TYPES.ed25519) throw new TlogError('key_unsupported', 'a promise key is Ed25519');
  const text = formatPromise(promise);
  return encodeNote({ text, signatures: [await signText(signer, { text, timestamp: promise.stored_at })] });
}

/** Reads a promise and verifies it by the keys trusted for promises. Throws `promise_malformed`, `signature_invalid` or `signature_missing`. */
export function verifyPromise(bytes: Uint8Array, keys: readonly VerifierKey[]): LogPromise {
  const note = withCode('promise_malformed', () => parseNote(bytes));
  const promise = parsePromise(note.text);
  if (verifyNote(note, keys).length === 0) throw new TlogError('signature_missing', 'the promise key');
  return promise;
}

/** The text of a promise, the part of the note that is signed. Throws `promise_malformed`. */
export function formatPromise({ origin, leaf_hash, stored_at, deadline }: LogPromise): string {
  withCode('promise_malformed', () => assertHash(leaf_hash));
  if (origin === '' || origin.includes('\n') || stored_at < 0n || deadline < stored_at)
    throw new TlogError('promise_malformed', 'origin or times');
  return [FIRST_LINE, origin, encodeBase64(leaf_hash), stored_at, deadline].map((line) => `${line}\n`).join('');
}

/** Reads the text of a promise; what is accepted formats to the same text again. Throws `promise_malformed`. */
export function parsePromise(text: string): LogPromise {
  const lines = text.split('\n');
  const [first, origin, hash, stored_at, deadline, end, ...rest] = lines;
  if (first !== FIRST_LINE || !origin || !hash || !stored_at || !deadline || end !== '' || rest.length > 0)
    throw new TlogError('promise_malformed', 'five lines expected');
  const promise = withCode('promise_malformed', () => ({
    origin,
    leaf_hash: decodeBase64(hash),
    stored_at: parseDecimal(stored_at),
    deadline: parseDecimal(deadline),
  }));
  formatPromise(promise);
  return promise;
}

import assert from 'node:assert/strict';
import { encodeUtf8, equalBytes } from './bytes.ts';
import { type Checkpoint, parseCheckpointText } from './checkpoints.ts';
import { verifyConsistency } from './consistency.ts';
import { TlogError } from './errors.ts';
import { EMPTY_ROOT, sha256 } from './hashing.ts';
import type { Signer, VerifierKey } from './keys.ts';
import { encodeNote, formatSignatureLines, type NoteSignature, parseNote } from './notes.ts';
import { SIGNATURE_TYPES } from './signature-types.ts';
import { signText } from './signatures.ts';
import { type OpenedCheckpoint, openCheckpoint } from './signed-checkpoints.ts';
import type { CheckpointStore } from './stores.ts';
import { type AddCheckpoint, parseAddCheckpoint } from './witness-requests.ts';

/** A witness: whom it watches, how it signs, and where it remembers. */
export type Witness = {
  /** One record per log: the last checkpoint it cosigned, with those cosignatures. Never to be rolled back. */
  store: CheckpointStore;
  /** The keys trusted for a log, by its origin. */
  logs: ReadonlyMap<string, readonly VerifierKey[]>;
  /** Keys of cosignature types, each under the witness's name. */
  signers: readonly Signer[];
  /** Seconds since 1970. */
  now: () => bigint;
};

/** The answers of c2sp.org/tlog-witness, add-checkpoint, by HTTP status. */
export type WitnessAnswer =
  | { status: 200; cosignatures: string }
  | { status: 400 | 403 | 404 | 422; reason: string }
  | { status: 409; size: bigint };

const MAX_RACES = 16;

/**
 * Handles an add-checkpoint request: cosigns only what extends the checkpoint it cosigned last, and remembers it before
 * it answers. Safe under any number of calls at once: check and update are one compare-and-swap.
 */
export async function addCheckpoint(witness: Witness, body: Uint8Array): Promise<WitnessAnswer> {
  try {
    const request = parseAddCheckpoint(body);
    const { origin } = parseCheckpointText(parseNote(request.checkpoint).text);
    const keys = witness.logs.get(origin);
    if (keys === undefined) return { status: 404, reason: 'unknown log' };
    const opened = openCheckpoint(request.checkpoint, keys);
    if (request.old_size > opened.checkpoint.size) return { status: 400, reason: 'old size above checkpoint size' };
    return await cosignInTurn(witness, request, opened);
  } catch (error) {
    if (error instanceof TlogError) return { status: statusOf(error), reason: error.message };
    throw error;
  }
}

/** The last checkpoint cosigned for a log, for monitors, by the lowercase hex SHA-256 of its origin; nothing if there is none. */
export async function findCosignedCheckpoint(witness: Witness, origin_hash: string): Promise<Uint8Array | undefined> {
  const origin = [...witness.logs.keys()].find((known) => recordName(known) === origin_hash);
  return origin === undefined ? undefined : witness.store.get(recordName(origin));
}

/** Another request may win between check and update: then this one is checked again against what that one left. */
async function cosignInTurn(
  witness: Witness,
  request: AddCheckpoint,
  opened: OpenedCheckpoint,
): Promise<WitnessAnswer> {
  const name = recordName(opened.checkpoint.origin);
  for (let race = 0; race < MAX_RACES; race++) {
    const record = await witness.store.get(name);
    const last = record === undefined ? undefined : parseCheckpointText(parseNote(record).text);
    if (request.old_size !== (last?.size ?? 0n)) return { status: 409, size: last?.size ?? 0n };
    const refusal = findInconsistency(last, opened.checkpoint, request.proof);
    if (refusal !== undefined) return { status: 422, reason: refusal };
    const cosignatures = await cosign(witness, opened);
    const next = encodeNote({ text: opened.note.text, signatures: [...logSignatures(opened), ...cosignatures] });
    if (await witness.store.compareAndSwap(name, record, next)) {
      return { status: 200, cosignatures: formatSignatureLines(cosignatures) };
    }
  }
  throw new Error(`the record of ${opened.checkpoint.origin} changed ${MAX_RACES} times during one request`);
}

function findInconsistency(last: Checkpoint | undefined, next: Checkpoint, proof: Uint8Array[]): string | undefined {
  if (next.size === 0n && !equalBytes(next.root, EMPTY_ROOT)) return 'another root for the empty tree';
  try {
    const { size, root } = last ?? { size: 0n, root: EMPTY_ROOT };
    verifyConsistency({ old_size: size, old_root: root, size: next.size, root: next.root, proof });
    return undefined;
  } catch (error) {
    if (error instanceof TlogError) return error.message;
    throw error;
  }
}

async function cosign({ signers, now }: Witness, { note }: OpenedCheckpoint): Promise<NoteSignature[]> {
  const timestamp = now();
  assert.ok(timestamp > 0n, 'a cosignature says when it was made');
  assert.ok(signers.length > 0 && signers.every(({ key }) => key.type !== SIGNATURE_TYPES.ed25519), 'cosignature keys');
  return Promise.all(signers.map((signer) => signText(signer, { text: note.text, timestamp })));
}

function logSignatures({ signatures }: OpenedCheckpoint): NoteSignature[] {
  return signatures.map(({ line }) => line);
}

/** Lowercase hex SHA-256 of the origin, as in the monitors' address. */
function recordName(origin: string): string {
  return Buffer.from(sha256(encodeUtf8(origin))).toString('hex');
}

function statusOf({ code }: TlogError): 400 | 403 {
  return code === 'signature_invalid' || code === 'signature_missing' ? 403 : 400;
}

import { decodeUtf8, withCode } from './bytes.ts';
import { parseDecimal } from './decimal.ts';
import { TlogError } from './errors.ts';
import type { VerifierKey } from './keys.ts';
import { MAX_NOTE_BYTES, type NoteSignature, parseNote, parseSignatureLines } from './notes.ts';
import { verifySignature } from './signatures.ts';
import { type AddCheckpoint, encodeAddCheckpoint } from './witness-requests.ts';

/** What came of asking a witness; `conflict` says which size it holds, so that one may ask again from there. */
export type CosignResult =
  | { outcome: 'cosigned'; cosignatures: NoteSignature[] }
  | { outcome: 'conflict'; size: bigint }
  | { outcome: 'refused'; status: number };

/**
 * Asks a witness to cosign (c2sp.org/tlog-witness). Cosignatures are verified by the keys given; others are dropped.
 * Throws `witness_answer_malformed` when the answer breaks the protocol or holds no good cosignature by these keys,
 * and what `fetch` throws when the witness cannot be reached in time.
 */
export async function requestCosignatures(input: {
  url: string;
  keys: readonly VerifierKey[];
  request: AddCheckpoint;
  timeout_ms: number;
  fetch?: typeof fetch;
}): Promise<CosignResult> {
  const response = await (input.fetch ?? fetch)(`${input.url.replace(/\/+$/, '')}/add-checkpoint`, {
    method: 'POST',
    headers: { 'content-type': 'text/plain; charset=utf-8' },
    body: Buffer.from(encodeAddCheckpoint(input.request)),
    signal: AbortSignal.timeout(input.timeout_ms),
    redirect: 'error',
  });
  const text = await readText(response);
  if (response.status === 200) return { outcome: 'cosigned', cosignatures: readCosignatures(text, input) };
  if (response.status === 409) return { outcome: 'conflict', size: readSize(text) };
  return { outcome: 'refused', status: response.status };
}

function readCosignatures(
  lines: string,
  { keys, request }: { keys: readonly VerifierKey[]; request: AddCheckpoint },
): NoteSignature[] {
  const { text } = parseNote(request.checkpoint);
  const signatures = withCode('witness_answer_malformed', () => parseSignatureLines(lines));
  const good = signatures.filter((line) => keys.some((key) => isCosignature(key, text, line)));
  if (good.length === 0) throw new TlogError('witness_answer_malformed', 'no good cosignature by a known key');
  return good;
}

/** "The timestamp MUST NOT be zero" (tlog-witness, add-checkpoint). */
function isCosignature(key: VerifierKey, text: string, line: NoteSignature): boolean {
  if (key.name !== line.name || key.id !== line.id) return false;
  return (verifySignature(key, text, line)?.timestamp ?? 0n) > 0n;
}

function readSize(text: string): bigint {
  if (!text.endsWith('\n')) throw new TlogError('witness_answer_malformed', 'size');
  return withCode('witness_answer_malformed', () => parseDecimal(text.slice(0, -1)));
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_NOTE_BYTES) throw new TlogError('witness_answer_malformed', 'too long');
    chunks.push(chunk);
  }
  return withCode('witness_answer_malformed', () => decodeUtf8(new Uint8Array(Buffer.concat(chunks))));
}

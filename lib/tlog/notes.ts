import { assertAtMost, concatBytes, decodeBase64, decodeUtf8, encodeBase64, encodeUtf8, withCode } from './bytes.ts';
import { TlogError } from './errors.ts';
import { isKeyName } from './keys.ts';

/** One signature line: whose it claims to be, and the bytes after the key id. Worth nothing until verified. */
export type NoteSignature = { name: string; id: number; signature: Uint8Array };

/** A signed note as read: the text may only be used after its signatures were verified. */
export type Note = { text: string; signatures: NoteSignature[] };

/** Room for 64 signatures of nearly 5 kB; the specification asks for at least 16. */
export const MAX_NOTE_BYTES = 384 * 1024;
export const MAX_NOTE_SIGNATURES = 64;

const SIGNATURE_START = '— ';

/**
 * Reads a signed note (c2sp.org/signed-note) without verifying it. What is accepted encodes to the same bytes again.
 * Throws `note_malformed` or `too_large`.
 */
export function parseNote(bytes: Uint8Array): Note {
  assertAtMost(bytes, MAX_NOTE_BYTES);
  const whole = withCode('note_malformed', () => decodeUtf8(bytes));
  assertPlainText(whole);
  const blank_line = whole.lastIndexOf('\n\n');
  if (blank_line < 0) throw new TlogError('note_malformed', 'no blank line before the signatures');
  const text = whole.slice(0, blank_line + 1);
  return { text, signatures: parseSignatureLines(whole.slice(blank_line + 2)) };
}

/** Reads signature lines alone, as a witness answers them. Throws `note_malformed`. */
export function parseSignatureLines(lines: string): NoteSignature[] {
  if (!lines.endsWith('\n')) throw new TlogError('note_malformed', 'no newline at the end');
  const signatures = lines.slice(0, -1).split('\n');
  if (signatures.length > MAX_NOTE_SIGNATURES) throw new TlogError('note_malformed', 'too many signatures');
  return signatures.map((line) => withCode('note_malformed', () => parseSignatureLine(line)));
}

/** The bytes of a note. Throws `note_malformed` when the text cannot be one. */
export function encodeNote({ text, signatures }: Note): Uint8Array {
  assertPlainText(text);
  if (!text.endsWith('\n') || signatures.length === 0) throw new TlogError('note_malformed', 'unsigned or unfinished');
  return encodeUtf8(`${text}\n${formatSignatureLines(signatures)}`);
}

/** Signature lines alone, each ended by a newline. */
export function formatSignatureLines(signatures: readonly NoteSignature[]): string {
  return signatures.map((signature) => `${formatSignatureLine(signature)}\n`).join('');
}

function parseSignatureLine(line: string): NoteSignature {
  const [name, base64, ...rest] = line.startsWith(SIGNATURE_START) ? line.slice(SIGNATURE_START.length).split(' ') : [];
  if (name === undefined || base64 === undefined || rest.length > 0 || !isKeyName(name)) {
    throw new TlogError('note_malformed', 'signature line');
  }
  const bytes = decodeBase64(base64);
  if (bytes.length < 5) throw new TlogError('note_malformed', 'signature too short');
  return { name, id: new DataView(bytes.buffer).getUint32(0), signature: bytes.slice(4) };
}

function formatSignatureLine({ name, id, signature }: NoteSignature): string {
  if (!isKeyName(name) || signature.length === 0) throw new TlogError('note_malformed', 'signature');
  const id_bytes = new Uint8Array(4);
  new DataView(id_bytes.buffer).setUint32(0, id);
  return `${SIGNATURE_START}${name} ${encodeBase64(concatBytes(id_bytes, signature))}`;
}

/** "MUST NOT contain any ASCII control characters (those below U+0020) other than newline". */
function assertPlainText(text: string): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  if (/[\u0000-\u0009\u000b-\u001f]/.test(text) || !text.isWellFormed()) {
    throw new TlogError('note_malformed', 'control character');
  }
}

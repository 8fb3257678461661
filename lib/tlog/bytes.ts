import { TlogError, type TlogErrorCode } from './errors.ts';

const utf8_decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const utf8_encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export function encodeUtf8(text: string): Uint8Array {
  return utf8_encoder.encode(text);
}

/** The text of UTF-8 bytes, byte order mark kept, so that encoding it again gives the same bytes. Throws `utf8_invalid`. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return utf8_decoder.decode(bytes);
  } catch (cause) {
    throw new TlogError('utf8_invalid', undefined, { cause });
  }
}

/** Padded base64 (RFC 4648 §4). */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/** Bytes of canonical base64: no white space, padding present, unused bits zero. Throws `base64_invalid`. */
export function decodeBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Buffer.from(text, 'base64'));
  if (encodeBase64(bytes) !== text) throw new TlogError('base64_invalid');
  return bytes;
}

/** Whether two byte strings are equal. Hashes and signatures are public here: no constant time is needed. */
export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.compare(left, right) === 0;
}

/** One byte string out of several. */
export function concatBytes(...parts: Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Throws `too_large` when the input has more bytes than allowed: checked before anything is read from it. */
export function assertAtMost(bytes: Uint8Array, max_bytes: number): void {
  if (bytes.length > max_bytes) throw new TlogError('too_large', `${bytes.length} bytes, at most ${max_bytes}`);
}

/** Runs `read` and turns an error of a lower layer into one of this format's code, the first kept as `cause`. */
export function withCode<T>(code: TlogErrorCode, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof TlogError && cause.code !== 'too_large') throw new TlogError(code, cause.message, { cause });
    throw cause;
  }
}

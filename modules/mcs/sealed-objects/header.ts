import { hash, randomBytes } from 'node:crypto';

/**
 * The first 512 bytes of a sealed object, in clear and bound into every chunk: four letters, log2 of the chunk size,
 * seven random bytes of nonce, the length of the description, the description as JSON, zeros.
 */
export const header_bytes = 512;
export const chunk_bytes = 64 * 1024;
export const tag_bytes = 16;

const magic = Buffer.from('ZSO1');
const chunk_log2 = 16;
const fixed_bytes = 14;

/** Whose object this is and the key that opens it, wrapped: with the key database, a lost row can be made again. */
export type SealDescription = { object_id: string; owner_id: string; wrapped_key: string };

export type SealHeader = { bytes: Buffer; nonce_prefix: Buffer; associated: Buffer; description: SealDescription };

/** Why a sealed object does not open; the text never says which part of which secret was wrong. */
export class SealError extends Error {
  override readonly name = 'SealError';
  readonly code: 'not_sealed' | 'refused' | 'truncated' | 'erased';

  constructor(code: SealError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A header with a fresh nonce prefix; the key that is used with it must be fresh too. */
export function createHeader(description: SealDescription): SealHeader {
  const json = Buffer.from(JSON.stringify(description));
  if (json.length > header_bytes - fixed_bytes) throw new RangeError('The description does not fit into the header');
  const bytes = Buffer.alloc(header_bytes);
  magic.copy(bytes, 0);
  bytes.writeUInt8(chunk_log2, 4);
  randomBytes(7).copy(bytes, 5);
  bytes.writeUInt16BE(json.length, 12);
  json.copy(bytes, fixed_bytes);
  return headerOf(bytes, description);
}

/** Reads a header back. Errors: `not_sealed`. */
export function readHeader(bytes: Buffer): SealHeader {
  const is_ours = bytes.length === header_bytes && bytes.subarray(0, 4).equals(magic) && bytes[4] === chunk_log2;
  if (!is_ours) throw new SealError('not_sealed', 'The object does not start as a sealed one');
  const end = fixed_bytes + bytes.readUInt16BE(12);
  if (end > header_bytes || bytes.subarray(end).some((byte) => byte !== 0)) {
    throw new SealError('not_sealed', 'The header of the sealed object is not well formed');
  }
  return headerOf(bytes, readDescription(bytes.subarray(fixed_bytes, end)));
}

/** The size of a sealed object, known before its bytes are: object storage wants it announced. */
export function sealedSize(plain_size: number): number {
  return header_bytes + plain_size + chunkCount(plain_size) * tag_bytes;
}

/** The other way round, for an object whose record was lost. */
export function plainSize(sealed_size: number): number {
  const chunks = Math.max(1, Math.ceil((sealed_size - header_bytes) / (chunk_bytes + tag_bytes)));
  return sealed_size - header_bytes - chunks * tag_bytes;
}

export function chunkCount(plain_size: number): number {
  return Math.max(1, Math.ceil(plain_size / chunk_bytes));
}

function headerOf(bytes: Buffer, description: SealDescription): SealHeader {
  return { bytes, nonce_prefix: bytes.subarray(5, 12), associated: hash('sha256', bytes, 'buffer'), description };
}

function readDescription(json: Buffer): SealDescription {
  const found: unknown = parse(json);
  const members = ['object_id', 'owner_id', 'wrapped_key'] as const;
  const is_whole =
    typeof found === 'object' &&
    found !== null &&
    members.every((name) => typeof Reflect.get(found, name) === 'string');
  if (is_whole) return found as SealDescription;
  throw new SealError('not_sealed', 'The description of the sealed object is not well formed');
}

function parse(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString('utf8'));
  } catch {
    return undefined;
  }
}

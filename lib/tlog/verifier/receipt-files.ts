import { decodeUtf8, encodeUtf8, withCode } from '../bytes.ts';
import { TlogError } from '../errors.ts';

/** A receipt as the platform's API gives it: the public entry, its proof, and for its readers what opens the entry. */
export type ReceiptFile = {
  entry: Uint8Array;
  receipt: Uint8Array;
  leaf_hash?: string;
  leaf_index?: number;
  checkpoint_size?: number;
  declaration_id?: string;
  version?: number;
  record?: { body: string; seed: string };
};

const MAX_FILE_BYTES = 8 * 1024 * 1024;

/** Reads the API's answer, whole or only its `data`. Throws `receipt_malformed`. */
export function parseReceiptFile(bytes: Uint8Array): ReceiptFile {
  if (bytes.length > MAX_FILE_BYTES) throw new TlogError('too_large', `${bytes.length} bytes`);
  const value = unwrap(parseJson(bytes));
  const entry = textOf(value, 'entry');
  const receipt = textOf(value, 'receipt');
  return {
    entry: encodeUtf8(entry),
    receipt: encodeUtf8(receipt),
    ...optional(value, 'leaf_hash', 'string'),
    ...optional(value, 'leaf_index', 'number'),
    ...optional(value, 'checkpoint_size', 'number'),
    ...optional(value, 'declaration_id', 'string'),
    ...optional(value, 'version', 'number'),
    ...recordOf(value),
  };
}

type Members = Record<string, unknown>;

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(withCode('receipt_malformed', () => decodeUtf8(bytes)));
  } catch (cause) {
    if (cause instanceof TlogError) throw cause;
    throw new TlogError('receipt_malformed', 'not JSON', { cause });
  }
}

function unwrap(value: unknown): Members {
  const inner = isObject(value) && isObject(value['data']) ? value['data'] : value;
  if (!isObject(inner)) throw new TlogError('receipt_malformed', 'an object expected');
  return inner;
}

function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function textOf(value: Members, name: string): string {
  const text = Object.hasOwn(value, name) ? value[name] : undefined;
  if (typeof text !== 'string' || text === '') throw new TlogError('receipt_malformed', `${name} expected`);
  return text;
}

function optional(value: Members, name: string, type: 'string' | 'number'): Partial<ReceiptFile> {
  const found = Object.hasOwn(value, name) ? value[name] : undefined;
  if (found === undefined || found === null) return {};
  if (typeof found !== type) throw new TlogError('receipt_malformed', name);
  return { [name]: found };
}

function recordOf(value: Members): Pick<ReceiptFile, 'record'> {
  const record = Object.hasOwn(value, 'record') ? value['record'] : undefined;
  if (record === undefined || record === null) return {};
  if (!isObject(record)) throw new TlogError('receipt_malformed', 'record');
  return { record: { body: textOf(record, 'body'), seed: textOf(record, 'seed') } };
}

import { decodeBase64, encodeBase64, withCode } from './bytes.ts';
import { MAX_SIZE, parseDecimal } from './decimal.ts';
import { TlogError } from './errors.ts';
import { assertHash } from './hashing.ts';

/** A tree head: what a log says about itself at one size (c2sp.org/tlog-checkpoint). */
export type Checkpoint = {
  /** The log's identity. */
  origin: string;
  /** Leaves in the tree. */
  size: bigint;
  root: Uint8Array;
  /** Opaque further lines; a log of our own writes none. */
  extensions: string[];
};

const MAX_EXTENSIONS = 16;
const MAX_LINE_CHARACTERS = 1024;

/** Reads the text of a checkpoint; what is accepted formats to the same text again. Throws `checkpoint_malformed`. */
export function parseCheckpointText(text: string): Checkpoint {
  const lines = text.split('\n');
  if (lines.pop() !== '') throw new TlogError('checkpoint_malformed', 'no newline at the end');
  const [origin, size, root, ...extensions] = lines;
  if (origin === undefined || size === undefined || root === undefined) {
    throw new TlogError('checkpoint_malformed', 'three lines expected');
  }
  assertLines(origin, extensions);
  return withCode('checkpoint_malformed', () => ({
    origin,
    size: parseDecimal(size),
    root: decodeHash(root),
    extensions,
  }));
}

/** The text of a checkpoint, the part of the note that is signed. Throws `checkpoint_malformed`. */
export function formatCheckpointText({ origin, size, root, extensions }: Checkpoint): string {
  assertLines(origin, extensions);
  withCode('checkpoint_malformed', () => assertHash(root));
  if (size < 0n || size > MAX_SIZE) throw new TlogError('checkpoint_malformed', `size ${size}`);
  return [origin, size, encodeBase64(root), ...extensions].map((line) => `${line}\n`).join('');
}

/** One hash out of its base64. Throws `base64_invalid` or `hash_invalid`. */
export function decodeHash(base64: string): Uint8Array {
  const hash = decodeBase64(base64);
  assertHash(hash);
  return hash;
}

function assertLines(origin: string, extensions: string[]): void {
  const lines = [origin, ...extensions];
  if (lines.some((line) => line === '' || line.includes('\n') || line.length > MAX_LINE_CHARACTERS)) {
    throw new TlogError('checkpoint_malformed', 'a line is empty or too long');
  }
  if (extensions.length > MAX_EXTENSIONS) throw new TlogError('checkpoint_malformed', 'too many extension lines');
}

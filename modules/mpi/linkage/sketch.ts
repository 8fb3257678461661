import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { openEnvelope } from '@zdravo/kit/keys';
import { keyedHash, type Tokens, tokensOf } from '@zdravo/linkage';
import type { Person } from '../contract.ts';
import type { IdentityRules } from '../identity-rules.ts';
import { type Opening, openOfEpoch, type Sealing, sealInEpoch } from '../vault/epochs.ts';
import { blockComposites } from './block-definitions.ts';
import { comparable_fields, sketchValues } from './sketch-fields.ts';

/** Grows when `sketch_fields` change: older sketches are then made anew by a re-index. */
const sketch_version = 1;
export const size_class_bytes = 256;
/** Nonce and tag. */
export const envelope_bytes = 28;
const most_remembered = 50_000;

/** Makes what the linker compares of a person: keyed hashes, from which names cannot be read without the key. */
export type SketchMaker = {
  sketch(person: Person): Buffer;
  /** Tokens of the composites that lead to comparison. */
  blocks(person: Person): string[];
};

export function createSketchMaker(keys: { values: Uint8Array; blocks: Uint8Array }, rules: IdentityRules): SketchMaker {
  const hash = keyedHash(keys.values);
  const block_key = createSecretKey(keys.blocks);
  const fields = comparable_fields.map(({ type }) =>
    remembering((value: string): Tokens => {
      const normalised = value === '' ? null : type.normalise(value);
      return normalised === null ? new Int32Array(0) : tokensOf(type, normalised, hash);
    }),
  );
  return {
    sketch: (person) => encode(sketchValues(person, rules).map((value, field) => fields[field]!(value))),
    blocks: (person) => [
      ...new Set(blockComposites(person, rules).map((composite) => blockToken(block_key, composite))),
    ],
  };
}

/** Names, places and dates repeat, and hashing all deletion variants of one takes fifty times as long as finding it. */
function remembering(make: (value: string) => Tokens): (value: string) => Tokens {
  const known = new Map<string, Tokens>();
  return (value) => {
    const before = known.get(value);
    if (before !== undefined) return before;
    if (known.size >= most_remembered) known.clear();
    const tokens = make(value);
    known.set(value, tokens);
    return tokens;
  };
}

function blockToken(key: KeyObject, composite: readonly string[]): string {
  return createHmac('sha256', key).update(JSON.stringify(composite)).digest().readBigInt64BE(0).toString();
}

/** Version, then for each field the number of its tokens and the tokens, little-endian, padded with zeros to a size class. */
function encode(fields: readonly Tokens[]): Buffer {
  const length = 1 + fields.reduce((sum, tokens) => sum + 2 + tokens.length * 4, 0);
  const bytes = Buffer.alloc(Math.ceil(length / size_class_bytes) * size_class_bytes);
  let at = bytes.writeUInt8(sketch_version, 0);
  for (const tokens of fields) {
    at = bytes.writeUInt16LE(tokens.length, at);
    for (const token of tokens) at = bytes.writeInt32LE(token, at);
  }
  return bytes;
}

/** @throws RangeError for a sketch of another version: a re-index makes it anew. */
export function decodeSketch(bytes: Buffer): Tokens[] {
  const version = bytes.readUInt8(0);
  if (version !== sketch_version) throw new RangeError(`a sketch of version ${version}; expected ${sketch_version}`);
  let at = 1;
  return comparable_fields.map(() => {
    const tokens = new Int32Array(bytes.readUInt16LE(at));
    at += 2;
    for (let i = 0; i < tokens.length; i += 1, at += 4) tokens[i] = bytes.readInt32LE(at);
    return tokens;
  });
}

export type SketchPlace = { person_id: string; key_id: string };

/** The index seals so that only the linker opens. */
export function sealSketch(sealing: Sealing, place: SketchPlace, sketch: Uint8Array): Buffer {
  return sealInEpoch(sealing, sketch, associatedData(place));
}

/** @throws KeyError when keys, bytes or place are not those of the sealing; RangeError for a sketch of another version. */
export function openSketch(opening: Opening, place: SketchPlace, sealed: Uint8Array): Tokens[] {
  return decodeSketch(openBytes(opening, place, sealed));
}

/** The sketch as it was sealed, to seal it anew. */
export function openBytes(opening: Opening, place: SketchPlace, sealed: Uint8Array): Buffer {
  if (isOfNoEpoch(sealed)) return openEnvelope(opening.key, sealed, associatedData(place));
  return openOfEpoch(opening, sealed, associatedData(place));
}

/** Sealed under the person's key alone, which the index can open: `reseal_sketches` brings it into an epoch. */
function isOfNoEpoch(sealed: Uint8Array): boolean {
  return sealed.length % size_class_bytes === envelope_bytes;
}

function associatedData({ person_id, key_id }: SketchPlace): Buffer {
  return Buffer.from(`sketch ${person_id} ${key_id}`);
}

import { createHmac, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { KeyError, type KeyProvider } from '@zdravo/kit/keys';
import type { Person } from '../contract.ts';
import type { IdentityRules } from '../identity-rules.ts';
import { createSketchMaker, type SketchMaker } from '../linkage/sketch.ts';
import {
  type Composite,
  type IdentityKey,
  type IndexDefinition,
  type IndexName,
  identityKeys,
  index_definitions,
} from './composites.ts';

/** 64 bits of an HMAC-SHA-256 as PostgreSQL's bigint, in decimal: JavaScript's numbers are too short for it. */
export type Token = string;

/** The keyed hashes of one generation of index keys. Every index has a key of its own (HKDF), so tokens never meet. */
export type TokenMaker = {
  key_id: string;
  /** The token of one composite in one index. */
  token(index: IndexName | 'identity', composite: Composite): Token;
  indexTokens(person: Person): { index_id: number; token: Token }[];
  identityTokens(person: Person): { strength: IdentityKey['strength']; token: Token }[];
  /** Tells a repeated write from a new one; bound to the person, so that equal contents of two persons do not show. */
  contentMac(person_id: string, canonical: Uint8Array): Buffer;
  /** What the linker compares. */
  sketches: SketchMaker;
  /** Shows whether this is the key that the generation was made with. */
  key_check: Buffer;
};

/** @throws KeyError when the provider does not know the generation. */
export async function createTokenMaker(
  provider: KeyProvider,
  key_id: string,
  rules: IdentityRules,
  definitions: readonly IndexDefinition[] = index_definitions,
): Promise<TokenMaker> {
  const names = [...definitions.map(({ name }) => name), 'identity', 'content', 'check'];
  // A KeyObject makes a MAC in a fifth of the time that raw bytes take.
  const keys = new Map<string, KeyObject>();
  for (const name of names) keys.set(name, createSecretKey(await provider.derive(`mpi index ${name}`, key_id)));
  const token = (index: string, composite: Composite): Token =>
    hmac(keys.get(index)!, JSON.stringify([index, ...composite]))
      .readBigInt64BE(0)
      .toString();
  const sketch_keys = {
    values: await provider.derive('mpi linkage values', key_id),
    blocks: await provider.derive('mpi linkage blocks', key_id),
  };
  return {
    key_id,
    token,
    sketches: createSketchMaker(sketch_keys, rules),
    indexTokens: onceForEach((person) =>
      definitions.flatMap(({ id, name, composites }) =>
        composites(person, rules).map((composite) => ({ index_id: id, token: token(name, composite) })),
      ),
    ),
    identityTokens: onceForEach((person) =>
      identityKeys(person, rules).map(({ strength, composite }) => ({ strength, token: token('identity', composite) })),
    ),
    contentMac: (person_id, canonical) => hmac(keys.get('content')!, person_id, canonical).subarray(0, 16),
    key_check: hmac(keys.get('check')!, 'zdravo mpi key check').subarray(0, 16),
  };
}

/** A write asks for the tokens of the same data several times; data are never changed in place. */
function onceForEach<Tokens>(make: (person: Person) => Tokens): (person: Person) => Tokens {
  const made = new WeakMap<Person, Tokens>();
  return (person) => {
    const before = made.get(person);
    if (before !== undefined) return before;
    const tokens = make(person);
    made.set(person, tokens);
    return tokens;
  };
}

/** @throws KeyError when the generation was made with another key of the same name. */
export function checkGeneration(maker: TokenMaker, key_check: Uint8Array): void {
  if (timingSafeEqual(maker.key_check, key_check)) return;
  throw new KeyError(
    'key_refused',
    `Key generation ${maker.key_id} is not the one that the blind indexes were made with.`,
    'Restore the key file of this installation; with another key every known person would be taken for a new one.',
  );
}

function hmac(key: KeyObject, ...parts: (string | Uint8Array)[]): Buffer {
  const mac = createHmac('sha256', key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

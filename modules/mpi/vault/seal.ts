import { openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import { canonicalJson } from '@zdravo/tlog';
import type { Person } from '../contract.ts';

/** Which version of which person a ciphertext is: bound into it, so that none can be passed off as another. */
export type Place = { person_id: string; version: number };

export type SealedPerson = {
  /** The shape of the plaintext: the contract's `Person`. */
  schema_version: number;
  /** Number of the person's data key; a person has one. */
  data_key: number;
  ciphertext: Buffer;
};

const header = { schema_version: 1, data_key: 1 };
const size_class_bytes = 512;

/**
 * AES-256-GCM under the person's own key over canonical JSON, padded with white space to a size class: a ciphertext
 * tells the class, not the length. @param canonical of `canonicalPerson`.
 */
export function sealPerson(key: Uint8Array, place: Place, canonical: Uint8Array): SealedPerson {
  const padded = Buffer.alloc(Math.ceil((canonical.length + 1) / size_class_bytes) * size_class_bytes, ' ');
  padded.set(canonical);
  return { ...header, ciphertext: sealEnvelope(key, padded, associatedData(place, header)) };
}

/** @throws KeyError `key_refused` when key, bytes, place or header are not those of the sealing. */
export function openPerson(key: Uint8Array, place: Place, sealed: SealedPerson): Person {
  return JSON.parse(openEnvelope(key, sealed.ciphertext, associatedData(place, sealed)).toString()) as Person;
}

const canonical = new WeakMap<Person, Uint8Array>();

/**
 * The bytes that are sealed (RFC 8785), made once: a write asks for them three times, and data are never changed in place.
 * @throws TlogError when the value cannot be said in JSON.
 */
export function canonicalPerson(person: Person): Uint8Array {
  const before = canonical.get(person);
  if (before !== undefined) return before;
  const bytes = canonicalJson(person);
  canonical.set(person, bytes);
  return bytes;
}

function associatedData(place: Place, { schema_version, data_key }: Omit<SealedPerson, 'ciphertext'>): Buffer {
  const later_key = data_key === 1 ? '' : ` key ${data_key}`;
  return Buffer.from(`person ${place.person_id} ${place.version} schema ${schema_version}${later_key}`);
}

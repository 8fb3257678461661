import type { TransactionOf } from '@zdravo/kit/db';
import { type KeyStore, openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import { canonicalJson } from '@zdravo/tlog';
import { sql } from 'kysely';
import type { Person } from './contract.ts';
import type { Tables } from './tables.ts';

export type StoredPerson = { id: string; version: number; pseudonym: string; person: Person };

const size_class_bytes = 512;

/** A person's canonical JSON, padded with white space to a size class, under the person's own key. */
export function sealPerson(person: Person, key: Uint8Array, place: { id: string; version: number }): Buffer {
  const json = Buffer.from(canonicalJson(person));
  const padded = Buffer.alloc(Math.ceil((json.length + 1) / size_class_bytes) * size_class_bytes, ' ');
  json.copy(padded);
  return sealEnvelope(key, padded, associated(place));
}

/** @throws KeyError when key, bytes or place differ from what was sealed. */
export function openPerson(ciphertext: Uint8Array, key: Uint8Array, place: { id: string; version: number }): Person {
  return JSON.parse(openEnvelope(key, ciphertext, associated(place)).toString('utf8')) as Person;
}

/** The newest versions of these persons, decrypted; merged and erased ones are left out. */
export async function readPersons(
  db: TransactionOf<Tables>,
  keys: KeyStore,
  ids: readonly string[],
): Promise<StoredPerson[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('mpi.persons as person')
    .innerJoin('mpi.person_versions as version', (join) =>
      join.onRef('version.person_id', '=', 'person.id').onRef('version.version', '=', 'person.version'),
    )
    .select(['person.id', 'person.version', 'person.pseudonym', 'version.ciphertext'])
    .where(sql<boolean>`person.id = any(${ids}::uuid[])`)
    .where('person.status', '=', 'active')
    .orderBy('person.id')
    .execute();
  const person_keys = await keys.findMany(rows.map((row) => row.id));
  return rows
    .filter((row) => person_keys.has(row.id))
    .map(({ ciphertext, ...row }) => ({ ...row, person: openPerson(ciphertext, person_keys.get(row.id)!, row) }));
}

function associated({ id, version }: { id: string; version: number }): Buffer {
  return Buffer.from(`person ${id} ${version} schema 1`);
}

import { randomBytes, randomUUID } from 'node:crypto';
import { type BinaryRows, createBinaryRows } from '@zdravo/kit/db';
import type { KeyProvider } from '@zdravo/kit/keys';
import type { Person } from '../contract.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import { sketch_scope } from '../linkage/key-scopes.ts';
import { sealSketch } from '../linkage/sketch.ts';
import { factsOf } from '../persons/facts.ts';
import type { Source } from '../persons/write-version.ts';
import type { Epoch } from '../vault/epochs.ts';
import { canonicalPerson, sealPerson } from '../vault/seal.ts';

export type BulkPerson = {
  id: string;
  /** Random when not given; give one when other perimeters' rows are made at the same time. */
  pseudonym?: string;
  person: Person;
  source: Source;
};

/** Each table that a load fills, with the columns in the order of the rows. */
export const copy_targets = {
  sketches: 'mpi.linkage_sketches (person_id, key_id, ciphertext)',
  blocks: 'mpi.linkage_blocks (token, key_id, person_id)',
  keys: 'loaded_keys (purpose, owner_id, key_id, bytes)',
  persons: 'mpi.persons (id, status, version, pseudonym)',
  versions:
    'mpi.person_versions (person_id, version, ciphertext, source_type, source_id, schema_version, data_key, content_mac, written_as)',
  indexes: 'mpi.blind_indexes (token, index_id, key_id, person_id)',
  identity: 'loaded_identity_keys (token, key_id, person_id)',
  facts: 'loaded_facts (pseudonym, person_id, birth_month, gender, deceased_on)',
} as const;

export type Rows = Record<keyof typeof copy_targets, BinaryRows>;

export function createRows(): Rows {
  const names = Object.keys(copy_targets) as (keyof typeof copy_targets)[];
  return Object.fromEntries(names.map((name) => [name, createBinaryRows()])) as Rows;
}

type RowKeys = {
  provider: KeyProvider;
  linkage_provider: KeyProvider;
  sketch_epoch: Epoch;
  generations: LiveGenerations;
};

/** Adds everything that one person is in the two databases, sealed and indexed as `putPerson` does it. */
export async function addPerson(
  rows: Rows,
  { id, pseudonym = randomUUID(), person, source }: BulkPerson,
  { provider, linkage_provider, sketch_epoch, generations }: RowKeys,
): Promise<void> {
  const data_key = randomBytes(32);
  const wrapped = await provider.wrap(data_key, { module: 'mpi', purpose: 'vault', owner_id: id });
  rows.keys.row(4).text('vault').uuid(id).text(wrapped.key_id).bytes(wrapped.bytes);
  rows.persons.row(4).uuid(id).text('active').int4(1).uuid(pseudonym);
  addVersion(rows.versions, { id, person, source, data_key }, generations);
  for (const maker of generations.written) {
    for (const { index_id, token } of maker.indexTokens(person))
      rows.indexes.row(4).int8(token).int2(index_id).text(maker.key_id).uuid(id);
    for (const { token } of maker.identityTokens(person)) rows.identity.row(3).int8(token).text(maker.key_id).uuid(id);
  }
  await addSketches(rows, { id, person }, { provider: linkage_provider, epoch: sketch_epoch, generations });
  const facts = factsOf(person);
  rows.facts.row(5).uuid(pseudonym).uuid(id).date(facts.birth_month).text(facts.gender).date(facts.deceased_on);
}

async function addSketches(
  rows: Rows,
  { id, person }: { id: string; person: Person },
  { provider, epoch, generations }: { provider: KeyProvider; epoch: Epoch; generations: LiveGenerations },
): Promise<void> {
  const key = randomBytes(32);
  const wrapped = await provider.wrap(key, { ...sketch_scope, owner_id: id });
  rows.keys.row(4).text(sketch_scope.purpose).uuid(id).text(wrapped.key_id).bytes(wrapped.bytes);
  for (const { key_id, sketches } of generations.written) {
    const sealed = sealSketch({ key, epoch }, { person_id: id, key_id }, sketches.sketch(person));
    rows.sketches.row(3).uuid(id).text(key_id).bytes(sealed);
    for (const token of sketches.blocks(person)) rows.blocks.row(3).int8(token).text(key_id).uuid(id);
  }
}

function addVersion(
  rows: BinaryRows,
  { id, person, source, data_key }: { id: string; person: Person; source: Source; data_key: Uint8Array },
  generations: LiveGenerations,
): void {
  const canonical = canonicalPerson(person);
  const sealed = sealPerson(data_key, { person_id: id, version: 1 }, canonical);
  rows
    .row(9)
    .uuid(id)
    .int4(1)
    .bytes(sealed.ciphertext)
    .text(source.type)
    .uuid(source.id)
    .int2(sealed.schema_version)
    .int2(sealed.data_key)
    .bytes(generations.serving.contentMac(id, canonical))
    .uuid(id);
}

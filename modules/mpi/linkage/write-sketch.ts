import { byteArray } from '@zdravo/kit/db';
import { type RawBuilder, sql } from 'kysely';
import type { Person } from '../contract.ts';
import type { MpiDeps, MpiTransaction } from '../deps.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import type { Sealing } from '../vault/epochs.ts';
import { sealSketch } from './sketch.ts';

export type Sketching = {
  person_id: string;
  person: Person;
  sealing: Sealing;
  /** Whether there can be no older sketch. */
  is_new: boolean;
};

/** The parts of a write's one statement that bring persons' sketches and blocks up to date and call the linker. */
export function sketchRows({ written }: LiveGenerations, sketchings: readonly Sketching[]): RawBuilder<unknown> {
  const sketches = sketchings.flatMap(({ person_id, person, sealing }) =>
    written.map(({ key_id, sketches: maker }) => {
      return { person_id, key_id, sealed: sealSketch(sealing, { person_id, key_id }, maker.sketch(person)) };
    }),
  );
  const blocks = sketchings.flatMap(({ person_id, person }) =>
    written.flatMap(({ key_id, sketches: maker }) =>
      maker.blocks(person).map((token) => ({ person_id, key_id, token })),
    ),
  );
  const known = sketchings.flatMap(({ person_id, is_new }) => (is_new ? [] : [person_id]));
  return sql`
    sketch (person_id, key_id, ciphertext) as (
      select person_id, key_id, ciphertext
      from unnest(${sketches.map((row) => row.person_id)}::uuid[], ${sketches.map((row) => row.key_id)}::text[],
        ${byteArray(sketches.map((row) => row.sealed))}::bytea[]) as sketch (person_id, key_id, ciphertext)
    ),
    sketched_before (person_id) as (select person_id from unnest(${known}::uuid[]) as known (person_id)),
    sketches_changed as (
      update mpi.linkage_sketches known set ciphertext = sketch.ciphertext
      from sketch join sketched_before before on before.person_id = sketch.person_id
      where known.person_id = sketch.person_id and known.key_id = sketch.key_id
    ),
    sketches_come as (
      insert into mpi.linkage_sketches (person_id, key_id, ciphertext)
      select person_id, key_id, ciphertext from sketch on conflict do nothing
    ),
    block (person_id, key_id, token) as (
      select person_id, key_id, token
      from unnest(${blocks.map((row) => row.person_id)}::uuid[], ${blocks.map((row) => row.key_id)}::text[],
        ${blocks.map((row) => row.token)}::bigint[]) as block (person_id, key_id, token)
    ),
    blocks_gone as (
      delete from mpi.linkage_blocks known
      where known.person_id = any(${known}::uuid[]) and known.key_id = any(${written.map(({ key_id }) => key_id)})
        and not exists (select from block where block.person_id = known.person_id and block.token = known.token)
    ),
    blocks_come as (
      insert into mpi.linkage_blocks (token, key_id, person_id)
      select token, key_id, person_id from block on conflict do nothing
    ),
    queued as (
      insert into mpi.linkage_queue (person_id) select person_id from unnest(${sketchings.map((one) => one.person_id)}::uuid[])
        as queued (person_id)
    )`;
}

/** The same outside a write: for a new generation of keys, and for persons who have no sketch yet. */
export async function writeSketch(
  deps: Pick<MpiDeps, 'sketch_keys' | 'sketch_epoch'>,
  transaction: MpiTransaction,
  { generations, person_id, person }: { generations: LiveGenerations; person_id: string; person: Person },
): Promise<void> {
  const [key, epoch] = await Promise.all([deps.sketch_keys.getOrCreate(person_id), deps.sketch_epoch()]);
  const sketching = { person_id, person, sealing: { key, epoch }, is_new: false };
  await sql`with ${sketchRows(generations, [sketching])} select`.execute(transaction);
}

/** Takes everything by which a person is compared away. */
export async function forgetSketches(transaction: MpiTransaction, person_ids: readonly string[]): Promise<void> {
  for (const table of ['mpi.linkage_sketches', 'mpi.linkage_blocks'] as const)
    await transaction
      .deleteFrom(table)
      .where('person_id', 'in', [...person_ids])
      .execute();
}

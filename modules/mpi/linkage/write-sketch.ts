import { type RawBuilder, sql } from 'kysely';
import type { Person } from '../contract.ts';
import type { MpiDeps, MpiTransaction } from '../deps.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import { sealSketch } from './sketch.ts';

type Sketching = { generations: LiveGenerations; person_id: string; person: Person; key: Uint8Array };

/** The parts of a write's one statement that bring a person's sketches and blocks up to date and call the linker. */
export function sketchRows({ generations, person_id, person, key }: Sketching): RawBuilder<unknown> {
  const { written } = generations;
  const key_ids = written.map((maker) => maker.key_id);
  const sealed = written.map((maker) =>
    sealSketch(key, { person_id, key_id: maker.key_id }, maker.sketches.sketch(person)),
  );
  const blocks = written.flatMap((maker) =>
    maker.sketches.blocks(person).map((token) => ({ token, key_id: maker.key_id })),
  );
  return sql`
    sketch (key_id, ciphertext) as (select * from unnest(${key_ids}::text[], ${sealed}::bytea[])),
    sketch_changed as (
      update mpi.linkage_sketches known set ciphertext = sketch.ciphertext
      from sketch where known.person_id = ${person_id}::uuid and known.key_id = sketch.key_id
    ),
    sketch_come as (
      insert into mpi.linkage_sketches (person_id, key_id, ciphertext)
      select ${person_id}::uuid, key_id, ciphertext from sketch on conflict do nothing
    ),
    block (token, key_id) as (
      select * from unnest(${blocks.map((row) => row.token)}::bigint[], ${blocks.map((row) => row.key_id)}::text[])
    ),
    blocks_gone as (
      delete from mpi.linkage_blocks where person_id = ${person_id}::uuid and token <> all(select token from block)
    ),
    blocks_come as (
      insert into mpi.linkage_blocks (token, key_id, person_id)
      select token, key_id, ${person_id}::uuid from block on conflict do nothing
    ),
    queued as (insert into mpi.linkage_queue (person_id) values (${person_id}::uuid))`;
}

/** The same outside a write: for a new generation of keys, and for persons who have no sketch yet. */
export async function writeSketch(
  deps: Pick<MpiDeps, 'sketch_keys'>,
  transaction: MpiTransaction,
  sketching: Omit<Sketching, 'key'>,
): Promise<void> {
  const key = await deps.sketch_keys.getOrCreate(sketching.person_id);
  await sql`with ${sketchRows({ ...sketching, key })} select`.execute(transaction);
}

/** Takes everything by which a person is compared away. */
export async function forgetSketches(transaction: MpiTransaction, person_ids: readonly string[]): Promise<void> {
  for (const table of ['mpi.linkage_sketches', 'mpi.linkage_blocks'] as const)
    await transaction
      .deleteFrom(table)
      .where('person_id', 'in', [...person_ids])
      .execute();
}

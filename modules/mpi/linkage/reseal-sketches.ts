import { randomUUID } from 'node:crypto';
import { KeyError } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { type Epoch, openEach } from '../vault/epochs.ts';
import { envelope_bytes, openBytes, type SketchPlace, sealSketch, size_class_bytes } from './sketch.ts';
import { recordRun } from './sketch-audit.ts';
import type { SketchKeys } from './sketch-keys.ts';

type Resealing = { db: Kysely<Tables>; keys: SketchKeys; log: Logger };
type Row = SketchPlace & { ciphertext: Buffer };

/** With the place that it has come to. */
type Pass = SketchPlace & { id: string };

const read_at_once = 1000;

/**
 * Brings sketches that are sealed under the person's key alone, which the index can open, into an epoch: by passes over all
 * of them, until one finds none. It may be stopped at any moment and goes on where it was; what the index writes meanwhile stays.
 * @returns how many were sealed anew.
 */
export async function resealSketches(deps: Resealing, signal?: AbortSignal): Promise<number> {
  let total = 0;
  for (;;) {
    const pass = await openPass(deps.db);
    if (!pass) return total;
    total += await runPass(deps, pass, signal);
    if (signal?.aborted) return total;
  }
}

async function openPass(db: Kysely<Tables>): Promise<Pass | undefined> {
  const { rows } = await sql<Pass>`
    select id, person_id, key_id from mpi.sketch_resealings where finished_at is null`.execute(db);
  return rows[0];
}

async function runPass(deps: Resealing, pass: Pass, signal?: AbortSignal): Promise<number> {
  const run = { id: randomUUID(), detail: {} };
  await recordRun(deps.db, { ...run, action: 'linkage.resealing_started' });
  let resealed = 0;
  let place: SketchPlace | undefined = pass;
  while (place && !signal?.aborted) {
    const rows = await readAfter(deps.db, place);
    const unbound = rows.flatMap(({ ciphertext, ...row }) => (ciphertext ? [{ ...row, ciphertext }] : []));
    const done = unbound.length === 0 ? 0 : await store(deps.db, unbound, await seal(deps, unbound));
    resealed += done;
    place = rows.at(-1);
    if (place) await keepPlace(deps.db, { ...place, id: pass.id }, done);
    else await finishPass(deps.db, pass);
  }
  await recordRun(deps.db, { ...run, action: 'linkage.resealed', detail: { resealed } });
  return resealed;
}

/** The next sketches, with the bytes of those of no epoch; their length tells them apart. */
async function readAfter(db: Kysely<Tables>, { person_id, key_id }: SketchPlace) {
  const { rows } = await sql<SketchPlace & { ciphertext: Buffer | null }>`
    select person_id, key_id,
      case when octet_length(ciphertext) % ${size_class_bytes} = ${envelope_bytes} then ciphertext end as ciphertext
    from mpi.linkage_sketches where (person_id, key_id) > (${person_id}::uuid, ${key_id})
    order by person_id, key_id limit ${read_at_once}`.execute(db);
  return rows;
}

async function keepPlace(db: Kysely<Tables>, { id, person_id, key_id }: Pass, done: number): Promise<void> {
  await sql`
    update mpi.sketch_resealings
    set person_id = ${person_id}::uuid, key_id = ${key_id}, resealed = resealed + ${done}, updated_at = now()
    where id = ${id}`.execute(db);
}

/** A process of before may have written meanwhile: another pass looks for that, unless this one found nothing. */
async function finishPass(db: Kysely<Tables>, { id }: Pass): Promise<void> {
  await sql`
    with finished as (
      update mpi.sketch_resealings set finished_at = now(), updated_at = now()
      where id = ${id} and finished_at is null returning resealed
    )
    insert into mpi.sketch_resealings (resealed) select 0 from finished where resealed > 0`.execute(db);
}

/** @returns for each row what it is sealed as now; those that do not open are told and stay as they are. */
async function seal({ keys, log }: Resealing, rows: readonly Row[]): Promise<(Buffer | null)[]> {
  const [own, epoch] = await Promise.all([
    openEach(
      { store: keys.persons, log },
      rows.map(({ person_id }) => person_id),
    ),
    keys.currentEpoch(),
  ]);
  return rows.map((row) => {
    const key = own.get(row.person_id);
    return key ? sealAnew({ key, epoch, log }, row) : null;
  });
}

function sealAnew({ key, epoch, log }: { key: Uint8Array; epoch: Epoch; log: Logger }, row: Row): Buffer | null {
  try {
    return sealSketch({ key, epoch }, row, openBytes({ key, epochs: new Map() }, row, row.ciphertext));
  } catch (error) {
    if (!(error instanceof KeyError)) throw error;
    log.error(
      { err: error, person_id: row.person_id },
      'a sketch does not open; the next change of the person makes it anew',
    );
    return null;
  }
}

async function store(db: Kysely<Tables>, rows: readonly Row[], sealed: readonly (Buffer | null)[]): Promise<number> {
  const { numAffectedRows } = await sql`
    update mpi.linkage_sketches known set ciphertext = resealed.ciphertext
    from unnest(${rows.map((row) => row.person_id)}::uuid[], ${rows.map((row) => row.key_id)}::text[],
      ${rows.map((row) => row.ciphertext)}::bytea[], ${sealed}::bytea[]) as resealed (person_id, key_id, before, ciphertext)
    where known.person_id = resealed.person_id and known.key_id = resealed.key_id and known.ciphertext = resealed.before
      and resealed.ciphertext is not null`.execute(db);
  return Number(numAffectedRows ?? 0);
}

import { KeyError } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { type Kysely, sql } from 'kysely';
import type { MpiTransaction } from '../deps.ts';
import type { Tables } from '../tables.ts';
import { type Matching, matchOnline, servingKey } from './match-online.ts';
import { openServingModel, type ServingModel } from './models.ts';
import { type Judged, propose } from './propose.ts';
import { recordOpened } from './sketch-audit.ts';
import type { SketchKeys } from './sketch-keys.ts';

type QueueDeps = { db: Kysely<Tables>; keys: SketchKeys; log: Logger };
type Waiting = { position: number; person_id: string };

const batch_size = 100;

/**
 * Compares all who wait now. A batch, what came of it and its audit rows are one transaction: a linker that dies in
 * between compares them again. Who shares a block with somebody whose key this process does not have yet goes back to
 * the queue.
 * @returns how many were compared.
 */
export async function compareQueue(deps: QueueDeps): Promise<number> {
  const last = await lastPosition(deps.db);
  if (last === null) return 0;
  const model = await openServingModel(deps.db);
  let compared = 0;
  for (;;) {
    const batch = await deps.db.transaction().execute((transaction) => compareBatch(deps, transaction, model, last));
    if (batch.taken === 0) return compared;
    compared += batch.compared;
  }
}

async function lastPosition(db: Kysely<Tables>): Promise<number | null> {
  const { rows } = await sql<{ last: number | null }>`select max(position) as last from mpi.linkage_queue`.execute(db);
  return rows[0]!.last;
}

async function compareBatch(
  deps: QueueDeps,
  transaction: MpiTransaction,
  model: ServingModel,
  last: number,
): Promise<{ taken: number; compared: number }> {
  const { rows } = await sql<Waiting>`
    delete from mpi.linkage_queue where position in (
      select position from mpi.linkage_queue where position <= ${last} order by position limit ${batch_size} for update skip locked
    ) returning position, person_id`.execute(transaction);
  if (rows.length === 0) return { taken: 0, compared: 0 };
  const opened = new Set<string>();
  const key_id = await servingKey(transaction);
  const onOpened = (ids: Iterable<string>) => {
    for (const id of ids) opened.add(id);
  };
  const matching = { ...deps, db: transaction, key_id, model, onOpened };
  const waiting = [...new Set(rows.map((row) => row.person_id))];
  const { judged, postponed } = await compareAll(matching, waiting);
  await propose(transaction, judged);
  await putBack(transaction, postponed);
  const request_id = `linker-${rows[0]!.position}`;
  await recordOpened(transaction, { request_id, action: 'sketch.compared', person_ids: [...opened] });
  return { taken: rows.length, compared: rows.length - postponed.length };
}

/**
 * All at once; one by one when a generation of keys is not here: whoever needs it waits until the operator brings it, everybody
 * else is compared.
 */
async function compareAll(
  matching: Matching,
  person_ids: readonly string[],
): Promise<{ judged: Judged[]; postponed: string[] }> {
  try {
    return { judged: [...(await matchOnline(matching, person_ids)).values()].flat(), postponed: [] };
  } catch (error) {
    if (!(error instanceof KeyError) || error.code !== 'key_unknown') throw error;
    if (person_ids.length === 1) {
      matching.log.error({ err: error }, `somebody cannot be compared yet: ${error.hint}`);
      return { judged: [], postponed: [...person_ids] };
    }
  }
  const each = [];
  for (const person_id of person_ids) each.push(await compareAll(matching, [person_id]));
  return { judged: each.flatMap(({ judged }) => judged), postponed: each.flatMap(({ postponed }) => postponed) };
}

async function putBack(transaction: MpiTransaction, person_ids: readonly string[]): Promise<void> {
  if (person_ids.length === 0) return;
  await sql`insert into mpi.linkage_queue (person_id) select unnest(${[...person_ids]}::uuid[])`.execute(transaction);
}

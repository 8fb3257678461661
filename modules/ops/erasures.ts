import { type KeyObject, randomBytes } from 'node:crypto';
import { retryOnConflict } from '@zdravo/kit/db';
import type { KeyStore } from '@zdravo/kit/keys';
import { conflict } from '@zdravo/kit/problem';
import { canonicalJson, hashLeaf } from '@zdravo/tlog';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { ErasureOrder } from './contract.ts';
import { findParents, lockPersons, type OpsDeps, overtaken } from './declarations.ts';
import { listLiving } from './read-declarations.ts';
import type { Tables } from './tables.ts';
import { nextVersion } from './transitions.ts';
import { commitment, handleOf } from './versions.ts';
import { type WriteContext, writeVersions } from './write-version.ts';

export type Erasure = { person_ids: string[]; erased_at: string };

/** Why nobody may be forgotten yet: declarations that live, and when the last one ended. */
export type ErasureObstacles = { living: string[]; last_ended_at: string | null };

/** What stands against the erasure of a person, counting all who were merged into them. */
export async function findErasureObstacles(db: Kysely<Tables>, person_id: string): Promise<ErasureObstacles> {
  return obstaclesOf(db, await familyOf(db, person_id));
}

/**
 * Erases a person and all who were merged into them: a leaf per id commits to the order, nothing more is stored under
 * these ids, then the keys go for good, and with them whatever opens the persons' leaves. Safe to repeat.
 * @throws Problem 409 `declaration_lives`, unless the order ends what lives; `retention` when the last declaration ended
 * after `last_ended_before`.
 */
export async function putErasure(
  deps: OpsDeps,
  person_id: string,
  order: ErasureOrder,
  context: WriteContext,
): Promise<Erasure> {
  const erasure = await retryOnConflict(() =>
    deps.db.transaction().execute((transaction) => erase(deps, transaction, { person_id, order, context })),
  );
  await dropErasedKeys(deps, erasure.person_ids);
  return erasure;
}

type Request = { person_id: string; order: ErasureOrder; context: WriteContext };

async function erase(
  deps: OpsDeps,
  transaction: Transaction<Tables>,
  { person_id, order, context }: Request,
): Promise<Erasure> {
  const person_ids = await familyOf(transaction, person_id);
  await lockPersons(transaction, person_ids);
  if ((await familyOf(transaction, person_id)).join() !== person_ids.join()) throw overtaken();
  const buried = new Set((await findErased(transaction, person_ids)).map((row) => row.person_id));
  if (!buried.has(person_id)) await clearTheWay(deps, transaction, { person_ids, order, context });
  for (const id of person_ids) if (!buried.has(id)) await bury(deps, transaction, id, order, context);
  const [first] = await findErased(transaction, [person_id]);
  return { person_ids, erased_at: first!.erased_at };
}

async function clearTheWay(
  deps: OpsDeps,
  transaction: Transaction<Tables>,
  { person_ids, order, context }: Omit<Request, 'person_id'> & { person_ids: string[] },
): Promise<void> {
  const { living, last_ended_at } = await obstaclesOf(transaction, person_ids);
  if (living.length > 0 && !order.end_living)
    throw conflict('The person has a living declaration; it has to end first.', 'declaration_lives');
  const { last_ended_before } = order;
  if (
    last_ended_before !== undefined &&
    last_ended_at !== null &&
    Date.parse(last_ended_at) > Date.parse(last_ended_before)
  )
    throw conflict('The records of this person have to be kept for now.', 'retention');
  if (living.length === 0) return;
  const now = deps.clock.now().toISOString();
  const change = {
    op: 'terminate',
    status: 'terminated',
    actor_id: order.approved_by,
    reason: 'person_erased',
  } as const;
  const versions = (await listLiving(transaction, person_ids)).map((one) => ({
    body: nextVersion(one, change, now),
    context,
  }));
  await writeVersions(transaction, deps, versions, await deps.keys.findMany(person_ids));
}

/** Row, waiting leaf and audit row of one forgotten id. */
async function bury(
  { handle_key }: OpsDeps,
  transaction: Transaction<Tables>,
  person_id: string,
  order: ErasureOrder,
  context: WriteContext,
): Promise<void> {
  const { end_living: _end, last_ended_before: _before, ...said } = order;
  const body = Buffer.from(canonicalJson({ person_id, ...said }));
  const seed = randomBytes(32);
  const entry = erasureEntry({ person_id, body, seed }, handle_key);
  await sql`
    with erasure as (
      insert into ops.erasures (person_id, order_id, body, seed, leaf_hash)
      values (${person_id}, ${order.order_id}, ${body}, ${seed}, ${Buffer.from(hashLeaf(entry))})
    ), leaf as (
      insert into ops.pending_leaves (kind, record_id, version, entry) values ('erasure', ${person_id}, 1, ${entry})
    )
    insert into ops.audit_log (request_id, actor_id, client_id, action, resource, resource_id, detail)
    values (${context.request_id}, ${order.approved_by}, ${context.client_id ?? null}, 'erase', 'person', ${person_id},
      ${JSON.stringify({ order_id: order.order_id })}::jsonb)`.execute(transaction);
}

/** The public leaf of an erasure: anyone counts them, nobody sees whose. */
export function erasureEntry(
  { person_id, body, seed }: { person_id: string; body: Uint8Array; seed: Uint8Array },
  handle_key: KeyObject,
): Buffer {
  return Buffer.from(
    canonicalJson({
      c: commitment(seed, body).toString('base64'),
      h: handleOf(`erasure ${person_id}`, handle_key),
      k: 'erasure',
      n: 1,
      op: 'erase',
      v: 1,
    }),
  );
}

/**
 * Drops the keys of erased persons that are still there: after each erasure, and as a job after a crash between the two
 * databases.
 * @param person_ids only these.
 */
export async function dropErasedKeys(
  { db, keys }: { db: Kysely<Tables>; keys: KeyStore },
  person_ids?: readonly string[],
): Promise<number> {
  let open = db.selectFrom('ops.erasures').select('person_id').where('keys_dropped_at', 'is', null).limit(1000);
  if (person_ids) open = open.where('person_id', 'in', person_ids);
  const rows = await open.execute();
  for (const { person_id } of rows) {
    await keys.drop(person_id);
    await db
      .updateTable('ops.erasures')
      .set({ keys_dropped_at: sql`now()` })
      .where('person_id', '=', person_id)
      .execute();
  }
  return rows.length;
}

/** The person's parent, if they were merged, and all whom it stands for; sorted. */
async function familyOf(db: Kysely<Tables>, person_id: string): Promise<string[]> {
  const parent_id = (await findParents(db, [person_id])).get(person_id) ?? person_id;
  const merged = await db
    .selectFrom('ops.person_aliases')
    .select('person_id')
    .where('parent_id', '=', parent_id)
    .execute();
  return [...new Set([person_id, parent_id, ...merged.map((row) => row.person_id)])].sort();
}

async function findErased(
  db: Kysely<Tables>,
  person_ids: readonly string[],
): Promise<{ person_id: string; erased_at: string }[]> {
  return db
    .selectFrom('ops.erasures')
    .select(['person_id', 'erased_at'])
    .where('person_id', 'in', person_ids)
    .execute();
}

async function obstaclesOf(db: Kysely<Tables>, person_ids: readonly string[]): Promise<ErasureObstacles> {
  const rows = await db
    .selectFrom('ops.declaration_heads')
    .select(['id', 'status', 'updated_at'])
    .where('person_id', 'in', person_ids)
    .execute();
  const isLiving = ({ status }: { status: string }) => status === 'active' || status === 'pending_verification';
  const ended = rows.filter((row) => !isLiving(row)).map((row) => row.updated_at);
  return { living: rows.filter(isLiving).map(({ id }) => id), last_ended_at: ended.sort().at(-1) ?? null };
}

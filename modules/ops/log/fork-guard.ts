import { createHash } from 'node:crypto';
import { openCheckpoint } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { readFrontier } from './placing.ts';
import type { PublishedEdge } from './published-edge.ts';
import { LogRefusal } from './refusals.ts';
import { originOf, type TransparencyLog } from './transparency-log.ts';

/**
 * Compares the database with the last signed checkpoint. A database that was restored from a backup has fewer leaves
 * than were signed; placing new ones there would give the log two leaves of one index.
 * @throws LogRefusal `database_behind` or `checkpoint_store_lost`.
 */
export async function refuseFork(db: Kysely<Tables>, signed: PublishedEdge): Promise<void> {
  const frontier = await readFrontier(db);
  if (frontier.end < signed.size)
    throw new LogRefusal('database_behind', `${frontier.end} leaves in the database, ${signed.size} signed`);
  const { rows } = await sql<{ size: number | null }>`select max(size) as size from ops.log_checkpoints`.execute(db);
  const published = rows[0]?.size ?? null;
  if (published !== null && (!signed.note || BigInt(published) > signed.size))
    throw new LogRefusal('checkpoint_store_lost', `${published} leaves published, ${signed.size} in the store`);
}

/**
 * Asks every witness what it cosigned last (c2sp.org/tlog-witness, monitors): none may know more than we do. A witness
 * that cannot be reached is passed over; it will say so itself when it is asked to cosign.
 * @throws LogRefusal `witness_ahead` or `witness_forked`.
 */
export async function refuseWitnessFork(
  log: TransparencyLog,
  signed: Pick<PublishedEdge, 'size' | 'root'>,
): Promise<void> {
  const seen = await Promise.all(
    log.policy.witnesses.map(async ({ name, url }) => ({ name, note: await ask(log, url) })),
  );
  const keys = log.signers.map(({ key }) => key);
  for (const { name, note } of seen) {
    if (!note) continue;
    const { checkpoint } = openCheckpoint(note, keys);
    if (checkpoint.size > signed.size)
      throw new LogRefusal('witness_ahead', `${name} holds ${checkpoint.size} leaves, signed are ${signed.size}`);
    if (checkpoint.size === signed.size && !Buffer.from(checkpoint.root).equals(signed.root))
      throw new LogRefusal('witness_forked', `${name} holds another root at ${signed.size} leaves`);
  }
}

async function ask(log: TransparencyLog, url: string | undefined): Promise<Uint8Array | undefined> {
  if (url === undefined) return undefined;
  const origin_hash = createHash('sha256').update(originOf(log)).digest('hex');
  try {
    const signal = AbortSignal.timeout(log.witness_timeout_ms);
    const response = await fetch(`${url.replace(/\/+$/, '')}/${origin_hash}/checkpoint`, { signal, redirect: 'error' });
    return response.ok ? new Uint8Array(await response.arrayBuffer()) : undefined;
  } catch {
    return undefined;
  }
}

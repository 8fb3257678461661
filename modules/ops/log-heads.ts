import { notFound, unavailable } from '@zdravo/kit/problem';
import { EMPTY_ROOT } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { Tables } from './tables.ts';

export type LogHead = { hash: string; size: number; at: string };

export type HeadCache = {
  latest(): Promise<LogHead>;
  /** Refuses writes while the sequencer is so late that promises could not be kept. @throws Problem 503. */
  refuseWhenBehind(): void;
};

const fresh_ms = 250;
const latest_lag_s = 30;

/** The newest head, read at most four times a second, and with it how long the oldest leaf has been waiting. */
export function createHeadCache(db: Kysely<Tables>): HeadCache {
  let head: LogHead | undefined;
  let lag_s = 0;
  let read_at = 0;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    const { rows } = await sql<{ size: number; root: Buffer; at: string; lag_s: number }>`
      select size, root, at, coalesce(extract(epoch from now() - (
        select inserted_at from ops.pending_leaves order by position limit 1)), 0)::float8 as lag_s
      from ops.log_heads order by size desc limit 1`.execute(db);
    const row = rows[0];
    head = row ? { hash: seedOf(row.root), size: row.size, at: row.at } : await emptyHead(db);
    lag_s = row?.lag_s ?? 0;
    read_at = Date.now();
  }

  async function refresh(): Promise<void> {
    reading ??= read().finally(() => {
      reading = undefined;
    });
    await reading;
  }

  return {
    latest: async () => {
      if (!head || Date.now() - read_at > fresh_ms) await refresh();
      return head!;
    },
    refuseWhenBehind: () => {
      if (Date.now() - read_at > fresh_ms) void refresh().catch(() => {});
      if (lag_s > latest_lag_s)
        throw unavailable('The log is behind; nothing is stored until it has caught up.', 5, 'log_behind');
    },
  };
}

/** When a root was the head. @throws Problem 404 when it never was. */
export async function getHead(db: Kysely<Tables>, hash: string): Promise<LogHead & { superseded_at: string | null }> {
  const root = rootOf(hash);
  if (root?.equals(EMPTY_ROOT)) return { ...(await emptyHead(db)), superseded_at: await firstHeadAt(db) };
  const found = root && (await db.selectFrom('ops.log_heads').selectAll().where('root', '=', root).executeTakeFirst());
  if (!found) throw notFound('This was never a head of the log.', 'head_unknown');
  const next = await db
    .selectFrom('ops.log_heads')
    .select('at')
    .where('size', '>', found.size)
    .orderBy('size')
    .limit(1)
    .executeTakeFirst();
  return { hash: seedOf(found.root), size: found.size, at: found.at, superseded_at: next?.at ?? null };
}

/** The form that clients of v2.0 sign: `\x` and lower-case hex. */
export function seedOf(root: Uint8Array): string {
  return `\\x${Buffer.from(root).toString('hex')}`;
}

function rootOf(hash: string): Buffer | undefined {
  return /^\\x[0-9a-f]{64}$/.test(hash) ? Buffer.from(hash.slice(2), 'hex') : undefined;
}

async function emptyHead(_db: Kysely<Tables>): Promise<LogHead> {
  return { hash: seedOf(EMPTY_ROOT), size: 0, at: '1970-01-01T00:00:00.000000Z' };
}

async function firstHeadAt(db: Kysely<Tables>): Promise<string | null> {
  const first = await db.selectFrom('ops.log_heads').select('at').orderBy('size').limit(1).executeTakeFirst();
  return first?.at ?? null;
}

import { createGroupedLookup, type GroupedLookup } from '@zdravo/kit/groups';
import { notFound, unavailable } from '@zdravo/kit/problem';
import { EMPTY_ROOT } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { createGlance } from './glances.ts';

export type LogHead = { hash: string; size: number; at: string };

export type HeadCache = {
  /** The newest published checkpoint. */
  latest(): Promise<LogHead>;
  /** Whether the log is so late that promises could not be kept. */
  isBehind(): boolean;
  /** Refuses writes while the log is so late that promises could not be kept. @throws Problem 503. */
  refuseWhenBehind(): void;
};

/** Half of the time that a promise gives (`promise_seconds`): what was accepted last has the other half. */
const latest_lag_s = 30;

/** Waiting leaves have no index, which every writer would pay for: this reads all of them. */
const lag_query = sql<{ lag_s: number }>`
  select coalesce(extract(epoch from now() - least(
    (select min(inserted_at) from ops.pending_leaves),
    (select head.at from ops.log_heads head
      where head.size > coalesce((select max(size) from ops.log_checkpoints), 0) order by head.size limit 1)
  )), 0)::float8 as lag_s`;

/** The newest checkpoint and how long the oldest leaf has been waiting, each looked at four times a second at most. */
export function createHeadCache(db: Kysely<Tables>): HeadCache {
  const head = createGlance<LogHead>(empty_head, () => readHead(db));
  const lag = createGlance(0, async () => (await lag_query.execute(db)).rows[0]!.lag_s, 9);
  /** Nobody waits for it; after a failed look the next one tells. */
  const lookForLag = () => void lag.fresh().catch(() => {});
  const isBehind = () => {
    lookForLag();
    return lag.last() > latest_lag_s;
  };
  return {
    latest: () => {
      lookForLag();
      return head.fresh();
    },
    isBehind,
    refuseWhenBehind: () => {
      if (isBehind())
        throw unavailable('The log is behind; nothing is stored until it has caught up.', 5, 'log_behind');
    },
  };
}

async function readHead(db: Kysely<Tables>): Promise<LogHead> {
  const newest = await db
    .selectFrom('ops.log_checkpoints')
    .select(['size', 'root', 'published_at'])
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  return newest ? { hash: seedOf(newest.root), size: newest.size, at: newest.published_at } : empty_head;
}

type PastHead = LogHead & { superseded_at: string | null };
/** Heads by the hex of their root; what is asked for at once is read together. */
export type LogHeadLookup = Pick<GroupedLookup<PastHead>, 'find'>;

const most_remembered = 10_000;

/** Remembers heads that another one has followed: nothing can become of them any more. */
export function createLogHeadLookup(db: Kysely<Tables>): LogHeadLookup {
  const followed = new Map<string, PastHead>();
  const stored = readHeads(db);
  return {
    find: async (root) => {
      const known = followed.get(root);
      if (known) return known;
      const found = await stored.find(root);
      if (found && found.superseded_at !== null) {
        if (followed.size >= most_remembered) followed.delete(followed.keys().next().value!);
        followed.set(root, found);
      }
      return found;
    },
  };
}

function readHeads(db: Kysely<Tables>): GroupedLookup<PastHead> {
  return createGroupedLookup(async (roots) => {
    const { rows } = await sql<PastHead>`
      select asked.root as hash, coalesce(head.size, 0) as size, coalesce(head.published_at, 'epoch') as at, next.published_at as superseded_at
      from unnest(${roots}::text[]) asked (root)
      left join ops.log_checkpoints head on head.root = decode(asked.root, 'hex')
      left join lateral (
        select published_at from ops.log_checkpoints where size > coalesce(head.size, 0) order by size limit 1
      ) next on true
      where head.root is not null or asked.root = ${Buffer.from(EMPTY_ROOT).toString('hex')}`.execute(db);
    return new Map(rows.map((row) => [row.hash, row]));
  });
}

/** When a root was the newest checkpoint's; before the first one it was the empty tree's. @throws Problem 404 when it never was. */
export async function getHead(heads: LogHeadLookup, hash: string): Promise<PastHead> {
  const root = /^\\x([0-9a-f]{64})$/.exec(hash)?.[1];
  const found = root === undefined ? undefined : await heads.find(root);
  if (!found) throw notFound('This was never a head of the log.', 'head_unknown');
  return { ...found, hash };
}

/** The form that clients of v2.0 sign: `\x` and lower-case hex. */
export function seedOf(root: Uint8Array): string {
  return `\\x${Buffer.from(root).toString('hex')}`;
}

/** Before the first checkpoint the head is that of the empty tree. */
const empty_head: LogHead = { hash: seedOf(EMPTY_ROOT), size: 0, at: '1970-01-01T00:00:00.000000Z' };

import { type Kysely, sql, type Transaction } from 'kysely';
import type { Logger } from '../log/index.ts';
import { Problem } from '../problem/index.ts';
import type { Event } from './outbox.ts';

/** Reads a page of another module's outbox; usually a call of its contract. */
export type Feed = (query: { after?: string; limit: number }) => Promise<{ events: Event[]; next: string }>;

export type Consumer = {
  /** Handles all events there are now. @returns how many were new. */
  drain(): Promise<number>;
  /** Whose it is, which feed it follows, and how long ago it was last read to its end: what came since may have had no effect yet. */
  status(): { consumer: string; feed: string; behind_s: number };
  start(): void;
  stop(): Promise<void>;
};

export type ConsumerOptions<Tables> = {
  /** Name of the feed in `event_cursors`. */
  feed_name: string;
  feed: Feed;
  db: Kysely<Tables>;
  /** Schema in which this consumer's `event_cursors` and `consumed_events` stand. */
  schema: string;
  /** What this consumer acts upon; events of other types are passed over. All, when absent. */
  types?: ReadonlySet<string>;
  log: Logger;
  interval_ms?: number;
} & (
  | {
      /** Runs in the transaction that also moves the cursor: an event takes effect once. */
      handle: (transaction: Transaction<Tables>, event: Event) => Promise<void>;
    }
  | {
      /** The same for a page of new events, in order; perhaps none. */
      handleMany: (transaction: Transaction<Tables>, events: readonly Event[]) => Promise<void>;
    }
);

/** Follows a feed: at least once from the producer, once in effect here, in order. */
export function createConsumer<Tables>(options: ConsumerOptions<Tables>): Consumer {
  const { feed, feed_name, db, log } = options;
  const table = (name: string) => sql.raw(`"${options.schema}".${name}`);
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let stopped = false;
  let at_end = performance.now();

  async function drain(): Promise<number> {
    let handled = 0;
    for (;;) {
      const after = await readCursor();
      const page = await readPage(after);
      if (page.events.length === 0) {
        at_end = performance.now();
        return handled;
      }
      handled += await handlePage(page);
    }
  }

  /** A producer that was restored to an earlier point is read from its beginning: what took effect here does so once. */
  async function readPage(after: string | undefined) {
    if (after === undefined) return feed({ limit: 200 });
    return feed({ after, limit: 200 }).catch((error: unknown) => {
      if (!(error instanceof Problem && error.code === 'feed_restored')) throw error;
      log.warn({ feed: feed_name }, 'the feed was restored to an earlier point; it is read from the beginning');
      return feed({ limit: 200 });
    });
  }

  async function readCursor(): Promise<string | undefined> {
    const { rows } = await sql<{ position: string }>`
      select position from ${table('event_cursors')} where feed = ${feed_name}`.execute(db);
    return rows[0]?.position;
  }

  async function handlePage(page: { events: Event[]; next: string }): Promise<number> {
    return db.transaction().execute(async (transaction) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${`consumer ${feed_name}`}, 0))`.execute(transaction);
      const fresh = await claim(transaction, options.types ? page.events.filter(concerns) : page.events);
      if ('handleMany' in options) await options.handleMany(transaction, fresh);
      else for (const event of fresh) await options.handle(transaction, event);
      await sql`
        insert into ${table('event_cursors')} (feed, position) values (${feed_name}, ${page.next})
        on conflict (feed) do update set position = excluded.position, updated_at = now()`.execute(transaction);
      return fresh.length;
    });
  }

  function concerns({ type }: Event): boolean {
    return options.types?.has(type) ?? true;
  }

  /** Writes down which events are taken here, all in one statement. @returns those that were not before, in order. */
  async function claim(transaction: Transaction<Tables>, events: readonly Event[]): Promise<Event[]> {
    if (events.length === 0) return [];
    const { rows } = await sql<{ event_id: string }>`
      insert into ${table('consumed_events')} (feed, event_id)
      select ${feed_name}, event_id from unnest(${events.map(({ id }) => id)}::uuid[]) event_id
      on conflict do nothing returning event_id`.execute(transaction);
    const claimed = new Set(rows.map(({ event_id }) => event_id));
    return events.filter(({ id }) => claimed.has(id));
  }

  function schedule(delay_ms: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = drain()
        .catch((error: unknown) => log.warn({ err: error }, `following ${feed_name} failed; it is tried again`))
        .finally(() => schedule(options.interval_ms ?? 500));
    }, delay_ms);
  }

  return {
    drain,
    status: () => ({ consumer: options.schema, feed: feed_name, behind_s: (performance.now() - at_end) / 1_000 }),
    start: () => schedule(0),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

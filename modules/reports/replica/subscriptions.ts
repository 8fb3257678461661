import type { Logger } from '@zdravo/kit/log';
import type pg from 'pg';
import { connect, createSlot, dropSlot, feedConnection, prepareSource, slotState } from './source-database.ts';
import { replica_tables, type Source } from './sources.ts';

export type SubscriptionOptions = {
  /** The replica's database, as its migrator: only a subscription's owner may keep it. */
  reports_url: string;
  sources: readonly Source[];
  /** Of the feed's role. */
  feed_password: string;
  /** Slots are named in the whole cluster: two replicas of one source need two prefixes. */
  prefix?: string;
  log: Logger;
};

/** Of whoever changes subscriptions; falls with the connection. */
const keepers_lock = 'select pg_advisory_lock(7202613)';

export type Kept = { source: Source['name']; done: 'created' | 'refreshed' | 'copied again' };

/**
 * Brings every subscription up: makes its slot first and subscribes to it (a subscription that makes its own slot in the
 * same cluster would wait for itself), follows a changed publication, and copies a source anew when its slot was lost.
 */
export async function keepSubscriptions(options: SubscriptionOptions): Promise<Kept[]> {
  const kept: Kept[] = [];
  const replica = await connect(options.reports_url, 'reports-subscriptions');
  try {
    await replica.query(keepers_lock);
    for (const source of options.sources) kept.push(await keepOne(replica, source, options));
  } finally {
    await replica.end();
  }
  return kept;
}

/**
 * Copies one source anew: for a publication whose columns changed, or doubts about the replica. Runs are refused until
 * every table is there again; a keeper that works meanwhile waits. @throws Error for a name that no source has.
 */
export async function resync(options: SubscriptionOptions, name: string): Promise<void> {
  const source = options.sources.find((one) => one.name === name);
  if (!source)
    throw new Error(`No source is called ${name}; there are ${options.sources.map((one) => one.name).join(', ')}.`);
  const replica = await connect(options.reports_url, 'reports-resync');
  const feed = await connect(source.url, 'reports-resync');
  try {
    await replica.query(keepers_lock);
    await refuseMissingColumns(replica, feed, source);
    await copyAgain(replica, feed, source, options);
  } finally {
    await Promise.all([replica.end(), feed.end()]);
  }
}

/** Ends every subscription and its slot: a slot that nobody reads keeps WAL for ever. */
export async function dropSubscriptions(options: SubscriptionOptions): Promise<void> {
  const replica = await connect(options.reports_url, 'reports-subscriptions');
  try {
    for (const source of options.sources) {
      const feed = await connect(source.url, 'reports-subscriptions');
      await unsubscribe(replica, feed, slotOf(source, options));
      await feed.end();
    }
  } finally {
    await replica.end();
  }
}

export function slotOf(source: Pick<Source, 'name'>, { prefix = 'zdravo_reports' }: { prefix?: string }): string {
  return `${prefix}_${source.name}`;
}

async function keepOne(replica: pg.Client, source: Source, options: SubscriptionOptions): Promise<Kept> {
  const feed = await connect(source.url, 'reports-subscriptions');
  try {
    await prepareSource(feed, source, options.feed_password);
    await warnOfUnboundedLog(feed, source, options);
    const slot = slotOf(source, options);
    const state = await slotState(feed, slot);
    const subscribed = await isSubscribed(replica, slot);
    await refuseMissingColumns(replica, feed, source);
    if (!subscribed) {
      await subscribe(replica, feed, source, options);
      return { source: source.name, done: 'created' };
    }
    if (state !== 'usable') {
      options.log.warn({ source: source.name, state }, 'the replication slot is gone: the source is copied again');
      await copyAgain(replica, feed, source, options);
      return { source: source.name, done: 'copied again' };
    }
    await follow(replica, source, options);
    return { source: source.name, done: 'refreshed' };
  } finally {
    await feed.end();
  }
}

/** A subscriber that stops must not fill the source's disk: PostgreSQL's own default keeps WAL for it without limit. */
async function warnOfUnboundedLog(feed: pg.Client, { name }: Source, { log }: SubscriptionOptions): Promise<void> {
  const { rows } = await feed.query<{ max_slot_wal_keep_size: string }>('show max_slot_wal_keep_size');
  if (rows[0]!.max_slot_wal_keep_size === '-1')
    log.warn(
      { source: name },
      'max_slot_wal_keep_size is not set: a stopped replica would fill the disk of this source',
    );
}

async function isSubscribed(replica: pg.Client, slot: string): Promise<boolean> {
  const { rowCount } = await replica.query(
    `select from pg_subscription s join pg_database d on d.oid = s.subdbid where s.subname = $1 and d.datname = current_database()`,
    [slot],
  );
  return rowCount === 1;
}

async function subscribe(
  replica: pg.Client,
  feed: pg.Client,
  source: Source,
  options: SubscriptionOptions,
): Promise<void> {
  const slot = slotOf(source, options);
  await dropSlot(feed, slot);
  await createSlot(feed, slot);
  await replica.query(`truncate ${replica_tables[source.name].join(', ')}`);
  const connection = replica.escapeLiteral(feedConnection(source, options.feed_password));
  await replica.query(
    `create subscription ${slot} connection ${connection} publication ${source.publications.join(', ')}
     with (create_slot = false, slot_name = '${slot}', streaming = off)`,
  );
}

async function follow(replica: pg.Client, source: Source, options: SubscriptionOptions): Promise<void> {
  const slot = slotOf(source, options);
  const connection = replica.escapeLiteral(feedConnection(source, options.feed_password));
  await replica.query(`alter subscription ${slot} connection ${connection}`);
  await replica.query(`alter subscription ${slot} enable`);
  await replica.query(`alter subscription ${slot} set publication ${source.publications.join(', ')}`);
}

/** Drops and makes both ends; while tables are copied, `requireReplica` refuses runs. */
async function copyAgain(
  replica: pg.Client,
  feed: pg.Client,
  source: Source,
  options: SubscriptionOptions,
): Promise<void> {
  await unsubscribe(replica, feed, slotOf(source, options));
  await subscribe(replica, feed, source, options);
}

async function unsubscribe(replica: pg.Client, feed: pg.Client, slot: string): Promise<void> {
  if (await isSubscribed(replica, slot)) {
    await replica.query(`alter subscription ${slot} disable`);
    await replica.query(`alter subscription ${slot} set (slot_name = none)`);
    await replica.query(`drop subscription ${slot}`);
  }
  await waitUntilUnread(feed, slot);
  await dropSlot(feed, slot);
}

/** A walsender that was just left behind still holds its slot for a moment. */
async function waitUntilUnread(feed: pg.Client, slot: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const { rows } = await feed.query<{ active: boolean }>(
      'select active from pg_replication_slots where slot_name = $1',
      [slot],
    );
    if (!rows[0]?.active) return;
    await feed.query(
      'select pg_terminate_backend(active_pid) from pg_replication_slots where slot_name = $1 and active',
      [slot],
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** A published column that the replica has not would stop the apply worker: said at start, with its name. */
async function refuseMissingColumns(replica: pg.Client, feed: pg.Client, source: Source): Promise<void> {
  const published = await feed.query<{ name: string }>(
    `select schemaname || '.' || tablename || '.' || unnest(attnames) as name from pg_publication_tables where pubname = any($1)`,
    [source.publications],
  );
  const local = await replica.query<{ name: string }>(
    `select table_schema || '.' || table_name || '.' || column_name as name from information_schema.columns
     where is_generated = 'NEVER'`,
  );
  const known = new Set(local.rows.map((row) => row.name));
  const missing = published.rows.map((row) => row.name).filter((name) => !known.has(name));
  if (missing.length === 0) return;
  throw new Error(`The replica lacks what ${source.name} publishes: ${missing.join(', ')}. Migrate reports first.`);
}

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../db/index.ts';
import { figuresText } from '../metrics/index.ts';
import { createTestDatabase, type TestDatabase, testLogger } from '../testing/index.ts';
import { appendEvents, createConsumer, type Event, feedFigures, outboxFigure, readFeed } from './index.ts';

let test_database: TestDatabase;
let database: Database<Record<string, never>>;

before(async () => {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-events-'));
  const shape = await readFile(join(import.meta.dirname, 'outbox.sql'), 'utf8');
  await writeFile(
    join(directory, '0001_events.sql'),
    `create schema demo; set local search_path to demo; ${shape}
    create table effects (event_id uuid primary key);`,
  );
  test_database = await createTestDatabase('kit_events', { migrations: [{ module: 'demo', directory }] });
  await rm(directory, { recursive: true });
  database = openDatabase({ url: test_database.url, application_name: 'test' });
});
after(async () => {
  await database?.close();
  await test_database?.drop();
});

function event(object_id = randomUUID()) {
  return { type: 'thing.made', object_type: 'thing', object_id, payload: { n: 1 } };
}

function consumer(handle: (event: Event) => Promise<void>, feed_name = `feed-${randomUUID()}`) {
  return createConsumer({
    feed_name,
    feed: (query) => readFeed(database.db, 'demo', query),
    db: database.db,
    schema: 'demo',
    handle: (_transaction, one) => handle(one),
    log: testLogger(),
  });
}

/** What was appended may be told: a transaction of another test, in whichever database of this server, holds the feed back for a moment. */
async function readable(): Promise<void> {
  for (let attempt = 0; attempt < 1_000; attempt++) {
    const { rows } = await sql`
      select from demo.outbox where transaction_id >= pg_snapshot_xmin(pg_current_snapshot()) limit 1`.execute(
      database.db,
    );
    if (rows.length === 0) return;
    await pause(20);
  }
}

test('an event of a transaction that commits late is not skipped', async () => {
  const early = randomUUID();
  const late = randomUUID();
  const seen: string[] = [];
  const follower = consumer(async (one) => {
    seen.push(one.object_id);
  });
  await follower.drain();
  seen.length = 0;
  await database.db.transaction().execute(async (slow) => {
    await appendEvents(slow, 'demo', [event(late)]);
    await database.db.transaction().execute((quick) => appendEvents(quick, 'demo', [event(early)]));
    await follower.drain();
    assert.deepEqual(seen, [], 'nothing is shown that a running transaction may still precede');
  });
  await readable();
  await follower.drain();
  assert.deepEqual(seen.sort(), [early, late].sort());
});

test('a failing consumer moves nothing, and the event comes again', async () => {
  await appendEvents(database.db, 'demo', [event()]);
  await readable();
  let attempts = 0;
  const follower = consumer(async () => {
    attempts += 1;
    if (attempts === 1) throw new Error('not yet');
  });
  await assert.rejects(follower.drain(), /not yet/);
  assert.ok((await follower.drain()) > 0);
  assert.equal(await follower.drain(), 0);
});

test('two instances of one consumer take an event’s effect once', async () => {
  const follow = () =>
    createConsumer({
      feed_name: 'shared',
      feed: (query) => readFeed(database.db, 'demo', query),
      db: database.db,
      schema: 'demo',
      handle: async (transaction, one) => {
        await sql`insert into demo.effects (event_id) values (${one.id}::uuid)`.execute(transaction);
      },
      log: testLogger(),
    });
  await appendEvents(
    database.db,
    'demo',
    Array.from({ length: 50 }, () => event()),
  );
  await readable();
  await Promise.all([follow().drain(), follow().drain(), follow().drain()]);
  const { rows } = await sql`select 1 from demo.effects`.execute(database.db);
  const { rows: events } = await sql`select 1 from demo.outbox`.execute(database.db);
  assert.equal(rows.length, events.length);
});

test('the feed is in order of numbers, not of their digits', async () => {
  await appendEvents(database.db, 'demo', [event()]);
  await sql`insert into demo.outbox (transaction_id, type, object_type, object_id, payload)
    select n::text::xid8, 'old', 'thing', gen_random_uuid(), '{}' from unnest(array[9, 10, 11, 99, 100]) n`.execute(
    database.db,
  );
  await readable();
  const seen: string[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await readFeed(database.db, 'demo', { limit: 2, ...(after === undefined ? {} : { after }) });
    if (page.events.length === 0) break;
    seen.push(...page.events.map((one) => one.id));
    after = page.next;
  }
  assert.equal(new Set(seen).size, seen.length);
  const { rows } = await sql<{ id: string }>`select id from demo.outbox order by transaction_id, position`.execute(
    database.db,
  );
  assert.deepEqual(
    seen,
    rows.map((row) => row.id),
  );
});

test('a producer restored to an earlier point is followed anew: nothing new is missed, nothing old happens twice', async () => {
  const feed_name = `feed-${randomUUID()}`;
  const seen: string[] = [];
  const follower = consumer(async (one) => void seen.push(one.object_id), feed_name);
  await appendEvents(database.db, 'demo', [event()]);
  const lost = randomUUID();
  await appendEvents(database.db, 'demo', [event(lost)]);
  await readable();
  await follower.drain();
  const before = seen.length;
  // A restore, as this consumer sees it: what it read last never was, and transaction numbers begin again below it.
  await sql`delete from demo.outbox where object_id = ${lost}::uuid`.execute(database.db);
  const { rows } = await sql<{ position: string }>`
    update demo.event_cursors set position = (pg_current_xact_id()::text::bigint + 5)::text || '/9' where feed = ${feed_name}
    returning position`.execute(database.db);
  await assert.rejects(readFeed(database.db, 'demo', { after: rows[0]!.position }), { code: 'feed_restored' });
  const told_after = randomUUID();
  await appendEvents(database.db, 'demo', [event(told_after)]);
  await readable();
  await follower.drain();
  assert.deepEqual(seen.slice(before), [told_after]);
});

test('a position whose event has expired is not taken for a restore', async () => {
  const { next } = await readFeed(database.db, 'demo', { limit: 1000 });
  await sql`delete from demo.outbox`.execute(database.db);
  assert.deepEqual(await readFeed(database.db, 'demo', { after: next }), { events: [], next });
});

test('a consumer that does not come to the end of its feed tells since when', async () => {
  await appendEvents(database.db, 'demo', [event()]);
  await readable();
  let fails = true;
  const follower = consumer(async () => {
    if (fails) throw new Error('not yet');
  }, 'figured');
  const behind = async () =>
    Number(
      /^event_feed_behind_seconds\{consumer="demo",feed="figured"\} (\S+)$/m.exec(
        figuresText(await feedFigures([follower]).read()),
      )![1],
    );
  await pause(60);
  await assert.rejects(follower.drain(), /not yet/);
  const late = await behind();
  assert.ok(late >= 0.06, String(late));
  fails = false;
  await follower.drain();
  assert.ok((await behind()) < late);
});

test('an outbox tells how long a transaction that does not end holds events back', async () => {
  const held = async () => (await outboxFigure(database.db, 'demo')).samples[0]!.value;
  // Transactions of other tests on the server hold events back too, for their time.
  const nothingHeld = async () => {
    for (let attempt = 0; attempt < 400 && (await held()) > 0; attempt++) await pause(25);
    assert.equal(await held(), 0);
  };
  await nothingHeld();
  await database.db.transaction().execute(async (slow) => {
    await appendEvents(slow, 'demo', [event()]);
    await database.db.transaction().execute((quick) => appendEvents(quick, 'demo', [event()]));
    await pause(60);
    assert.ok((await held()) >= 0.05);
  });
  await nothingHeld();
});

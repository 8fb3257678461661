import assert from 'node:assert/strict';
import { mkdtemp, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { getHeapSpaceStatistics } from 'node:v8';
import { type RawBuilder, sql } from 'kysely';
import { createTestDatabase, type TestDatabase } from '../testing/index.ts';
import {
  asModule,
  byteArray,
  type Database,
  type FewRoundTrips,
  inFewRoundTrips,
  inOneRoundTrip,
  isUniqueViolation,
  migrate,
  openDatabase,
} from './index.ts';

let database: TestDatabase;
let opened: Database<Record<string, never>>;
let directory: string;

const roles = `
  do $$ begin create role kit_login nologin; exception when duplicate_object or unique_violation then null; end $$;
  do $$ begin create role kit_other nologin; exception when duplicate_object or unique_violation then null; end $$;
  create schema other; grant usage on schema other to kit_other;
  create table other.things (id int primary key, born date, at timestamptz, amount numeric, big bigint);
  grant select, insert on other.things to kit_other;`;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zdravo-migrations-'));
  await writeFile(join(directory, '0001_things.sql'), roles);
  database = await createTestDatabase('kit_db', { migrations: [{ module: 'kit', directory }] });
  opened = openDatabase({ url: database.url, application_name: 'test', role: 'kit_login' });
});

after(async () => {
  await opened?.close();
  await database?.drop();
});

test('dates are text, instants are ISO in UTC with microseconds, decimals stay exact', async () => {
  const { rows } = await sql`select date '1990-01-31' as d, timestamptz '2026-01-01 02:00:00.5+02' as t,
    12345678901234567890.10::numeric as n, 42::bigint as i, array[date '2000-02-29'] as ds`.execute(opened.db);
  assert.deepEqual(rows[0], {
    d: '1990-01-31',
    t: '2026-01-01T00:00:00.500000Z',
    n: '12345678901234567890.10',
    i: 42,
    ds: ['2000-02-29'],
  });
});

test('byte strings of any bytes and lengths, absent ones too, arrive as they are in an array', async () => {
  const all_bytes = Buffer.from(Array.from({ length: 256 }, (_, at) => at));
  // Often enough to be prepared on the way.
  for (const values of [[], [null], [all_bytes], [all_bytes, null, new Uint8Array(0), Buffer.alloc(70_000, 0xff)]])
    for (let times = 0; times < 4; times++) {
      const { rows } = await sql<{ value: Buffer | null }>`
        select value from unnest(${byteArray(values)}::bytea[]) with ordinality as given (value, place) order by place`.execute(
        opened.db,
      );
      const expected = values.map((value) => value && Buffer.from(value));
      assert.deepEqual(
        rows.map(({ value }) => value),
        expected,
      );
    }
});

test('a session runs under its role and may do nothing of another module', async () => {
  await assert.rejects(sql`select * from other.things`.execute(opened.db), /permission denied/);
});

test('the door lends another module its role for a time, and a failure rolls everything back', async () => {
  await opened.db.transaction().execute(async (transaction) => {
    await asModule(transaction, 'kit_other', (theirs) => sql`insert into other.things (id) values (1)`.execute(theirs));
    const { rows } = await sql<{ role: string }>`select current_user as role`.execute(transaction);
    assert.equal(rows[0]!.role, 'kit_login');
  });
  await assert.rejects(
    opened.db.transaction().execute(async (transaction) => {
      await asModule(transaction, 'kit_other', async (theirs) => {
        await sql`insert into other.things (id) values (2)`.execute(theirs);
        await sql`insert into other.things (id) values (1)`.execute(theirs);
      });
    }),
    (error) => isUniqueViolation(error, 'things_pkey'),
  );
  const count = await opened.db
    .transaction()
    .execute((transaction) =>
      asModule(
        transaction,
        'kit_other',
        async (theirs) => (await sql`select id from other.things`.execute(theirs)).rows.length,
      ),
    );
  assert.equal(count, 1);
});

test('migrations are applied once; an edited one is refused, and a database of a newer program', async () => {
  const migrations = [{ module: 'kit', directory }];
  assert.deepEqual(await migrate(database.url, migrations), []);
  await writeFile(join(directory, '0001_things.sql'), `${roles} -- edited`);
  await assert.rejects(migrate(database.url, migrations), /was edited after it had been applied/);
  await rename(join(directory, '0001_things.sql'), join(directory, '0002_things.sql'));
  await assert.rejects(migrate(database.url, migrations), /newer than this program.* kit\/0001_things\.sql/);
});

test('what is asked again and again is prepared, but nothing that answers every column of a table', async () => {
  const { db, close } = openDatabase({ url: database.url, pool_size: 1, application_name: 'test' });
  try {
    for (let time = 0; time < 5; time++) {
      await sql`select ${time}::int as often`.execute(db);
      await sql`with own as (select * from unnest(${[time]}::int[]) as own (number)) select number, count(*) from own group by 1`.execute(
        db,
      );
      await sql`select * from unnest(${[time]}::int[]) as own (number)`.execute(db);
      await sql`select * from (select ${time}::int) as every_column`.execute(db);
      await sql`select ')' as closed, every_column.* from (select ${time}::int) as every_column`.execute(db);
    }
    const { rows } = await sql<{
      statement: string;
    }>`select statement from pg_prepared_statements order by prepare_time`.execute(db);
    assert.deepEqual(
      rows.map(({ statement }) => statement),
      [
        'select $1::int as often',
        'with own as (select * from unnest($1::int[]) as own (number)) select number, count(*) from own group by 1',
        'select * from unnest($1::int[]) as own (number)',
      ],
    );
  } finally {
    await close();
  }
});

test('a prepared statement outlives a new column of the tables that it reads', async () => {
  const { db, close } = openDatabase({ url: database.url, pool_size: 1, application_name: 'test' });
  const count = () => sql`select count(*) from (select * from kit.grown where id <> ${0}) as every_column`.execute(db);
  try {
    await sql`create schema kit`.execute(db);
    await sql`create table kit.grown (id int)`.execute(db);
    for (let time = 0; time < 7; time++) await count();
    await sql`alter table kit.grown add column name text`.execute(db);
    await count();
    const { rows } = await sql<{ often: number }>`select count(*) as often from pg_prepared_statements`.execute(db);
    assert.equal(rows[0]!.often, 1);
  } finally {
    await close();
  }
});

test('statements of one round trip happen together or not at all, and each sees what was there before it', async () => {
  const { db, pool, close } = openDatabase({ url: database.url, pool_size: 2, application_name: 'test' });
  const together = (...statements: RawBuilder<unknown>[]) =>
    inOneRoundTrip(
      pool,
      statements.map((statement) => statement.compile(db)),
    );
  const insert = (id: number) =>
    sql`insert into taken.ids (id) select ${id} where not exists (select from taken.ids) returning id`;
  try {
    await sql`create schema taken`.execute(db);
    await sql`create table taken.ids (id int primary key)`.execute(db);
    await assert.rejects(together(insert(1), sql`select 1 / ${0}::int`, insert(2)), /division by zero/);
    const lock = sql`select pg_advisory_xact_lock(${7})`;
    const outcomes = await Promise.all([1, 2, 3, 4, 5].map((id) => together(lock, insert(id))));
    assert.equal(outcomes.flatMap(([, inserted]) => inserted).length, 1);
    assert.equal((await sql`select from taken.ids`.execute(db)).rows.length, 1);
  } finally {
    await close();
  }
});

test('a round trip whose connection is lost fails, and the pool goes on', async () => {
  const { db, pool, close } = openDatabase({ url: database.url, pool_size: 1, application_name: 'test' });
  try {
    const lost = [sql`select pg_terminate_backend(pg_backend_pid(), ${0})`, sql`select ${1}::int`];
    await assert.rejects(
      inOneRoundTrip(
        pool,
        lost.map((statement) => statement.compile(db)),
      ),
      /terminat|Connection/i,
    );
    assert.deepEqual(await inOneRoundTrip(pool, [sql`select ${2}::int as two`.compile(db)]), [[{ two: 2 }]]);
  } finally {
    await close();
  }
});

test('a transaction in few round trips is one transaction, whether its statements go together or one by one', async () => {
  const { db, pool, close } = openDatabase({ url: database.url, pool_size: 2, application_name: 'test' });
  const insert = (id: number) => sql`insert into trips.ids (id) values (${id}) returning id`.compile(db);
  const count = async () => (await sql`select from trips.ids`.execute(db)).rows.length;
  try {
    await sql`create schema trips`.execute(db);
    await sql`create table trips.ids (id int primary key)`.execute(db);
    const rows = await inFewRoundTrips(pool, async (trips) => {
      const first = await trips.send([insert(1), insert(2)]);
      const transaction = await trips.oneByOne();
      await sql`insert into trips.ids (id) values (3)`.execute(transaction);
      assert.equal(await count(), 0, 'nobody else sees it yet');
      return [...first, ...(await trips.finish([insert(4)]))];
    });
    assert.deepEqual(rows, [[{ id: 1 }], [{ id: 2 }], [{ id: 4 }]]);
    await inFewRoundTrips(pool, async ({ oneByOne }) => {
      await sql`insert into trips.ids (id) values (5)`.execute(await oneByOne());
    });
    assert.equal(await count(), 5, 'committed when the work ends');
    await inFewRoundTrips(pool, async () => undefined);
  } finally {
    await close();
  }
});

test('of a transaction in few round trips that fails anywhere nothing has happened', async () => {
  const { db, pool, close } = openDatabase({ url: database.url, pool_size: 1, application_name: 'test' });
  const insert = (id: number) => sql`insert into failing.ids (id) values (${id})`.compile(db);
  const one = insert(1);
  const twice = [insert(2), insert(2)];
  try {
    await sql`create schema failing`.execute(db);
    await sql`create table failing.ids (id int primary key)`.execute(db);
    const failures: [RegExp, (trips: FewRoundTrips<unknown>) => Promise<unknown>][] = [
      [/duplicate key/, ({ send }) => send(twice)],
      [/duplicate key/, ({ finish }) => finish(twice)],
      [/duplicate key/, async ({ send, finish }) => finish([one, ...((await send([one])) && twice)])],
      [
        /second thoughts/,
        async ({ send }) => {
          await send([one]);
          throw new Error('second thoughts');
        },
      ],
    ];
    for (const [refusal, work] of failures) await assert.rejects(inFewRoundTrips(pool, work), refusal);
    assert.equal((await sql`select from failing.ids`.execute(db)).rows.length, 0);
  } finally {
    await close();
  }
});

test('what queries carried dies young', async () => {
  const oldGeneration = () =>
    getHeapSpaceStatistics().find(({ space_name }) => space_name === 'old_space')!.space_used_size;
  const carried = () => Array.from({ length: 1_500 }, (_, at) => `${at} ${'x'.repeat(100)}`);
  const carryOften = async (times: number) => {
    for (; times > 0; times--)
      await sql`select * from unnest(${carried()}::text[]) as given (value)`.execute(opened.db);
  };
  await carryOften(100);
  const before = oldGeneration();
  await carryOften(300);
  const grown = (oldGeneration() - before) / 2 ** 20;
  assert.ok(grown < 20, `the old generation grew by ${grown.toFixed()} MiB of some 100 that were carried`);
});

test('a failed query tells where it was asked', async () => {
  const client = await opened.pool.connect();
  const askWrongly = async () => (await client.query('select 1 / 0')).rows;
  await assert.rejects(askWrongly(), (error: Error) => /askWrongly/.test(error.stack!));
  client.release();
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@zdravo/kit/testing';
import pg from 'pg';

// The control: the hash chain of the original eHealth (domain.md §4, trust.md §1), rebuilt from its published code, under
// the attacks that attacks.test.ts makes on ours. What it misses is the reason for the transparency log.

let database: TestDatabase;
let client: pg.Client;

before(async () => {
  database = await createTestDatabase('original_construction', { migrations: [] });
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
after(async () => {
  await client?.end();
  await database?.drop();
});

const hashed = [
  'id',
  'employee_id',
  'start_date',
  'end_date',
  'signed_at',
  'created_by',
  'scope',
  'division_id',
  'legal_entity_id',
  'inserted_at',
  'declaration_request_id',
  'person_id',
  'seed',
]; // `status` and `is_active` are not

async function reset(): Promise<void> {
  await client.query('drop table if exists declarations, blocks');
  await client.query(`
    create table declarations (id uuid primary key, employee_id uuid, start_date date, end_date date, signed_at timestamp, created_by uuid,
      scope text, division_id uuid, legal_entity_id uuid, inserted_at timestamp, declaration_request_id uuid, person_id uuid, seed text, status text);
    create table blocks (id serial primary key, hash text, block_start timestamp, block_end timestamp);
    insert into blocks (hash, block_start, block_end) values ('\\x00', '1970-01-01', '2018-01-01')`);
}

async function insert(count: number, inserted_at: string): Promise<void> {
  for (let at = 0; at < count; at++)
    await client.query(
      `insert into declarations select gen_random_uuid(), gen_random_uuid(), '2018-01-01', '2019-01-01', $1, gen_random_uuid(), 'family_doctor',
         gen_random_uuid(), gen_random_uuid(), $1::timestamp + make_interval(secs => $2), gen_random_uuid(), gen_random_uuid(),
         (select hash from blocks order by id desc limit 1), 'active'`,
      [inserted_at, at + 1],
    );
}

async function hashOf(start: string, end: string): Promise<string> {
  const { rows } = await client.query<{ hash: string }>(
    `select '\\x' || encode(sha512(convert_to(coalesce(string_agg(concat(${hashed.join(', ')}), '' order by id), ''), 'UTF8')), 'hex') as hash
     from declarations where inserted_at > $1 and inserted_at <= $2`,
    [start, end],
  );
  return rows[0]!.hash;
}

async function close(end: string): Promise<void> {
  const { rows } = await client.query<{ block_end: string }>(
    'select block_end::text from blocks order by id desc limit 1',
  );
  const hash = await hashOf(rows[0]!.block_end, end);
  await client.query('insert into blocks (hash, block_start, block_end) values ($1, $2, $3)', [
    hash,
    rows[0]!.block_end,
    end,
  ]);
}

/** `verify_chain`: each block but the first is recomputed, and the next block's declarations must carry its hash. */
async function seesSomething(): Promise<boolean> {
  const { rows } = await client.query<{
    hash: string;
    block_start: string;
    block_end: string;
    next_end: string | null;
  }>(`
    select hash, block_start::text, block_end::text, lead(block_end::text) over (order by id) as next_end from blocks order by id offset 1`);
  for (const { hash, block_start, block_end, next_end } of rows) {
    if ((await hashOf(block_start, block_end)) !== hash) return true;
    if (next_end === null) continue;
    const { rowCount } = await client.query(
      'select from declarations where inserted_at > $1 and inserted_at <= $2 and seed is distinct from $3',
      [block_end, next_end, hash],
    );
    if (rowCount) return true;
  }
  return false;
}

async function threeDays(): Promise<void> {
  await reset();
  for (const day of ['01', '02', '03']) {
    await insert(4, `2018-01-${day} 10:00`);
    await close(`2018-01-${day} 23:59`);
  }
  await insert(4, '2018-01-04 10:00');
}

const nth = (day: string) =>
  `select id from declarations where inserted_at::date = '2018-01-${day}' order by id limit 1`;

async function recomputeFrom(first: number): Promise<void> {
  const { rows } = await client.query<{ id: number; block_start: string; block_end: string }>(
    'select id, block_start::text, block_end::text from blocks where id >= $1 order by id',
    [first],
  );
  for (const { id, block_start, block_end } of rows) {
    await client.query('update blocks set hash = $2 where id = $1', [id, await hashOf(block_start, block_end)]);
    await client.query(
      `update declarations set seed = (select hash from blocks where id = $1)
       where inserted_at > $2 and inserted_at <= coalesce((select block_end from blocks where id = $1 + 1), 'infinity')`,
      [id, block_end],
    );
  }
}

const attacks: [name: string, seen: boolean, work: () => Promise<unknown>][] = [
  [
    'an old row is changed',
    true,
    () => client.query(`update declarations set legal_entity_id = $1 where id = (${nth('01')})`, [randomUUID()]),
  ],
  ['an old row is deleted', true, () => client.query(`delete from declarations where id = (${nth('02')})`)],
  ['a row is inserted and back-dated', true, () => insert(1, '2018-01-02 11:00')],
  [
    'a status is flipped',
    false,
    () => client.query(`update declarations set status = 'terminated' where id = (${nth('01')})`),
  ],
  [
    'a row is altered before the nightly close',
    false,
    async () => {
      await client.query(`update declarations set person_id = $1 where id = (${nth('04')})`, [randomUUID()]);
      await close('2018-01-04 23:59');
    },
  ],
  [
    'fifty dead souls are inserted today with the right seed',
    false,
    async () => {
      await insert(50, '2018-01-04 12:00');
      await close('2018-01-04 23:59');
    },
  ],
  [
    'a superuser of both databases recomputes all later blocks',
    false,
    async () => {
      await client.query(`update declarations set legal_entity_id = $1 where id = (${nth('01')})`, [randomUUID()]);
      await recomputeFrom(2);
    },
  ],
  [
    'the last block is recomputed',
    false,
    async () => {
      await client.query("delete from declarations where inserted_at > '2018-01-04'");
      await client.query(`update declarations set person_id = $1 where id = (${nth('03')})`, [randomUUID()]);
      await recomputeFrom(4);
    },
  ],
  [
    'the newest block and its rows are cut off',
    false,
    async () => {
      await client.query("delete from declarations where inserted_at > '2018-01-03'");
      await client.query('delete from blocks where id = (select max(id) from blocks)');
    },
  ],
];

for (const [name, seen, work] of attacks)
  test(`the original's chain ${seen ? 'sees' : 'misses'} that ${name}`, async () => {
    await threeDays();
    assert.equal(await seesSomething(), false);
    await work();
    assert.equal(await seesSomething(), seen);
  });

test('the original’s chain misses six attacks of nine, and raises a false alarm at an honest late commit', async () => {
  assert.equal(attacks.filter(([, seen]) => !seen).length, 6);
  await threeDays();
  await insert(1, '2018-01-03 12:00');
  assert.equal(await seesSomething(), true);
});

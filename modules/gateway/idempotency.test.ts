import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { type Handlers, route } from '@zdravo/kit/contract';
import { type Database, openDatabase } from '@zdravo/kit/db';
import type { HttpServer } from '@zdravo/kit/http';
import { accessDenied, conflict, tooManyRequests } from '@zdravo/kit/problem';
import { createTestDatabase, type TestDatabase, testLogger } from '@zdravo/kit/testing';
import { sql } from 'kysely';
import { Type } from 'typebox';
import { createGateway, createGatewayStore, type GatewayStore, migrations, served } from './index.ts';
import { recordedPath } from './request-record.ts';
import type { Tables } from './tables.ts';

const Thing = Type.Object({ number: Type.Integer(), name: Type.String() });
const common = {
  tag: 'Test',
  summary: 'A route',
  envelope: 'reference',
  data: Thing,
  access: { kind: 'signed_in' },
  body: Type.Object({ name: Type.String() }, { additionalProperties: false }),
} as const;
const contract = {
  create: route({ ...common, method: 'POST', path: '/api/things', status: 201 }),
  other: route({ ...common, method: 'POST', path: '/api/others' }),
  once: route({ ...common, method: 'POST', path: '/api/once', idempotent: false }),
  change: route({
    ...common,
    method: 'PATCH',
    path: '/api/things/:id/:phone_number',
    params: Type.Object({ id: Type.String(), phone_number: Type.String() }),
  }),
  open: route({ ...common, method: 'POST', path: '/api/open', access: { kind: 'public' } }),
};

let runs = 0;
let work: () => Promise<void> = async () => {};
const run = async ({ body }: { body: { name: string } }) => {
  const number = ++runs;
  await work();
  return { data: { number, name: body.name }, headers: { location: `/api/things/${number}` } };
};
const handlers: Handlers<typeof contract> = { create: run, other: run, once: run, change: run, open: run };

let database: TestDatabase;
let store: GatewayStore;
let app: HttpServer;
let db: Database<Tables>;

before(async () => {
  database = await createTestDatabase('gateway', { migrations: [migrations] });
  db = openDatabase<Tables>({ url: database.url, application_name: 'test' });
  store = await createGatewayStore({
    database_url: database.url,
    log: testLogger(),
    idempotency: { wait_ms: 2_000, lock_ms: 3_000 },
  });
  app = await createGateway({
    routes: [served(contract, handlers)],
    findPrincipal: async ({ token }) => {
      if (!token.startsWith('user')) throw accessDenied('Invalid access token', 'token_invalid');
      return {
        user_id: `00000000-0000-4000-8000-00000000000${token[4]}`,
        client_id: '00000000-0000-4000-8000-000000000009',
        client_type: 'MSP',
        scopes: new Set(),
      };
    },
    ready: async () => {},
    log: testLogger(),
    version: '0.0.0',
    store,
  });
  await app.ready();
});
after(async () => {
  await app.close();
  await store.close();
  await db.close();
  await database.drop();
});
beforeEach(() => {
  runs = 0;
  work = async () => {};
});

type Sending = {
  key?: string;
  token?: string;
  name?: string;
  url?: string;
  method?: 'POST' | 'PATCH';
  header?: string;
};

function send({ key, token = 'user1', name = 'a', url = '/api/things', method = 'POST', header }: Sending) {
  return app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${token}`, ...(key ? { [header ?? 'idempotency-key']: key } : {}) },
    payload: { name },
  });
}

test('the same request with the same key gets the same answer, and is carried out once', async () => {
  const first = await send({ key: 'k1' });
  const second = await send({ key: 'k1', header: 'X-Idempotency-Key' });
  assert.equal(first.statusCode, 201);
  assert.equal(second.statusCode, 201);
  assert.equal(second.body, first.body);
  assert.equal(second.headers['location'], '/api/things/1');
  assert.equal(second.headers['content-type'], first.headers['content-type']);
  assert.equal(second.headers['idempotency-replayed'], 'true');
  assert.equal(runs, 1);
});

test('without a key every request is carried out', async () => {
  await send({});
  await send({});
  assert.equal(runs, 2);
});

test('another body under the same key is a 409', async () => {
  await send({ key: 'k2' });
  const refused = await send({ key: 'k2', name: 'b' });
  assert.equal(refused.statusCode, 409);
  assert.equal(refused.json().error.code, 'idempotency_key_reused');
  assert.equal(runs, 1);
});

test('a key is bound to user, method and path', async () => {
  await send({ key: 'k3' });
  await send({ key: 'k3', token: 'user2' });
  await send({ key: 'k3', url: '/api/others' });
  await send({ key: 'k3', method: 'PATCH', url: '/api/things/1/2' });
  assert.equal(runs, 4);
});

test('the answer opens only to the token that earned it', async () => {
  await send({ key: 'k4', token: 'user1-old' });
  assert.equal((await send({ key: 'k4', token: 'user1-new' })).statusCode, 409);
  assert.equal(runs, 1);
});

test('64 at once are carried out once, and all get that answer', async () => {
  work = () => new Promise((resolve) => setTimeout(resolve, 150));
  const answers = await Promise.all(Array.from({ length: 64 }, () => send({ key: 'k5' })));
  assert.equal(runs, 1);
  assert.ok(answers.every((answer) => answer.statusCode === 201 && answer.json().data.number === 1));
});

test('whoever waits too long is told that the first still runs', async () => {
  work = () => new Promise((resolve) => setTimeout(resolve, 2_300));
  const [first, second] = await Promise.all([send({ key: 'k6' }), send({ key: 'k6' })]);
  const statuses = [first.statusCode, second.statusCode].sort();
  assert.deepEqual(statuses, [201, 409]);
  const refused = first.statusCode === 409 ? first : second;
  assert.equal(refused.json().error.code, 'idempotency_in_progress');
  assert.ok(refused.headers['retry-after']);
});

test('what failed on our side, or only for now, runs again; a refusal is kept', async () => {
  work = async () => {
    throw new Error('a bug');
  };
  assert.equal((await send({ key: 'k7' })).statusCode, 500);
  work = async () => {
    throw tooManyRequests('Slower.', 1);
  };
  assert.equal((await send({ key: 'k7' })).statusCode, 429);
  work = async () => {
    throw conflict('Invalid transition');
  };
  assert.equal((await send({ key: 'k7' })).statusCode, 409);
  work = async () => {};
  const kept = await send({ key: 'k7' });
  assert.equal(kept.statusCode, 409);
  assert.equal(kept.json().error.message, 'Invalid transition');
  assert.equal(runs, 3);
});

test('a place whose holder died is taken over', async () => {
  work = () => new Promise(() => {});
  send({ key: 'k8' }).catch(() => {});
  await new Promise((resolve) => setTimeout(resolve, 3_050));
  work = async () => {};
  assert.equal((await send({ key: 'k8' })).statusCode, 201);
});

test('refused bodies, foreign tokens and odd keys never take a place', async () => {
  const count = async () =>
    Number((await sql<{ n: number }>`select count(*) as n from gateway.idempotent_answers`.execute(db.db)).rows[0]!.n);
  const before_count = await count();
  const headers = { authorization: 'Bearer user1', 'idempotency-key': 'k9' };
  assert.equal((await app.inject({ method: 'POST', url: '/api/things', headers, payload: { x: 1 } })).statusCode, 422);
  assert.equal((await send({ key: 'k9', token: 'nobody' })).statusCode, 401);
  assert.equal((await send({ key: 'x'.repeat(256) })).statusCode, 400);
  assert.equal((await send({ key: 'é' })).statusCode, 400);
  assert.equal(await count(), before_count);
});

test('routes that refuse replays, and public ones, are carried out each time', async () => {
  for (const url of ['/api/once', '/api/open']) {
    await send({ key: 'k10', url });
    await send({ key: 'k10', url });
  }
  assert.equal(runs, 4);
});

test('a stolen table tells neither answer nor key nor body', async () => {
  await send({ key: 'a-telling-key', name: 'Шевченко' });
  const rows = await db.db.selectFrom('gateway.idempotent_answers').selectAll().execute();
  const dump = Buffer.concat(rows.flatMap((row) => [row.slot, row.body_mac, row.sealed ?? Buffer.alloc(0)]));
  for (const text of ['a-telling-key', 'number', 'Шевченко']) assert.ok(!dump.includes(text));
});

test('the request record holds who called what, without bodies, queries or telling parameters', async () => {
  const id = '00000000-0000-4000-8000-0000000000aa';
  await send({ method: 'PATCH', url: `/api/things/${id}/+380670000001?secret=1`, name: 'Шевченко' });
  await app.inject({ url: '/api/nothing/here?x=1' });
  await store.record.flush();
  await store.record.flush();
  const rows = await db.db.selectFrom('gateway.request_record').selectAll().orderBy('at', 'desc').limit(2).execute();
  const known = rows.find((row) => row.method === 'PATCH')!;
  assert.equal(known.path, `/api/things/${id}/:phone_number`);
  assert.equal(known.user_id, '00000000-0000-4000-8000-000000000001');
  assert.equal(rows.find((row) => row.method === 'GET')!.path, '(unknown)');
  assert.ok(!JSON.stringify(rows).includes('380670000001'));
});

test('a token in a path is never written, even one that looks like an id', () => {
  const value = '00000000-0000-4000-8000-0000000000aa';
  const routeOptions = { url: '/admin/tokens/:value/verify' } as never;
  assert.equal(recordedPath({ routeOptions, params: { value } }), '/admin/tokens/:value/verify');
});

test('the record is kept in a partition per day, and old ones go', async () => {
  const partitions = () =>
    sql<{ name: string }>`select inhrelid::regclass::text as name from pg_inherits
      where inhparent = 'gateway.request_record'::regclass order by 1`.execute(db.db);
  assert.equal((await partitions()).rows.length, 5);
  await sql`create table gateway.request_record_20200101 partition of gateway.request_record
    for values from ('2020-01-01') to ('2020-01-02')`.execute(db.db);
  await store.jobs.find((job) => job.name === 'maintain_request_record')!.run({}, { signal: undefined });
  assert.equal((await partitions()).rows.length, 5);
});

test('answers older than a day go, younger ones stay', async () => {
  await send({ key: 'k11' });
  await sql`update gateway.idempotent_answers set inserted_at = now() - interval '26 hours'`.execute(db.db);
  await send({ key: 'k12' });
  await store.jobs.find((job) => job.name === 'delete_old_idempotent_answers')!.run({}, { signal: undefined });
  runs = 0;
  await send({ key: 'k12' });
  assert.equal(runs, 0);
  await send({ key: 'k11' });
  assert.equal(runs, 1);
});

test('the running role can neither read the record nor change it', async () => {
  const ours = openDatabase<Tables>({ url: database.url, role: 'zdravo_gateway', application_name: 'test' });
  for (const query of ['select * from gateway.request_record', 'delete from gateway.request_record'])
    await assert.rejects(sql.raw(query).execute(ours.db), /permission denied/);
  await ours.close();
});

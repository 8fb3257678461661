import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { openDatabase } from '../db/index.ts';
import { createHttpServer } from '../http/index.ts';
import { notFound } from '../problem/index.ts';
import { createTestDatabase, testLogger } from '../testing/index.ts';
import {
  counter,
  createHistogram,
  type Figure,
  type FigureSource,
  figuresText,
  gauge,
  measureRequests,
  poolFigures,
  serveMetrics,
} from './index.ts';

const token = 'a-token-of-the-test';

async function server(sources: readonly FigureSource[], patience_ms = 1_000) {
  const app = createHttpServer({ log: testLogger() });
  const requests = measureRequests(app);
  serveMetrics(app, { token, log: testLogger(), sources: [requests, ...sources], patience_ms });
  app.get('/things/:id', async () => ({}));
  app.get('/nowhere', async () => {
    throw notFound();
  });
  const metrics = async (authorization = `Bearer ${token}`) =>
    app.inject({ url: '/metrics', headers: { authorization } });
  return { app, requests, metrics };
}

test('a metric that several parts tell of appears once, with all its samples', () => {
  const pools = (pool: string, value: number) => gauge('pool_waiting', 'Who waits', [{ labels: { pool }, value }]);
  assert.equal(
    figuresText([pools('a', 1), counter('runs_total', 'Runs', 7), pools('b', Number.POSITIVE_INFINITY)]),
    [
      '# HELP pool_waiting Who waits',
      '# TYPE pool_waiting gauge',
      'pool_waiting{pool="a"} 1',
      'pool_waiting{pool="b"} +Inf',
      '# HELP runs_total Runs',
      '# TYPE runs_total counter',
      'runs_total 7',
      '',
    ].join('\n'),
  );
});

test('a label cannot break out of its quotes', () => {
  assert.match(figuresText([gauge('x', 'y', [{ labels: { a: 'b"} 1\nz{' }, value: 1 }])]), /^x\{a="b_\} 1_z\{"\} 1$/m);
});

test('a histogram counts what is on a bound into its bucket, and what is beyond all into the last', () => {
  const histogram = createHistogram({ name: 'time', help: 'Time' }, [1, 2]);
  const observe = histogram.seriesOf({ route: '/a' });
  for (const value of [1, 1.5, 9]) observe(value);
  const lines = figuresText([histogram.figure()]).split('\n').slice(2, -1);
  assert.deepEqual(lines, [
    'time_bucket{route="/a",le="1"} 1',
    'time_bucket{route="/a",le="2"} 2',
    'time_bucket{route="/a",le="+Inf"} 3',
    'time_sum{route="/a"} 11.5',
    'time_count{route="/a"} 3',
  ]);
});

test('metrics are for the holder of the token; for others, and without one, the path does not exist', async () => {
  const { app, metrics } = await server([]);
  for (const authorization of ['', 'Bearer a-token-of-the-tesT', token, 'Bearer undefined'])
    assert.equal((await metrics(authorization)).statusCode, 404, authorization);
  const { statusCode, headers } = await metrics();
  assert.equal(statusCode, 200);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  await app.close();
  const closed = createHttpServer({ log: testLogger() });
  serveMetrics(closed, { token: undefined, log: testLogger(), sources: [] });
  assert.equal(
    (await closed.inject({ url: '/metrics', headers: { authorization: 'Bearer undefined' } })).statusCode,
    404,
  );
  await closed.close();
});

test('requests are told by declared route, method and status: nothing that a sender wrote becomes a label', async () => {
  const { app, requests, metrics } = await server([]);
  for (const url of ['/things/0501234567', '/things/2', '/unknown/0501234567', '/nowhere']) await app.inject({ url });
  const { body } = await metrics();
  const count = (labels: string) =>
    new RegExp(`^http_request_duration_seconds_count\\{${labels}\\} (\\d+)$`, 'm').exec(body)?.[1];
  assert.equal(count('method="GET",route="/things/:id",status="200"'), '2');
  assert.equal(count('method="GET",route="\\(unknown\\)",status="404"'), '1');
  assert.equal(count('method="GET",route="/nowhere",status="404"'), '1');
  assert.doesNotMatch(body, /0501234567/);
  assert.equal(requests.inFlight(), 0);
  await app.close();
});

test('a part that fails or does not answer takes only its own figures away, and is named', async () => {
  const never: FigureSource = { name: 'stuck', read: () => new Promise(() => {}) };
  const broken: FigureSource = { name: 'broken', read: () => Promise.reject(new Error('the database is away')) };
  const sound: FigureSource = { name: 'sound', read: () => [gauge('sound', 'It answers', 1)] };
  const { app, metrics } = await server([never, broken, sound], 50);
  for (let asked = 0; asked < 2; asked++) {
    const { statusCode, body } = await metrics();
    assert.equal(statusCode, 200);
    assert.match(body, /^sound 1$/m);
    const up = Array.from(body.matchAll(/^metrics_source_up\{source="(\w+)"\} (\d)$/gm), ([, name, value]) => [
      name,
      value,
    ]);
    assert.deepEqual(up, [
      ['requests', '1'],
      ['stuck', '0'],
      ['broken', '0'],
      ['sound', '1'],
    ]);
  }
  await app.close();
});

test('who asks while a question is open shares its answer: a slow database is not asked once more', async () => {
  let asked = 0;
  const answer = Promise.withResolvers<void>();
  const slow: FigureSource = {
    name: 'slow',
    read: async () => {
      asked += 1;
      await answer.promise;
      return [gauge('slow', 'It took its time', 1)];
    },
  };
  const { app, metrics } = await server([slow]);
  const both = Promise.all([metrics(), metrics()]);
  await new Promise((resolve) => setTimeout(resolve, 50));
  answer.resolve();
  for (const { body } of await both) assert.match(body, /^slow 1$/m);
  assert.equal(asked, 1);
  assert.match((await metrics()).body, /^slow 1$/m);
  assert.equal(asked, 2);
  await app.close();
});

const databases: { drop(): Promise<void> }[] = [];
after(() => Promise.all(databases.map((one) => one.drop())));

test('a pool tells who waits for a connection', async () => {
  const database = await createTestDatabase('kit_pools', { migrations: [] });
  databases.push(database);
  const { pool, close } = openDatabase({ url: database.url, application_name: 'small', pool_size: 1 });
  const figures = () => figuresText(poolFigures('test', [pool]).read() as Figure[]);
  const held = await pool.connect();
  const waiting = [pool.query('select 1'), pool.query('select 1')];
  assert.match(figures(), /^database_pool_waiting\{pool="small"\} 2$/m);
  assert.match(figures(), /^database_pool_busy\{pool="small"\} 1$/m);
  assert.match(figures(), /^database_pool_size\{pool="small"\} 1$/m);
  held.release();
  await Promise.all(waiting);
  assert.match(figures(), /^database_pool_waiting\{pool="small"\} 0$/m);
  await close();
});

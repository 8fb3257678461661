import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Handlers, route } from '@zdravo/kit/contract';
import { watchEventLoop } from '@zdravo/kit/metrics';
import { accessDenied } from '@zdravo/kit/problem';
import { testLogger } from '@zdravo/kit/testing';
import fc from 'fast-check';
import { Type } from 'typebox';
import { createGateway, type GatewayOptions, served } from './index.ts';
import { createSlidingWindow } from './sliding-window.ts';

const common = { tag: 'Test', summary: 'A route', envelope: 'reference', data: Type.Object({}) } as const;
const signed_in = { kind: 'signed_in' } as const;
const contract = {
  read: route({ ...common, method: 'GET', path: '/api/things', access: signed_in }),
  write: route({ ...common, method: 'POST', path: '/api/things', access: signed_in }),
  sign: route({ ...common, method: 'PATCH', path: '/api/declaration_requests/:id/actions/sign', access: signed_in }),
};
const answer = async () => ({ data: {} });
const handlers: Handlers<typeof contract> = { read: answer, write: answer, sign: answer };

async function gateway(options: Partial<GatewayOptions>) {
  const app = await createGateway({
    routes: [served(contract, handlers)],
    findPrincipal: async ({ token }) => {
      if (!token.startsWith('user')) throw accessDenied('Invalid access token', 'token_invalid');
      return { user_id: token, client_id: 'c', client_type: 'MSP', scopes: new Set() };
    },
    ready: async () => {},
    log: testLogger(),
    version: '0.0.0',
    ...options,
  });
  const call = (method: 'GET' | 'POST' | 'PATCH', token = 'user1', remoteAddress = '10.0.0.1') =>
    app.inject({
      method,
      url: method === 'PATCH' ? '/api/declaration_requests/1/actions/sign' : '/api/things',
      headers: { authorization: `Bearer ${token}` },
      remoteAddress,
    });
  return { app, call };
}

test('each consumer has a limit of its own, told in the headers, with the bucket that was hit', async () => {
  const { app, call } = await gateway({ limits: { calls_per_minute: 2 } });
  const first = await call('GET');
  assert.equal(first.headers['ratelimit-policy'], '"consumer";q=2;w=60');
  assert.match(String(first.headers['ratelimit']), /^"consumer";r=1;t=\d+$/);
  await call('GET');
  const refused = await call('GET');
  assert.equal(refused.statusCode, 429);
  assert.equal(refused.json().error.code, 'limit_consumer');
  assert.ok(Number(refused.headers['retry-after']) >= 1);
  assert.equal((await call('GET', 'user2')).statusCode, 200);
  await app.close();
});

test('an address that guesses tokens is refused before they are looked at; others are not', async () => {
  const { app, call } = await gateway({ limits: { refused_tokens_per_minute: 5 } });
  for (let guess = 0; guess < 5; guess++) assert.equal((await call('GET', `guess${guess}`)).statusCode, 401);
  assert.equal((await call('GET', 'guess')).statusCode, 429);
  assert.equal((await call('GET', 'guess', '10.0.0.2')).statusCode, 401);
  const six = (last: string) => call('GET', 'guess', `2001:db8:1:2::${last}`);
  for (let guess = 0; guess < 5; guess++) await six(String(guess + 1));
  assert.equal((await six('ffff')).statusCode, 429);
  await app.close();
});

test('under load reading waits first, then writing, and signing never', async () => {
  let delay = 0;
  const { app, call } = await gateway({ pressure: { delay_ms: () => delay, stop: () => {} } });
  const statuses = async () => [
    (await call('GET')).statusCode,
    (await call('POST')).statusCode,
    (await call('PATCH')).statusCode,
    (await app.inject('/health/live')).statusCode,
  ];
  assert.deepEqual(await statuses(), [200, 200, 200, 200]);
  delay = 700;
  assert.deepEqual(await statuses(), [503, 200, 200, 200]);
  delay = 2_500;
  assert.deepEqual(await statuses(), [503, 503, 200, 200]);
  const refused = await call('GET');
  assert.equal(refused.headers['retry-after'], '2');
  assert.equal(refused.json().error.code, 'overloaded');
  await app.close();
});

test('a load that lasts is seen in the event loop’s delay', async () => {
  const block = (milliseconds: number) => {
    for (const until = performance.now() + milliseconds; performance.now() < until; );
  };
  const pressure = watchEventLoop(200);
  const delays: number[] = [];
  for (let round = 0; round < 12; round++) {
    block(100);
    await new Promise((resolve) => setTimeout(resolve, 1));
    delays.push(pressure.delay_ms());
  }
  assert.ok(Math.max(...delays) > 50, `${delays}`);
  pressure.stop();
});

test('metrics are for the holder of their token only', async () => {
  const { app, call } = await gateway({ metrics_token: 'a-long-token' });
  await call('GET');
  const metrics = (authorization?: string) =>
    app.inject({ url: '/metrics', headers: authorization ? { authorization } : {} });
  assert.equal((await metrics()).statusCode, 404);
  assert.equal((await metrics('Bearer a-long-tokes')).statusCode, 404);
  const { body } = await metrics('Bearer a-long-token');
  assert.match(body, /http_request_duration_seconds_count\{method="GET",route="\/api\/things",status="200"\} 1/);
  assert.match(body, /^# TYPE http_requests_in_flight gauge$/m);
  await app.close();
  const closed = await gateway({});
  assert.equal(
    (await closed.app.inject({ url: '/metrics', headers: { authorization: 'Bearer undefined' } })).statusCode,
    404,
  );
  await closed.app.close();
});

test('answers carry the headers that keep browsers from running, framing or keeping them', async () => {
  const { app, call } = await gateway({});
  const { headers } = await call('GET');
  assert.equal(headers['x-content-type-options'], 'nosniff');
  assert.equal(headers['x-frame-options'], 'DENY');
  assert.equal(headers['cache-control'], 'no-store');
  assert.match(String(headers['content-security-policy']), /default-src 'none'/);
  const preflight = await app.inject({
    method: 'OPTIONS',
    url: '/api/things',
    headers: { origin: 'https://mis.example', 'access-control-request-method': 'PATCH' },
  });
  assert.equal(preflight.statusCode, 204);
  assert.equal(preflight.headers['access-control-allow-origin'], '*');
  assert.equal(preflight.headers['access-control-allow-credentials'], undefined);
  await app.close();
});

test('a process that stops finishes what has begun and says that it is not ready', async () => {
  const { app } = await gateway({});
  await app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = app.server.address() as { port: number };
  assert.equal((await fetch(`http://127.0.0.1:${port}/health/ready`)).status, 200);
  await app.close();
  await assert.rejects(fetch(`http://127.0.0.1:${port}/health/ready`));
});

test('no more than the limit passes within any window, whatever the times', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 300 }),
      fc.integer({ min: 1, max: 20 }),
      (gaps, limit) => {
        let now = 0;
        const window = createSlidingWindow(100, () => now);
        const passed: number[] = [];
        for (const gap of gaps) {
          now += gap;
          const take = window.take('a', { name: 'test', limit });
          if (take.allowed) passed.push(now);
          assert.ok(take.left >= 0 && take.left < limit + 1 && take.reset_s >= 1);
        }
        const fixed = Map.groupBy(passed, (at) => Math.floor(at / 100));
        for (const one of fixed.values()) assert.ok(one.length <= limit);
      },
    ),
  );
});

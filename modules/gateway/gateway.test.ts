import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Handlers, route } from '@zdravo/kit/contract';
import type { HttpServer } from '@zdravo/kit/http';
import { accessDenied } from '@zdravo/kit/problem';
import { testLogger } from '@zdravo/kit/testing';
import { Type } from 'typebox';
import { createGateway, served } from './index.ts';

const common = {
  method: 'GET',
  tag: 'Test',
  summary: 'A route',
  envelope: 'reference',
  data: Type.Object({}),
} as const;
const contract = {
  open: route({ ...common, path: '/api/open', access: { kind: 'public' } }),
  mine: route({ ...common, path: '/api/mine', access: { kind: 'signed_in' } }),
  declarations: route({
    ...common,
    path: '/api/declarations',
    access: { kind: 'scopes', scopes: ['declaration:read', 'person:read'] },
  }),
  guessed: route({ ...common, path: '/api/guessed', access: { kind: 'public' }, rate_limit_per_minute: 3 }),
};
const answer = async () => ({ data: {} });
const handlers: Handlers<typeof contract> = { open: answer, mine: answer, declarations: answer, guessed: answer };

let app: HttpServer;
let ready = true;

before(async () => {
  app = await createGateway({
    routes: [served(contract, handlers)],
    findPrincipal: async ({ token }) => {
      if (token !== 'good') throw accessDenied('Invalid access token', 'token_invalid');
      return {
        user_id: '00000000-0000-4000-8000-000000000001',
        client_id: '00000000-0000-4000-8000-000000000002',
        client_type: 'MSP',
        scopes: new Set(['person:read']),
      };
    },
    ready: async () => {
      if (!ready) throw new Error('the database is away');
    },
    log: testLogger(),
    version: '0.0.0',
  });
  await app.ready();
});
after(() => app.close());

function get(url: string, authorization?: string) {
  return app.inject({ url, headers: authorization === undefined ? {} : { authorization } });
}

test('a public route ignores whatever Authorization a client sends', async () => {
  assert.equal((await get('/api/open', 'Bearer undefined')).statusCode, 200);
});

test('401 without a good token, 403 with one that lacks scopes, and the missing ones are named', async () => {
  assert.equal((await get('/api/mine')).statusCode, 401);
  assert.equal((await get('/api/mine', 'Bearer bad')).json().error.message, 'Invalid access token');
  assert.equal((await get('/api/mine', 'Bearer good')).statusCode, 200);
  const refused = await get('/api/declarations', 'Bearer good');
  assert.equal(refused.statusCode, 403);
  assert.match(refused.json().error.message, /Missing allowances: declaration:read$/);
});

test('what could be guessed at is limited, and says when to come back', async () => {
  for (let attempt = 0; attempt < 3; attempt++) assert.equal((await get('/api/guessed')).statusCode, 200);
  const refused = await get('/api/guessed');
  assert.equal(refused.statusCode, 429);
  assert.ok(Number(refused.headers['retry-after']) > 0);
  assert.equal(refused.json().error.type, 'too_many_requests');
});

test('the description is OpenAPI 3.1 with each route’s scopes', async () => {
  const { openapi, paths } = (await get('/api/openapi.json')).json();
  assert.equal(openapi, '3.1.0');
  assert.deepEqual(paths['/api/open'].get.security, []);
  assert.deepEqual(paths['/api/declarations'].get.security, [
    { token: ['declaration:read', 'person:read'], api_key: [] },
  ]);
});

test('health tells alive from ready', async () => {
  assert.equal((await get('/health/live')).statusCode, 200);
  assert.equal((await get('/health/ready')).statusCode, 200);
  ready = false;
  assert.equal((await get('/health/ready')).statusCode, 503);
});

test('an unknown address is a 404 in the style of its path', async () => {
  assert.equal((await get('/api/nothing')).json().error.type, 'not_found');
  assert.match(String((await get('/nothing')).headers['content-type']), /problem\+json/);
});

test('OPTIONS is answered to programs that are no browsers, too', async () => {
  const answer = await app.inject({ method: 'OPTIONS', url: '/api/open' });
  assert.equal(answer.statusCode, 204);
  assert.match(String(answer.headers['access-control-allow-methods']), /PATCH/);
});

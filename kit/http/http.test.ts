import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { text as textOf } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { Type } from 'typebox';
import { type Handlers, route } from '../contract/index.ts';
import { conflict } from '../problem/index.ts';
import { testLogger } from '../testing/test-logger.ts';
import { createHttpServer, type HttpServer, mount } from './index.ts';

const contract = {
  echo: route({
    method: 'POST',
    path: '/api/echo/:id',
    summary: 'Answers what it got',
    tag: 'test',
    access: { kind: 'public' },
    envelope: 'reference',
    params: Type.Object({ id: Type.String({ pattern: '^[a-z]+$' }) }),
    query: Type.Object({ page: Type.Optional(Type.Integer({ minimum: 1 })) }),
    body: Type.Object(
      {
        name: Type.String({ pattern: '^[a-z]*$' }),
        list: Type.Optional(Type.Array(Type.Object({ n: Type.Integer() }))),
      },
      { additionalProperties: false },
    ),
    data: Type.Object({ name: Type.String() }),
    paged: true,
  }),
  wait: route({
    method: 'GET',
    path: '/api/wait/:status',
    summary: 'Answers with a status',
    tag: 'test',
    access: { kind: 'public' },
    envelope: 'reference',
    params: Type.Object({ status: Type.Integer() }),
    data: Type.Object({ name: Type.String() }),
    also_statuses: [202],
  }),
  accept: route({
    method: 'PATCH',
    path: '/api/accept',
    summary: 'Takes a body or none',
    tag: 'test',
    access: { kind: 'public' },
    envelope: 'reference',
    body: Type.Optional(Type.Object({ code: Type.Optional(Type.Integer()) })),
    data: Type.Object({ name: Type.String() }),
  }),
  fail: route({
    method: 'GET',
    path: '/api/fail',
    summary: 'Has a bug',
    tag: 'test',
    access: { kind: 'public' },
    envelope: 'reference',
    data: Type.Object({}),
  }),
  refuse: route({
    method: 'GET',
    path: '/inside/refuse',
    summary: 'Refuses',
    tag: 'test',
    access: { kind: 'public' },
    envelope: 'plain',
    data: Type.Object({}),
  }),
};

const handlers: Handlers<typeof contract> = {
  echo: async ({ body, query }) => ({
    data: { ...body, hidden: 'never leaves', name: Object.keys(query).join() || body.name },
    paging: { page_number: query.page ?? 1, page_size: 50, total_entries: 0, total_pages: 1 },
  }),
  wait: async ({ params }) => ({
    data: { name: 'abc', hidden: 'never leaves' },
    status: params.status,
  }),
  accept: async ({ body }) => ({ data: { name: JSON.stringify(body) } }),
  fail: async () => {
    throw new Error('column "secret of Шевченко" does not exist');
  },
  refuse: async () => {
    throw conflict('Not now.');
  },
};

let app: HttpServer;

before(async () => {
  app = createHttpServer({ log: testLogger(), styleOf: (url) => (url.startsWith('/api') ? 'reference' : 'problem') });
  mount(app, contract, handlers, async () => ({}));
  await app.ready();
});
after(() => app.close());

function post(payload: string | Buffer, url = '/api/echo/abc', type = 'application/json') {
  return app.inject({ method: 'POST', url, headers: { 'content-type': type }, payload });
}

test('an answer carries the reference envelope and only declared members', async () => {
  const response = await post('{"name":"abc"}', '/api/echo/abc?page=2');
  assert.equal(response.statusCode, 200);
  const { meta, data, paging } = response.json();
  assert.equal(meta.code, 200);
  assert.equal(meta.type, 'object');
  assert.equal(meta.request_id, response.headers['x-request-id']);
  assert.deepEqual(data, { name: 'page' });
  assert.equal(paging.page_number, 2);
});

test('the key of a request that may be repeated comes back in meta, with answers and refusals', async () => {
  const post = (payload: string, key: string, name: string) =>
    app.inject({
      method: 'POST',
      url: '/api/echo/abc',
      payload,
      headers: { 'content-type': 'application/json', [name]: key },
    });
  for (const name of ['x-idempotency-key', 'idempotency-key'])
    for (const payload of ['{"name":"abc"}', '{}'])
      assert.equal((await post(payload, 'a-key-1', name)).json().meta.idempotency_key, 'a-key-1');
  assert.equal(
    (await post('{"name":"abc"}', 'not printable', 'x-idempotency-key')).json().meta.idempotency_key,
    undefined,
  );
});

test('a query parameter that the route does not know never reaches its handler', async () => {
  const response = await post('{"name":"abc"}', `/api/echo/abc?id='&is_active=maybe&page=2&__proto__=x&constructor=y`);
  assert.equal(response.json().data.name, 'page');
});

test('broken rules are named with their $ path, all at once', async () => {
  const response = await post('{"list":[{"n":"1"}],"other":1}');
  assert.equal(response.statusCode, 422);
  const { error } = response.json();
  assert.equal(error.type, 'validation_failed');
  assert.deepEqual(error.invalid.map((one: { entry: string }) => one.entry).sort(), [
    '$.list[0].n',
    '$.name',
    '$.other',
  ]);
});

test('a query parameter is read as what it is, and refused as such', async () => {
  const response = await post('{"name":"abc"}', '/api/echo/abc?page=zero');
  assert.equal(response.statusCode, 422);
  assert.equal(response.json().error.invalid[0].entry_type, 'query_parameter');
});

test('where a body may be absent, none and an empty one are the same, and a wrong one is refused', async () => {
  const patch = (payload?: string, type = 'application/json') =>
    app.inject({
      method: 'PATCH',
      url: '/api/accept',
      ...(payload === undefined ? {} : { payload, headers: { 'content-type': type } }),
    });
  const form = 'application/x-www-form-urlencoded';
  assert.deepEqual([(await patch('', form)).statusCode, (await patch('code=1', form)).statusCode], [200, 415]);
  for (const payload of [undefined, '', 'null', '{}']) assert.equal((await patch(payload)).json().data?.name, '{}');
  assert.equal((await patch('{"code":1}')).json().data.name, '{"code":1}');
  for (const payload of ['[]', '"1"', '{"code":"1"}']) assert.equal((await patch(payload)).statusCode, 422, payload);
});

test('malformed input has its own status, never 500', async () => {
  const cases: [payload: string | Buffer, status: number, code: string][] = [
    ['{"name":', 400, 'json_malformed'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 400, 'utf8_malformed'],
    ['{"name":"\\u0000"}', 400, 'character_not_allowed'],
    ['{"name":"\\ud800"}', 400, 'character_not_allowed'],
    ['{"name":"\\udc00"}', 400, 'character_not_allowed'],
    ['{"\\udc00":1}', 400, 'character_not_allowed'],
    ['{"__proto__":{}}', 400, 'member_not_allowed'],
    ['{"\\u005f_proto__":{}}', 400, 'member_not_allowed'],
    ['{"c\\u006fnstructor":{}}', 400, 'member_not_allowed'],
    [`${'['.repeat(100)}${']'.repeat(100)}`, 400, 'json_too_deep'],
    [`${'[{"a":'.repeat(33)}1${'}]'.repeat(33)}`, 400, 'json_too_deep'],
    [`{"name":"${'a'.repeat(1_100_000)}"}`, 413, 'request_too_large'],
    ['', 422, 'validation_failed'],
  ];
  for (const [payload, status, code] of cases) {
    const response = await post(payload);
    assert.equal(response.statusCode, status, code);
    assert.equal(response.json().error.code, code);
  }
  assert.equal((await post('name=abc', '/api/echo/abc', 'text/plain')).statusCode, 415);
  assert.equal((await post('{"name":"abc"}', '/api/echo/ABC')).statusCode, 404);
  assert.equal((await post('{"name":"abc"}', '/api/echo/abc%00')).statusCode, 400);
});

test('a body of any size is refused in words that its sender hears, announced or in chunks', async () => {
  const served = createHttpServer({ log: testLogger() });
  served.post('/', async () => ({}));
  await served.listen({ port: 0, host: '127.0.0.1' });
  const { port } = served.server.address() as AddressInfo;
  const part = 'x'.repeat(1 << 20);
  const head = 'POST / HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\n';
  const bodies = {
    announced: [`${head}content-length: ${24 * part.length}\r\n\r\n`, ...Array.from({ length: 24 }, () => part)],
    chunked: [
      `${head}transfer-encoding: chunked\r\n\r\n`,
      ...Array.from({ length: 24 }, () => `${part.length.toString(16)}\r\n${part}\r\n`),
      '0\r\n\r\n',
    ],
  };
  for (const body of Object.values(bodies)) {
    const socket = connect(port, '127.0.0.1');
    const heard = once(socket, 'data');
    // Like many clients: all is sent before an answer is looked for.
    for (const text of body)
      await new Promise<void>((resolve, reject) => {
        socket.write(text, (error) => (error ? reject(error) : resolve()));
      });
    assert.match(String(await heard), /^HTTP\/1\.1 413 .*request_too_large/s);
    socket.destroy();
  }
  await served.close();
});

test('the answer to a body of nothing but mistakes does not outgrow it', async () => {
  const members = Object.fromEntries(Array.from({ length: 20_000 }, (_, index) => [`m${index}`, 1]));
  const payload = JSON.stringify(members);
  const response = await post(payload);
  assert.equal(response.statusCode, 422);
  assert.ok(response.json().error.invalid.length >= 100);
  assert.ok(response.body.length < payload.length, `${response.body.length} bytes`);
});

test('an address whose escapes are no UTF-8 is refused before it is asked for anything', async () => {
  for (const query of ['page=1&name=%FF%FE', 'name=%C0%AF', 'name=%ED%A0%80', '%FF=1', 'name=a%D0']) {
    const response = await post('{"name":"abc"}', `/api/echo/abc?${query}`);
    assert.deepEqual([response.statusCode, response.json().error.code], [400, 'utf8_malformed'], query);
  }
  for (const query of ['name=%D0%86%20%d1%96', 'name=100%', 'name=%zz', 'name=%F0%9F%98%80'])
    assert.equal((await post('{"name":"abc"}', `/api/echo/abc?${query}`)).statusCode, 200, query);
});

test('an address that is longer than any route has a refusal of its own', async () => {
  const response = await post('{"name":"abc"}', `/api/echo/${'a'.repeat(3_000)}`);
  assert.equal(response.statusCode, 414);
  const { error } = response.json();
  assert.deepEqual([error.type, error.code], ['request_malformed', 'url_too_long']);
});

test('what is no HTTP, or has endless headers, is refused in plain words and the connection ends', async () => {
  const served = createHttpServer({ log: testLogger() });
  await served.listen({ port: 0, host: '127.0.0.1' });
  const { port } = served.server.address() as AddressInfo;
  const cases: [request: string, status: number, code: string][] = [
    ['nonsense\r\n\r\n', 400, 'request_malformed'],
    [`GET / HTTP/1.1\r\nx: ${'a'.repeat(70_000)}\r\n\r\n`, 431, 'headers_too_large'],
  ];
  for (const [request, status, code] of cases) {
    const answer = await textOf(connect(port, '127.0.0.1').end(request));
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    assert.equal(JSON.parse(answer.split('\r\n\r\n')[1]!).code, code);
  }
  await served.close();
});

test('an address that is served under other methods says which, in the envelope; one that is not served is not found', async () => {
  for (const url of ['/api/fail', '/api/fail/', '/api/fail?a=1', '/api/wait/200']) {
    const response = await app.inject({ method: 'DELETE', url });
    assert.equal(response.statusCode, 405, url);
    assert.equal(response.headers.allow, 'GET, HEAD');
    const { meta, error } = response.json();
    assert.deepEqual([meta.code, error.type, error.code], [405, 'method_not_allowed', 'method_not_allowed']);
  }
  assert.equal((await app.inject({ method: 'GET', url: '/api/echo/abc' })).headers.allow, 'POST');
  for (const url of ['/api/echo', '/api/echo/abc/def', '/api/fail/x', '/api/failing'])
    assert.equal((await app.inject({ method: 'DELETE', url })).statusCode, 404, url);
});

test('every status that a route may answer has the allow-list; one that it does not declare is a bug', async () => {
  for (const status of [200, 202]) {
    const response = await app.inject(`/api/wait/${status}`);
    assert.deepEqual([response.statusCode, response.json().data], [status, { name: 'abc' }]);
  }
  const undeclared = await app.inject('/api/wait/203');
  assert.equal(undeclared.statusCode, 500);
  assert.doesNotMatch(undeclared.body, /never leaves/);
});

test('a bug is a bare 500 that tells nothing', async () => {
  const response = await app.inject('/api/fail');
  assert.equal(response.statusCode, 500);
  assert.doesNotMatch(response.body, /Шевченко|column|stack/);
});

test('outside the reference paths an error is application/problem+json', async () => {
  const response = await app.inject('/inside/refuse');
  assert.equal(response.statusCode, 409);
  assert.match(String(response.headers['content-type']), /^application\/problem\+json/);
  assert.equal(response.json().code, 'request_conflict');
});

test('no JSON body whatever makes the server fail', async () => {
  await fc.assert(
    fc.asyncProperty(fc.json(), async (body) => {
      const { statusCode } = await post(body);
      assert.ok(statusCode < 500, `status ${statusCode}`);
    }),
    { numRuns: 200 },
  );
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { Type } from 'typebox';
import { createClient, inProcessTransport, type Transport } from '../client/index.ts';
import { type Handlers, route } from '../contract/index.ts';
import { conflict, Problem } from '../problem/index.ts';
import { testLogger } from '../testing/test-logger.ts';
import { createHttpServer, type HttpServer, mount, serviceAuthentication } from './index.ts';

const common = { tag: 'test', access: { kind: 'internal' }, envelope: 'plain' } as const;
const contract = {
  store: route({
    ...common,
    method: 'PUT',
    path: '/things/:id',
    summary: 'Answers what it got',
    params: Type.Object({ id: Type.String({ pattern: '^[a-zé/ ]+$' }) }),
    query: Type.Object({
      page: Type.Optional(Type.Integer({ minimum: 1 })),
      names: Type.Optional(Type.Array(Type.String())),
    }),
    body: Type.Object(
      { name: Type.Optional(Type.String()), list: Type.Optional(Type.Array(Type.Object({ n: Type.Integer() }))) },
      { additionalProperties: false },
    ),
    body_limit_bytes: 2_000,
    data: Type.Object({ id: Type.String(), given: Type.String(), context: Type.String() }),
  }),
  fail: route({ ...common, method: 'GET', path: '/fail', summary: 'Has a bug', data: Type.Object({}) }),
  refuse: route({ ...common, method: 'GET', path: '/refuse', summary: 'Refuses', data: Type.Object({}) }),
};

const handlers: Handlers<typeof contract> = {
  store: async ({ params, query, body }, { context }) => {
    const given = JSON.stringify({ query, body });
    // What a handler does to its input must not reach the caller.
    if (body.list) body.list.length = 0;
    return { id: params.id, given, context: JSON.stringify(context), hidden: 'never leaves' };
  },
  fail: async () => {
    throw new Error('column "secret of Шевченко" does not exist');
  },
  refuse: async () => {
    throw new Problem({ ...conflict('Not now.', 'not_now'), message: 'Not now.', retry_after_s: 1.2 });
  },
};

let app: HttpServer;
const credentials = { caller: 'il', secret: 'secret' };
const context = {
  request_id: 'request-1',
  actor_id: '4261eacf-8008-4e62-899f-de1e2f7065f0',
  client_id: 'c',
  purpose: 'test',
};

before(async () => {
  app = createHttpServer({ log: testLogger() });
  mount(app, contract, handlers, serviceAuthentication({ il: 'secret' }));
  await app.ready();
});
after(() => app.close());

/** The same call directly and through the whole HTTP stack. */
function bothWays(given = credentials) {
  const transport = inProcessTransport(app);
  const wire: Transport = (request) => transport(request);
  return { direct: createClient(contract, transport, given), wired: createClient(contract, wire, given) };
}

type Outcome = { answer: unknown } | Partial<Problem>;

async function outcomeOf(call: Promise<unknown>): Promise<Outcome> {
  try {
    return { answer: await call };
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    const { status, code, message, invalid, retry_after_s, cause } = error;
    return { status, code, message, invalid, retry_after_s, cause } as Outcome;
  }
}

async function assertSame(
  call: (client: ReturnType<typeof bothWays>['direct']) => Promise<unknown>,
  given = credentials,
) {
  const { direct, wired } = bothWays(given);
  const [one, other] = [await outcomeOf(call(direct)), await outcomeOf(call(wired))];
  assert.deepEqual(one, other);
  return one;
}

test('a direct call answers what the same call over the wire answers', async () => {
  const outcome = await assertSame((client) =>
    client.store(
      { params: { id: 'é/ b' }, query: { page: 2, names: ['x', 'y'] }, body: { name: 'Ї\u2028', list: [{ n: 1 }] } },
      context,
    ),
  );
  assert.deepEqual(Object.keys((outcome as { answer: object }).answer), ['id', 'given', 'context']);
});

test('bad input is refused directly as it is over the wire', async () => {
  const refused = [
    { params: { id: 'A1' }, body: {} },
    { params: { id: 'a' }, query: { page: 0 }, body: {} },
    { params: { id: 'a' }, body: { other: 1 } },
    { params: { id: 'a' }, body: { list: [{ n: 'x' }] } },
    { params: { id: 'a' }, body: { name: '\u0000' } },
    { params: { id: 'a' }, body: { name: '\ud800' } },
    { params: { id: 'a' }, body: { name: 'x'.repeat(3_000) } },
    { params: { id: 'a' }, query: { names: ['\u0000'] }, body: {} },
    { params: { id: 'a' }, body: undefined },
    { params: { id: 'a' }, body: null },
    { params: { id: 'a' }, body: [] },
  ];
  for (const input of refused) {
    const outcome = await assertSame((client) => client.store(input as never, context));
    assert.equal('answer' in outcome, false, JSON.stringify(input));
  }
});

test('a bug is a bare 500, a refusal keeps its code, and a foreign caller is sent away', async () => {
  assert.equal(((await assertSame((client) => client.fail({}, context))) as Problem).status, 500);
  assert.equal(((await assertSame((client) => client.refuse({}, context))) as Problem).code, 'not_now');
  const foreign = await assertSame((client) => client.refuse({}, context), { caller: 'il', secret: 'guess' });
  assert.equal((foreign as Problem).code, 'caller_unknown');
});

test('what a callee does to its input does not reach the caller', async () => {
  const body = { list: [{ n: 1 }] };
  await bothWays().direct.store({ params: { id: 'a' }, query: {}, body }, context);
  assert.deepEqual(body, { list: [{ n: 1 }] });
});

test('any body at all and any value that an address can carry: both ways agree', async () => {
  const scalar = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.double(), fc.boolean(), fc.constant(null));
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.oneof(scalar, fc.array(scalar)), async (body, page) => {
      await assertSame((client) => client.store({ params: { id: 'a' }, query: { page }, body } as never, context));
    }),
    { numRuns: 150 },
  );
});

test('a server that is stopped is not reached any more', async () => {
  const other = createHttpServer({ log: testLogger() });
  mount(other, contract, handlers, serviceAuthentication({ il: 'secret' }));
  await other.ready();
  const client = createClient(contract, inProcessTransport(other), credentials);
  await client.store({ params: { id: 'a' }, query: {}, body: {} }, context);
  await other.close();
  await assert.rejects(client.store({ params: { id: 'a' }, query: {}, body: {} }, context), { status: 503 });
});

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { Type } from 'typebox';
import { createClient, inProcessTransport, type Transport } from '../client/index.ts';
import { CivilDate, type Handlers, Nullable, Open, route, Uuid } from '../contract/index.ts';
import { conflict, Problem } from '../problem/index.ts';
import { testLogger } from '../testing/test-logger.ts';
import { answerCopyOf } from './answer-copy.ts';
import { createHttpServer, type HttpServer, mount, serviceAuthentication } from './index.ts';

const common = { tag: 'test', access: { kind: 'internal' }, envelope: 'plain' } as const;
/** Every kind of schema that the answers between perimeters are made of. */
const Answer = Type.Object({
  text: Type.String(),
  id: Type.Optional(Uuid),
  day: Type.Optional(Nullable(CivilDate)),
  count: Type.Optional(Type.Integer()),
  share: Type.Optional(Nullable(Type.Number())),
  is_so: Type.Optional(Type.Boolean()),
  kind: Type.Optional(Type.Enum(['a', 'b'])),
  list: Type.Optional(Nullable(Type.Array(Type.Object({ n: Type.Integer() })))),
  named: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  open: Type.Optional(Open({ n: Type.Integer() })),
  any: Type.Optional(Type.Unknown()),
});

const contract = {
  answer: route({ ...common, method: 'GET', path: '/answer', summary: 'Answers what it is told to', data: Answer }),
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

let answer: unknown;

const handlers: Handlers<typeof contract> = {
  answer: async () => answer as never,
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

const members = Object.keys(Answer.properties);
const id = '4261eacf-8008-4e62-899f-de1e2f7065f0';
const whole = {
  text: 'Ї\ud800',
  id,
  day: '1990-01-31',
  count: 1,
  share: 0.1,
  is_so: true,
  kind: 'a',
  list: [{ n: 1, hidden: 1 }],
  named: { 'a b': [1, null, { c: 'd' }] },
  open: { n: 1, other: { more: [] } },
  any: [{}],
  hidden: 'never leaves',
};

test('an answer is the same both ways, member by member, and shares nothing with what the handler holds', async () => {
  answer = whole;
  assert.notEqual(answerCopyOf(Answer)?.(whole), undefined, 'the serialiser is not needed for it');
  const outcome = (await assertSame((client) => client.answer({}, context))) as { answer: typeof whole };
  assert.deepEqual(Object.keys(outcome.answer).sort(), [...members].sort());
  assert.deepEqual(outcome.answer.list, [{ n: 1 }]);
  outcome.answer.list.length = 0;
  outcome.answer.named['a b'].length = 0;
  assert.deepEqual([whole.list.length, whole.named['a b'].length], [1, 3]);
});

test('whatever a handler answers, right or wrong, both ways agree', async () => {
  const odd = fc.oneof(
    fc.constantFrom(...Object.values(whole), undefined, null, -0, Number.NaN, 1.5, 1e300, '', 'x'.repeat(50), [], {}),
    fc.constantFrom(new Date(0), new Date(Number.NaN), { toJSON: () => 'x' }, [undefined], [null], { n: null }, 10n),
    fc.anything({ withDate: true, withNullPrototype: true, withSparseArray: true }),
  );
  const changed = fc.dictionary(fc.constantFrom(...members), odd, { maxKeys: 3 });
  await fc.assert(
    fc.asyncProperty(changed, async (changes) => {
      answer = { ...whole, ...changes };
      await assertSame((client) => client.answer({}, context));
    }),
    { numRuns: 1_000 },
  );
  for (answer of [undefined, null, [], Object.assign(Object.create({ text: 'inherited' }), { count: 2 })])
    await assertSame((client) => client.answer({}, context));
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

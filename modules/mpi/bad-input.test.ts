import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import type { Person } from './contract.ts';
import { type MpiUnderTest, somebody, startMpiForTest } from './testing.ts';

let under_test: MpiUnderTest;
before(async () => {
  under_test = await startMpiForTest();
});
after(() => under_test?.close());

type Answer = { status: number; body: string };

async function send(method: 'PUT' | 'POST' | 'GET', url: string, body?: unknown, headers = {}): Promise<Answer> {
  const response = await under_test.mpi.app.inject({
    method,
    url,
    headers: { 'x-caller': 'il', authorization: 'Bearer secret', 'content-type': 'application/json', ...headers },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.statusCode, body: response.body };
}

const source = { type: 'declaration_request', id: randomUUID() };
const putPerson = (person: unknown) => send('PUT', `/persons/${randomUUID()}`, { person, source });
const match = (person: unknown) => send('POST', '/person_matches', { person });

/** Anything that JSON can say, in the places where it hurts. */
const hostileText = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 300 }),
  fc.constantFrom(
    '',
    ' ',
    "'; drop table mpi.persons; --",
    '<script>',
    '\u202e',
    'ﷺ'.repeat(255),
    '王小明',
    '0000',
    'І'.repeat(255),
  ),
);
const anything = fc.oneof(hostileText, fc.jsonValue(), fc.constantFrom(null, -0, 1e308, [], {}));
const hostilePerson = fc.record(
  {
    first_name: anything,
    last_name: anything,
    second_name: anything,
    birth_date: fc.oneof(
      anything,
      fc.constantFrom('2000-02-30', '0000-01-01', '9999-12-31', '1850-01-01', '1990-01-31'),
    ),
    birth_country: hostileText,
    birth_settlement: hostileText,
    gender: fc.oneof(fc.constantFrom('MALE', 'FEMALE'), anything),
    tax_id: anything,
    documents: fc.oneof(fc.array(fc.record({ type: hostileText, number: hostileText }), { maxLength: 4 }), anything),
    addresses: fc.oneof(fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 3 }), anything),
    phones: fc.oneof(fc.array(fc.record({ type: hostileText, number: hostileText }), { maxLength: 3 }), anything),
    authentication_methods: fc.constantFrom(
      [{ type: 'NA' }],
      [{ type: 'OTP', phone_number: '+380' }],
      [{ type: 'X' }],
      null,
    ),
    death_date: anything,
  },
  { requiredKeys: ['first_name', 'last_name', 'birth_date', 'birth_country', 'birth_settlement', 'gender'] },
);
/** Mostly right, so that the write itself is reached. */
const oddPerson = fc.record({
  first_name: hostileText,
  last_name: hostileText,
  second_name: hostileText,
  birth_settlement: hostileText,
  tax_id: hostileText,
  documents: fc.array(fc.record({ type: hostileText, number: hostileText }), { maxLength: 4 }),
  phones: fc.array(fc.record({ type: hostileText, number: hostileText }), { maxLength: 3 }),
  addresses: fc.array(fc.dictionary(fc.string(), fc.jsonValue()), { maxLength: 2 }),
});

test('no body makes the index fail: it writes or refuses, and no answer quotes what was sent', async () => {
  await fc.assert(
    fc.asyncProperty(hostilePerson, oddPerson, async (hostile, odd) => {
      for (const person of [hostile, somebody(odd as Partial<Person>)]) {
        for (const answer of [await putPerson(person), await match(person)]) {
          assert.ok([200, 400, 422].includes(answer.status), `${answer.status} ${answer.body}`);
          assert.ok(!answer.body.includes('drop table'));
        }
      }
    }),
    { numRuns: 120 },
  );
});

test('no search and no context makes the index fail', async () => {
  const fields = fc.record(
    {
      first_name: anything,
      last_name: anything,
      birth_date: anything,
      second_name: anything,
      tax_id: anything,
      phone_number: anything,
    },
    { requiredKeys: ['first_name', 'last_name', 'birth_date'] },
  );
  const words = fc.string({ unit: fc.constantFrom(...'abc-_0 é'), maxLength: 40 });
  await fc.assert(
    fc.asyncProperty(fields, words, words, async (body, actor, purpose) => {
      const headers = { 'x-actor-id': actor.replace('é', 'e'), 'x-purpose': purpose.replace('é', 'e') };
      const answer = await send('POST', '/person_searches', body, headers);
      assert.ok([200, 400, 422].includes(answer.status), answer.body);
    }),
    { numRuns: 150 },
  );
});

test('what cannot be is refused with the place named', async () => {
  const refusal = async (given: Partial<Person>) => {
    const { status, body } = await putPerson(somebody(given));
    return [status, (JSON.parse(body) as { invalid?: { entry: string }[] }).invalid?.[0]?.entry];
  };
  assert.deepEqual(await refusal({ birth_date: '2000-02-30' }), [422, '$.person.birth_date']);
  assert.deepEqual(await refusal({ birth_date: '1849-12-31' }), [422, '$.person.birth_date']);
  assert.deepEqual(await refusal({ birth_date: '2999-01-01' }), [422, '$.person.birth_date']);
  assert.deepEqual(await refusal({ death_date: '2001-01-01' }), [422, '$.person.death_date']);
  assert.deepEqual(await refusal({ first_name: '' }), [422, '$.person.first_name']);
  assert.deepEqual(await refusal({ last_name: 'я'.repeat(10_000) }), [422, '$.person.last_name']);
});

test('numbers beyond JSON, broken JSON and broken UTF-8 are refused', async () => {
  const person = JSON.stringify(somebody()).replace('"country":"UA"', '"country":1e999');
  const text = `{"person":${person},"source":${JSON.stringify(source)}}`;
  assert.equal((await send('PUT', `/persons/${randomUUID()}`, text)).status, 422);
  assert.equal((await send('PUT', `/persons/${randomUUID()}`, text.slice(0, -3))).status, 400);
  assert.equal((await send('PUT', '/persons/not-an-id', text)).status, 404);
});

test('unknown members are not stored', async () => {
  const id = randomUUID();
  const person = { ...somebody(), diagnosis: 'таємниця', documents: [{ type: 'PASSPORT', number: 'АА123456', x: 1 }] };
  assert.equal((await send('PUT', `/persons/${id}`, { person, source })).status, 200);
  const read = await send('GET', `/persons/${id}`, undefined, { 'x-purpose': 'treatment' });
  assert.ok(!/таємниця|"x"/.test(read.body));
});

test('a read needs a purpose, a caller its secret, and a purpose its form', async () => {
  const id = randomUUID();
  await send('PUT', `/persons/${id}`, { person: somebody(), source });
  assert.equal((await send('GET', `/persons/${id}`)).status, 400);
  assert.equal((await send('GET', `/persons/${id}`, undefined, { 'x-purpose': 'Бо я так хочу' })).status, 400);
  assert.equal((await send('GET', `/persons/${id}`, undefined, { authorization: 'Bearer guess' })).status, 401);
  assert.equal((await send('GET', `/persons/${id}`, undefined, { 'x-purpose': 'treatment' })).status, 200);
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createClient, httpTransport } from '@zdravo/kit/client';
import { KeyError } from '@zdravo/kit/keys';
import { Problem } from '@zdravo/kit/problem';
import pg from 'pg';
import { contract, type Person } from './contract.ts';
import { birthMonth } from './persons/facts.ts';
import { context, eventsUntil, type MpiUnderTest, newKeyFile, somePersons, startMpiForTest } from './testing.ts';

let under_test: MpiUnderTest;
let superuser: pg.Client;
const people = somePersons(120);
const adults = people.filter((person) => person.tax_id);
let taken = 0;

before(async () => {
  under_test = await startMpiForTest();
  superuser = new pg.Client({ connectionString: under_test.database_url });
  await superuser.connect();
});
after(async () => {
  await superuser?.end();
  await under_test?.close();
});

function put(person: Person, id: string = randomUUID(), source_id: string = randomUUID()) {
  const source = { type: 'declaration_request', id: source_id };
  return under_test.client.putPerson({ params: { id }, body: { person, source } }, context);
}

function nextAdult(): Person {
  return adults[taken++]!;
}

test('a stored person comes back whole, and the read is on record with actor and purpose', async () => {
  const person = nextAdult();
  const written = await put(person);
  assert.equal(written.created, true);
  const read = await under_test.client.getPerson({ params: { id: written.id } }, context);
  assert.deepEqual(read.person, person);
  assert.notEqual(read.pseudonym, read.id);
  const { rows } = await superuser.query('select actor_id, purpose from mpi.read_audit where resource_id = $1', [
    written.id,
  ]);
  assert.deepEqual(rows, [{ actor_id: context.actor_id, purpose: 'treatment' }]);
});

test('the same source is written once, another one makes the next version', async () => {
  const person = nextAdult();
  const id = randomUUID();
  const source_id = randomUUID();
  const first = await put(person, id, source_id);
  assert.deepEqual(await put(person, id, source_id), first);
  assert.equal((await put({ ...person, birth_settlement: 'Бровари' }, id)).version, 2);
});

test('64 registrations of one new person under 64 ids at once make one person', async () => {
  const person = nextAdult();
  const answers = await Promise.all(Array.from({ length: 64 }, () => put(person)));
  assert.equal(new Set(answers.map((answer) => answer.id)).size, 1);
  assert.equal(answers.filter((answer) => answer.created).length, 1);
});

test('children without tax number are told apart by their certificates, and twins stay two', async () => {
  const child = people.find(
    (person) => !person.tax_id && person.documents.some((one) => one.type === 'BIRTH_CERTIFICATE'),
  )!;
  const twin: Person = {
    ...child,
    first_name: child.first_name === 'Марія' ? 'Софія' : 'Марія',
    documents: [{ type: 'BIRTH_CERTIFICATE', number: 'АА000001' }],
  };
  const first = await put(child);
  const second = await put(twin);
  assert.notEqual(first.id, second.id);
  assert.equal((await put(child)).id, first.id);
  const without_documents: Person = { ...child, documents: [{ type: 'BIRTH_CERTIFICATE', number: 'АА000002' }] };
  assert.deepEqual(await under_test.client.matchPerson({ body: { person: without_documents } }, context), {
    result: 'none',
  });
});

test('a known person is matched and tells the authentication method', async () => {
  const person = nextAdult();
  assert.deepEqual(await under_test.client.matchPerson({ body: { person } }, context), { result: 'none' });
  const { id } = await put(person);
  const match = await under_test.client.matchPerson({ body: { person: { ...person, last_name: 'Інше' } } }, context);
  assert.deepEqual(match, { result: 'found', id, authentication_methods: person.authentication_methods });
});

test('a search gives back what was asked by and the id, nothing more', async () => {
  const person = nextAdult();
  const { id } = await put(person);
  const { first_name, last_name, birth_date } = person;
  const body = { first_name: first_name.toUpperCase(), last_name, birth_date };
  const answer = await under_test.client.searchPersons({ body }, context);
  assert.ok(answer.result === 'found');
  assert.deepEqual(Object.keys(answer.persons[0]!).sort(), [
    'birth_country',
    'birth_date',
    'birth_settlement',
    'first_name',
    'id',
    'last_name',
    'merged_ids',
  ]);
  assert.equal(answer.persons[0]!.id, id);
  const wrong = await under_test.client.searchPersons({ body: { ...body, tax_id: '1111111118' } }, context);
  assert.deepEqual(wrong, { result: 'found', persons: [] });
});

test('more than fifteen matches are refused without a number', async () => {
  const person = nextAdult();
  for (let serial = 0; serial < 16; serial++)
    await put({ ...person, tax_id: null, documents: [{ type: 'PASSPORT', number: `АБ1234${10 + serial}` }] });
  const { first_name, last_name, birth_date } = person;
  const answer = await under_test.client.searchPersons({ body: { first_name, last_name, birth_date } }, context);
  assert.deepEqual(answer, { result: 'too_many' });
});

test('a reset forgets the method once per order', async () => {
  const { id } = await put(nextAdult());
  const reset_id = randomUUID();
  const reset = () => under_test.client.resetAuthenticationMethod({ params: { id }, body: { reset_id } }, context);
  const first = await reset();
  assert.equal((await reset()).version, first.version);
  const read = await under_test.client.getPerson({ params: { id } }, context);
  assert.deepEqual(read.person.authentication_methods, [{ type: 'NA' }]);
});

test('an erased person is gone: unreadable, unfindable, and not made anew', async () => {
  const person = nextAdult();
  const { id, pseudonym } = await put(person);
  const erase = () => under_test.client.erasePerson({ params: { id }, body: { order_id: randomUUID() } }, context);
  const erased = await erase();
  assert.deepEqual(await erase(), erased);
  const hasStatus = (status: number) => (error: unknown) => error instanceof Problem && error.status === status;
  await assert.rejects(under_test.client.getPerson({ params: { id } }, context), hasStatus(410));
  await assert.rejects(put(person, id), hasStatus(409));
  const { rows } = await superuser.query('select 1 from mpi.person_facts where pseudonym = $1', [pseudonym]);
  assert.deepEqual(rows, []);
  assert.deepEqual(await under_test.client.matchPerson({ body: { person } }, context), { result: 'none' });
});

test('versions are append-only for the running role, and parents cannot be chained', async () => {
  for (const statement of [
    'update mpi.person_versions set version = 9',
    'delete from mpi.person_versions',
    'delete from mpi.persons',
  ]) {
    await superuser.query('set role zdravo_mpi');
    await assert.rejects(superuser.query(statement), /permission denied/, statement);
    await superuser.query('reset role');
  }
  const [a, b, c] = [await put(nextAdult()), await put(nextAdult()), await put(nextAdult())];
  const merge = (id: string, parent_id: string) =>
    superuser.query("update mpi.persons set status = 'merged', parent_id = $2 where id = $1", [id, parent_id]);
  await merge(a!.id, b!.id);
  await assert.rejects(merge(b!.id, c!.id), /persons_parent_is_root/);
  await assert.rejects(merge(c!.id, a!.id), /persons_parent_is_root/);
  const read = await under_test.client.getPerson({ params: { id: a!.id } }, context);
  assert.equal(read.id, b!.id);
  assert.equal(read.requested_id, a!.id);
  assert.deepEqual(read.merged_ids, [a!.id]);
});

test('with another key file the index does not start, and says what to restore', async () => {
  await assert.rejects(under_test.open(await newKeyFile()), (error: unknown) => {
    return error instanceof KeyError && error.code === 'key_refused' && /Restore the key file/.test(error.hint);
  });
});

test('the contract answers the same over HTTP', async () => {
  const address = await under_test.mpi.app.listen({ port: 0, host: '127.0.0.1' });
  const client = createClient(contract, httpTransport(address), { caller: 'il', secret: 'secret' });
  const person = nextAdult();
  const { id } = await put(person);
  assert.deepEqual((await client.getPerson({ params: { id } }, context)).person, person);
  await eventsUntil({ client }, 'person.created', id);
});

test('birth months make ages exact on the first of a month', () => {
  assert.equal(birthMonth('2000-05-01'), '2000-05-01');
  assert.equal(birthMonth('2000-05-02'), '2000-06-01');
  assert.equal(birthMonth('1999-12-31'), '2000-01-01');
  assert.equal(birthMonth('2004-02-29'), '2004-03-01');
});

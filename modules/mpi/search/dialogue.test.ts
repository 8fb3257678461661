import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Problem } from '@zdravo/kit/problem';
import type { Person } from '../contract.ts';
import type { SearchQuery } from './contract.ts';
import { clerk, type Desk, isProblem, openDesk, queryOf, question, uniqueFamily } from './testing.ts';

let desk: Desk;
before(async () => {
  desk = await openDesk();
});
after(() => desk?.under.close());
beforeEach(() => desk.clock.advance(60_000));

test('names and the day of birth of one person give a handle, for them and once', async () => {
  const { id, person } = await desk.put({});
  const context = clerk();
  const answer = await desk.search(queryOf(person), context);
  assert.ok(answer.result === 'found');
  const body = { handle: answer.handle };
  await assert.rejects(desk.client.openHandle({ body }, clerk()), isProblem(404, 'handle_unknown'), 'somebody else');
  await assert.rejects(desk.client.readByHandle({ body }, context), isProblem(404, 'handle_unknown'), 'not opened yet');
  assert.equal((await desk.client.openHandle({ body }, context)).person_id, id);
  await assert.rejects(desk.client.openHandle({ body }, context), isProblem(404, 'handle_unknown'), 'a second time');
  const read = await desk.client.readByHandle({ body }, context);
  assert.deepEqual(read.person, person);
  await assert.rejects(desk.client.readByHandle({ body }, context), isProblem(404, 'handle_unknown'), 'read already');
});

test('a handle of more than ten minutes ago opens nothing, and is forgotten', async () => {
  const { person } = await desk.put({});
  const context = clerk();
  const answer = await desk.search(queryOf(person), context);
  assert.ok(answer.result === 'found');
  desk.clock.advance(600_001);
  await assert.rejects(
    desk.client.openHandle({ body: { handle: answer.handle } }, context),
    isProblem(404, 'handle_unknown'),
  );
  await desk.mpi.jobs.find(({ name }) => name === 'expire_searches')!.run({}, { signal: undefined });
  const { rows } = await desk.under.superuser.query('select from mpi.search_handles where expires_at < $1', [
    desk.clock.now(),
  ]);
  assert.equal(rows.length, 0);
});

const misspelt: { what: string; person: Partial<Person>; query: (person: Person) => Partial<SearchQuery> }[] = [
  {
    what: 'a typing error in the family name',
    person: { birth_date: '2018-03-04' },
    query: (one) => ({ last_name: `${one.last_name}о`, second_name: one.second_name! }),
  },
  {
    what: 'a typing error in the given name',
    person: { first_name: 'Соломія' },
    query: () => ({ first_name: 'Соломя' }),
  },
  { what: 'swapped names', person: {}, query: (one) => ({ first_name: one.last_name, last_name: one.first_name }) },
  { what: 'a Russian spelling', person: { first_name: 'Сергій' }, query: () => ({ first_name: 'Сергей' }) },
  { what: 'Latin letters', person: { first_name: 'Сергій' }, query: () => ({ first_name: 'Serhii' }) },
];
for (const { what, person: given, query } of misspelt)
  test(`${what} still leads to the person, if need be by a question`, async () => {
    const { id, person } = await desk.put({ birth_settlement: 'Самбір', ...given });
    const context = clerk();
    let answer = await desk.search({ ...queryOf(person), ...query(person) }, context);
    if (answer.result === 'question') {
      const truth = answer.attribute === 'birth_settlement' ? 'Самбір' : 'О';
      answer = await desk.reply(answer.dialogue, truth, context);
    }
    assert.equal(await desk.whoIs(answer, context), id);
  });

test('a few who fit are told apart by a question, and the true answer gives a handle', async () => {
  const last_name = uniqueFamily();
  const birth_date = '1971-02-03';
  const settlements = ['Самбір', 'Косів', 'Бар'];
  const ids: string[] = [];
  for (const birth_settlement of settlements)
    ids.push((await desk.put({ last_name, birth_date, birth_settlement })).id);
  for (const [at, settlement] of settlements.entries()) {
    const context = clerk();
    const asked = question(await desk.search({ first_name: 'Соломія', last_name, birth_date }, context));
    assert.equal(asked.attribute, 'birth_settlement');
    assert.equal(asked.options.length, 5);
    assert.deepEqual(asked.options, asked.options.toSorted());
    assert.ok(settlements.every((one) => asked.options.includes(one)));
    assert.equal(await desk.whoIs(await desk.reply(asked.dialogue, settlement, context), context), ids[at]);
  }
});

test('a question is answered once, by whom it was asked, with one of its options', async () => {
  const last_name = uniqueFamily();
  const birth_date = '1971-02-04';
  for (const birth_settlement of ['Самбір', 'Косів']) await desk.put({ last_name, birth_date, birth_settlement });
  const context = clerk();
  const { dialogue, options } = question(await desk.search({ first_name: 'Соломія', last_name, birth_date }, context));
  await assert.rejects(desk.reply(dialogue, 'Самбір', clerk()), isProblem(404, 'search_step_unknown'));
  await assert.rejects(desk.reply(dialogue, 'Небувалівка', context), (error: unknown) => {
    assert.ok(error instanceof Problem && error.status === 422);
    assert.equal(error.invalid?.[0]?.entry, '$.answer');
    return true;
  });
  const answers = await Promise.allSettled([...options, null].map((answer) => desk.reply(dialogue, answer, context)));
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
  await assert.rejects(desk.reply(dialogue, null, context), isProblem(404, 'search_step_unknown'));
});

test('an answer takes the floor at least, whatever it is, an error too', async () => {
  const settings = { floor_ms: 150 };
  const { client: floored } = await desk.under.open(desk.under.key_file, { search: { settings }, clock: desk.clock });
  const { person } = await desk.put({});
  const attempts = [
    () => floored.startSearch({ body: queryOf(person) }, clerk()),
    () => floored.startSearch({ body: { first_name: 'Ніхто', last_name: 'Ніякий' } }, clerk()),
    () => floored.replyToSearch({ body: { dialogue: 'unknown', answer: null } }, clerk()).catch(() => {}),
  ];
  for (const attempt of attempts) {
    const started = performance.now();
    await attempt();
    assert.ok(performance.now() - started >= 145);
  }
});

test('every person that a search opens stands in the audit, with actor and purpose', async () => {
  const { id, person } = await desk.put({});
  const context = clerk();
  await desk.search(queryOf(person), context);
  const { rows } = await desk.under.superuser.query(
    `select action, purpose from mpi.read_audit where actor_id = $1 and resource_id = $2`,
    [context.actor_id, id],
  );
  assert.deepEqual(rows, [{ action: 'person.search', purpose: 'person_search:treat' }]);
});

test('while the audit cannot be written no answer leaves, and after it the search finds as before', async () => {
  const { id, person } = await desk.put({});
  const context = clerk();
  const { superuser } = desk.under;
  await superuser.query('revoke insert on mpi.read_audit from zdravo_mpi');
  try {
    await assert.rejects(desk.search(queryOf(person), context), { status: 500 });
  } finally {
    await superuser.query('grant insert on mpi.read_audit to zdravo_mpi');
  }
  assert.equal(await desk.whoIs(await desk.search(queryOf(person), context), context), id);
});

test('for a searcher who is not let in nobody is opened, though the ids were looked up meanwhile', async () => {
  const { id, person } = await desk.put({});
  const context = clerk();
  const { superuser } = desk.under;
  await superuser.query(
    `insert into mpi.search_locks (subject_id, subject_type, client_id, reason, locked_at, locked_until) values ($1, 'actor', $2, 'sweep', now(), $3)`,
    [context.actor_id, context.client_id, new Date(desk.clock.now().getTime() + 3_600_000)],
  );
  await assert.rejects(desk.search(queryOf(person), context), isProblem(429, 'search_locked'));
  const { rowCount } = await superuser.query('select from mpi.read_audit where actor_id = $1', [context.actor_id]);
  assert.equal(rowCount, 0);
  const kept = 'select from mpi.search_handles where person_id = $1';
  assert.equal((await superuser.query(kept, [id])).rowCount, 0);
});

test('a search without actor, client or purpose is refused', async () => {
  const { actor_id, client_id, purpose, request_id } = clerk();
  const body = { first_name: 'Ніхто', last_name: 'Ніякий' };
  await assert.rejects(
    desk.client.startSearch({ body }, { request_id, client_id, purpose }),
    isProblem(400, 'actor_required'),
  );
  await assert.rejects(
    desk.client.startSearch({ body }, { request_id, actor_id, purpose }),
    isProblem(400, 'actor_required'),
  );
  await assert.rejects(
    desk.client.startSearch({ body }, { request_id, actor_id, client_id }),
    isProblem(400, 'purpose_required'),
  );
});

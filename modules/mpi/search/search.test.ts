import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import type { Client } from '@zdravo/kit/client';
import { settableClock } from '@zdravo/kit/clock';
import { Problem } from '@zdravo/kit/problem';
import type { contract, Person } from '../contract.ts';
import type { Mpi } from '../index.ts';
import { type MpiUnderTest, somebody, somePersons, startMpiForTest } from '../testing.ts';
import type { SearchAnswer, SearchQuery } from './contract.ts';

let under: MpiUnderTest;
let client: Client<typeof contract>;
let mpi: Mpi;
const clock = settableClock('2026-03-02T08:00:00Z', 'UTC');
const typical = somePersons(600, 'typical');

before(async () => {
  under = await startMpiForTest();
  const search = { settings: { floor_ms: 1 }, typicalPersons: () => typical };
  ({ client, mpi } = await under.open(under.key_file, { search, clock }));
});
after(() => under?.close());
beforeEach(() => clock.advance(60_000));

type Context = { request_id: string; actor_id: string; client_id: string; purpose: string };
function clerk(client_id: string = randomUUID()): Context {
  return { request_id: 'search-test', actor_id: randomUUID(), client_id, purpose: 'person_search:treat' };
}
const search = (body: SearchQuery, context = clerk()) => client.startSearch({ body }, context);
const reply = (dialogue: string, answer: string | null, context: Context) =>
  client.replyToSearch({ body: { dialogue, answer } }, context);

function queryOf({ first_name, last_name, birth_date }: Person): SearchQuery & { birth_date: string } {
  return { first_name, last_name, birth_date };
}
function question(answer: SearchAnswer) {
  assert.ok(answer.result === 'question', answer.result);
  return answer;
}
function isProblem(status: number, code: string) {
  return (error: unknown) => error instanceof Problem && error.status === status && error.code === code;
}

let serial = 0;
/** Namesakes are nobody else's in this file. */
function uniqueFamily(): string {
  const letters = 'бвгджзклмнпрст';
  let number = ++serial + 20_000;
  let name = '';
  for (; number > 0; number = Math.floor(number / letters.length)) name += `${letters[number % letters.length]}о`;
  return `Х${name}енко`;
}

async function put(given: Partial<Person>): Promise<{ id: string; person: Person }> {
  const person = somebody({ last_name: uniqueFamily(), ...given });
  return { id: (await under.put(person)).id, person };
}

async function whoIs(answer: SearchAnswer, context: Context): Promise<string> {
  assert.ok(answer.result === 'found', answer.result);
  const { person_id } = await client.openHandle({ body: { handle: answer.handle } }, context);
  return person_id;
}

test('names and the day of birth of one person give a handle, for them and once', async () => {
  const { id, person } = await put({});
  const context = clerk();
  const answer = await search(queryOf(person), context);
  assert.ok(answer.result === 'found');
  const body = { handle: answer.handle };
  await assert.rejects(client.openHandle({ body }, clerk()), isProblem(404, 'handle_unknown'), 'somebody else');
  await assert.rejects(client.readByHandle({ body }, context), isProblem(404, 'handle_unknown'), 'not opened yet');
  assert.equal((await client.openHandle({ body }, context)).person_id, id);
  await assert.rejects(client.openHandle({ body }, context), isProblem(404, 'handle_unknown'), 'a second time');
  const read = await client.readByHandle({ body }, context);
  assert.deepEqual(read.person, person);
  await assert.rejects(client.readByHandle({ body }, context), isProblem(404, 'handle_unknown'), 'read already');
});

test('a handle of more than ten minutes ago opens nothing, and is forgotten', async () => {
  const { person } = await put({});
  const context = clerk();
  const answer = await search(queryOf(person), context);
  assert.ok(answer.result === 'found');
  clock.advance(600_001);
  await assert.rejects(
    client.openHandle({ body: { handle: answer.handle } }, context),
    isProblem(404, 'handle_unknown'),
  );
  await mpi.jobs.find(({ name }) => name === 'expire_searches')!.run({}, { signal: undefined });
  const { rows } = await under.superuser.query('select from mpi.search_handles where expires_at < $1', [clock.now()]);
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
    const { id, person } = await put({ birth_settlement: 'Самбір', ...given });
    const context = clerk();
    let answer = await search({ ...queryOf(person), ...query(person) }, context);
    if (answer.result === 'question') {
      const truth = answer.attribute === 'birth_settlement' ? 'Самбір' : 'О';
      answer = await reply(answer.dialogue, truth, context);
    }
    assert.equal(await whoIs(answer, context), id);
  });

test('a few who fit are told apart by a question, and the true answer gives a handle', async () => {
  const last_name = uniqueFamily();
  const birth_date = '1971-02-03';
  const settlements = ['Самбір', 'Косів', 'Бар'];
  const ids: string[] = [];
  for (const birth_settlement of settlements) ids.push((await put({ last_name, birth_date, birth_settlement })).id);
  for (const [at, settlement] of settlements.entries()) {
    const context = clerk();
    const asked = question(await search({ first_name: 'Соломія', last_name, birth_date }, context));
    assert.equal(asked.attribute, 'birth_settlement');
    assert.equal(asked.options.length, 5);
    assert.deepEqual(asked.options, asked.options.toSorted());
    assert.ok(settlements.every((one) => asked.options.includes(one)));
    assert.equal(await whoIs(await reply(asked.dialogue, settlement, context), context), ids[at]);
  }
});

test('a question is answered once, by whom it was asked, with one of its options', async () => {
  const last_name = uniqueFamily();
  const birth_date = '1971-02-04';
  for (const birth_settlement of ['Самбір', 'Косів']) await put({ last_name, birth_date, birth_settlement });
  const context = clerk();
  const { dialogue, options } = question(await search({ first_name: 'Соломія', last_name, birth_date }, context));
  await assert.rejects(reply(dialogue, 'Самбір', clerk()), isProblem(404, 'search_step_unknown'));
  await assert.rejects(reply(dialogue, 'Небувалівка', context), (error: unknown) => {
    assert.ok(error instanceof Problem && error.status === 422);
    assert.equal(error.invalid?.[0]?.entry, '$.answer');
    return true;
  });
  const answers = await Promise.allSettled([...options, null].map((answer) => reply(dialogue, answer, context)));
  assert.equal(answers.filter(({ status }) => status === 'fulfilled').length, 1);
  await assert.rejects(reply(dialogue, null, context), isProblem(404, 'search_step_unknown'));
});

test('the same candidates get the same options, however the query is worded', async () => {
  const last_name = uniqueFamily();
  const birth_date = '1971-02-05';
  for (const birth_settlement of ['Самбір', 'Косів']) await put({ last_name, birth_date, birth_settlement });
  const base = { first_name: 'Соломія', last_name, birth_date };
  const wordings: SearchQuery[] = [
    base,
    { ...base, first_name: 'соломія' },
    { ...base, second_name: 'Остапівна' },
    { ...base, first_name: last_name, last_name: 'Соломія' },
  ];
  const seen = new Set<string>();
  for (const wording of wordings) seen.add(question(await search(wording)).options.join());
  assert.equal(seen.size, 1);
});

test('two questions that share a candidate share its decoys: the intersection hides the truth', async () => {
  const last_name = uniqueFamily();
  const birth_date = '1971-02-06';
  const shared = await put({
    last_name,
    birth_date,
    birth_settlement: 'Самбір',
    phones: [{ type: 'MOBILE', number: '+380509990001' }],
  });
  await put({
    last_name,
    birth_date,
    birth_settlement: 'Косів',
    phones: [{ type: 'MOBILE', number: '+380509990002' }],
  });
  const typo = `${shared.person.last_name}о`;
  const second_name = 'Остапівна';
  const both = question(await search({ first_name: 'Соломія', second_name, last_name, birth_date }));
  const alone = question(
    await search({ first_name: 'Соломія', second_name, last_name: typo, birth_date, phone_number: '+380509990001' }),
  );
  const common = both.options.filter((option) => alone.options.includes(option));
  assert.ok(common.includes('Самбір'));
  assert.ok(common.length >= 2, common.join());
});

test('too many are refused alike, whether five or fifty; names alone are always too many', async () => {
  const answers: unknown[] = [];
  for (const count of [5, 30]) {
    const last_name = uniqueFamily();
    for (let one = 0; one < count; one++)
      await put({
        last_name,
        birth_date: '1975-05-05',
        documents: [{ type: 'PASSPORT', number: `ХХ${count}00${100 + one}` }],
      });
    answers.push(await search({ first_name: 'Соломія', last_name, birth_date: '1975-05-05' }));
  }
  answers.push(await search({ first_name: 'Ніхто', last_name: 'Ніякий' }));
  for (const answer of answers) assert.deepEqual(answer, { result: 'too_many' });
});

test('about one in ten of those who are not there gets a question too, always the same', async () => {
  let questions = 0;
  const queries = Array.from({ length: 200 }, (_, at) => ({
    first_name: 'Соломія',
    last_name: uniqueFamily(),
    birth_date: `19${50 + (at % 40)}-01-01`,
  }));
  for (const query of queries) {
    const answer = await search(query);
    assert.ok(answer.result === 'none' || answer.result === 'question');
    if (answer.result === 'none') continue;
    questions += 1;
    assert.equal(answer.options.length, 5);
    const context = clerk();
    const again = question(await search(query, context));
    assert.deepEqual(again.options, answer.options);
    assert.deepEqual(await reply(again.dialogue, again.options[0]!, context), { result: 'none' });
  }
  assert.ok(questions >= 5 && questions <= 45, `${questions} of 200`);
});

async function canaries(actor_id: string): Promise<{ reason: string; path: string[] }[]> {
  const { rows } = await under.superuser.query(
    `select payload from mpi.outbox where type = 'search.canary' and object_id = $1 order by position`,
    [actor_id],
  );
  return rows.map(({ payload }) => payload);
}

test('an answer that fits nobody raises a canary; three lock the actor, three actors the organisation', async () => {
  const client_id = randomUUID();
  for (let actor = 0; actor < 3; actor++) {
    const context = clerk(client_id);
    for (let guess = 0; guess < 3; guess++) {
      const last_name = uniqueFamily();
      const birth_date = '1971-02-07';
      for (const birth_settlement of ['Самбір', 'Косів']) await put({ last_name, birth_date, birth_settlement });
      const { dialogue, options } = question(await search({ first_name: 'Соломія', last_name, birth_date }, context));
      const decoy = options.find((option) => !['Самбір', 'Косів'].includes(option))!;
      assert.deepEqual(await reply(dialogue, decoy, context), { result: 'none' });
    }
    const raised = await canaries(context.actor_id);
    const reasons = ['wrong_answer', 'wrong_answer', 'wrong_answer', 'wrong_answers'];
    assert.deepEqual(
      raised.map(({ reason }) => reason),
      actor === 2 ? [...reasons, 'locked_actors'] : reasons,
    );
    assert.deepEqual(raised[0]!.path, ['birth_years', 'birth_settlement']);
    await assert.rejects(search(queryOf(somebody()), context), isProblem(429, 'search_locked'));
  }
  await assert.rejects(search(queryOf(somebody()), clerk(client_id)), isProblem(429, 'search_locked'), 'a colleague');
  assert.equal((await search(queryOf(somebody({ last_name: uniqueFamily() })))).result !== undefined, true);
});

test('who tries the days of birth of one name is locked, in the reference’s search too', async () => {
  for (const ask of [
    (body: SearchQuery & { birth_date: string }, context: Context) => search(body, context),
    (body: SearchQuery & { birth_date: string }, context: Context) => client.searchPersons({ body }, context),
  ]) {
    const context = clerk();
    const last_name = uniqueFamily();
    const days = Array.from({ length: 6 }, (_, at) => ({
      first_name: 'Іван',
      last_name,
      birth_date: `1960-03-1${at}`,
    }));
    for (const day of days.slice(0, 5)) {
      await ask(day, context);
      await ask(day, context);
    }
    await assert.rejects(ask(days[5]!, context), isProblem(429, 'search_locked'));
    assert.deepEqual(
      (await canaries(context.actor_id)).map(({ reason }) => reason),
      ['sweep'],
    );
  }
});

test('who finds and uses nothing is locked; who registers or reads whom they found is not', async () => {
  const people = await Promise.all(Array.from({ length: 12 }, () => put({})));
  const options = { search: { settings: { floor_ms: 1, unused: 10 }, typicalPersons: () => typical }, clock };
  const strict = await under.open(under.key_file, options);
  const idle = clerk();
  const busy = clerk();
  for (const [at, { person }] of people.entries()) {
    const answer = await strict.client.startSearch({ body: queryOf(person) }, busy);
    assert.ok(answer.result === 'found');
    const body = { handle: answer.handle };
    await strict.client.openHandle({ body }, busy);
    await strict.client.readByHandle({ body }, busy);
    const search = strict.client.startSearch({ body: queryOf(person) }, idle);
    if (at < 10) assert.equal((await search).result, 'found');
    else await assert.rejects(search, isProblem(429, 'search_locked'));
  }
  assert.deepEqual(
    (await canaries(idle.actor_id)).map(({ reason }) => reason),
    ['unused_results'],
  );
  assert.deepEqual(await canaries(busy.actor_id), []);
});

test('a few persons a day found for nothing are too many in a month, of one actor or of several of an organisation', async () => {
  const people = await Promise.all(Array.from({ length: 13 }, () => put({})));
  const settings = { floor_ms: 1, unused: 6, unused_of_client: 6 };
  const strict = await under.open(under.key_file, { search: { settings }, clock });
  const find = (at: number, context: Context) =>
    strict.client.startSearch({ body: queryOf(people[at]!.person) }, context);
  const slow = clerk();
  for (let day = 0; day < 6; day += 1) {
    assert.equal((await find(day, slow)).result, 'found');
    clock.advance(86_400_000);
  }
  await mpi.jobs.find(({ name }) => name === 'expire_searches')!.run({}, { signal: undefined });
  assert.deepEqual(
    (await canaries(slow.actor_id)).map(({ reason }) => reason),
    ['unused_results', 'unused_results'],
  );
  const ring = randomUUID();
  for (let at = 6; at < 12; at += 1) assert.equal((await find(at, clerk(ring))).result, 'found');
  await assert.rejects(find(12, clerk(ring)), isProblem(429, 'search_locked'), 'one of them who did nothing yet');
});

test('budgets hold for an actor and an organisation, also when all come at once', async () => {
  const settings = { floor_ms: 1, queries_of_actor: 5, queries_of_client: 8 };
  const { client: limited } = await under.open(under.key_file, { search: { settings }, clock });
  const client_id = randomUUID();
  const attempt = (context: Context) =>
    limited.startSearch({ body: { first_name: 'Ніхто', last_name: uniqueFamily() } }, context);
  const one = clerk(client_id);
  const many = await Promise.allSettled(Array.from({ length: 20 }, () => attempt(one)));
  assert.equal(many.filter(({ status }) => status === 'fulfilled').length, 5);
  await assert.rejects(attempt(one), isProblem(429, 'search_budget_spent'));
  await assert.rejects(
    attempt(clerk(client_id)),
    isProblem(429, 'search_budget_spent'),
    'the others of the organisation',
  );
  clock.advance(86_400_000);
  assert.equal((await attempt(one)).result, 'too_many');
});

test('a lock ends after a day; the next one within a month holds until an officer lifts it, and is then forgotten', async () => {
  const context = clerk();
  const sweep = async () => {
    const last_name = uniqueFamily();
    for (let day = 1; day <= 6; day++)
      await search({ first_name: 'Іван', last_name, birth_date: `1961-04-0${day}` }, context).catch(() => {});
  };
  const isLocked = () =>
    search({ first_name: 'Ніхто', last_name: uniqueFamily() }, context).then(
      () => false,
      isProblem(429, 'search_locked'),
    );
  const lift = () => client.liftSearchLock({ params: { id: context.actor_id } }, clerk());
  await assert.rejects(lift(), isProblem(404, 'search_lock_unknown'), 'nobody is locked yet');
  await sweep();
  assert.equal(await isLocked(), true);
  clock.advance(24 * 3_600_000 + 1);
  assert.equal(await isLocked(), false);
  await sweep();
  clock.advance(365 * 24 * 3_600_000);
  assert.equal(await isLocked(), true);
  assert.deepEqual(await lift(), { id: context.actor_id });
  assert.equal(await isLocked(), false);
  await sweep();
  assert.equal(await isLocked(), true);
  clock.advance(24 * 3_600_000 + 1);
  assert.equal(await isLocked(), false, 'a lifted lock does not count as one before');
  const { rows } = await under.superuser.query(
    `select 1 from mpi.audit_log where action = 'search.lock_lifted' and resource_id = $1`,
    [context.actor_id],
  );
  assert.equal(rows.length, 1);
});

test('an answer takes the floor at least, whatever it is, an error too', async () => {
  const settings = { floor_ms: 150 };
  const { client: floored } = await under.open(under.key_file, { search: { settings }, clock });
  const { person } = await put({});
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

test('decoys are drawn from the real persons once there are enough, sealed in the database', async () => {
  const refresh = mpi.jobs.find(({ name }) => name === 'refresh_answer_distributions')!;
  const count = async () => (await under.superuser.query('select from mpi.answer_distributions')).rowCount;
  await refresh.run({}, { signal: undefined });
  assert.equal(await count(), 0, 'too few persons');
  for (const person of somePersons(520, 'enough')) await under.put(person);
  await refresh.run({}, { signal: undefined });
  await refresh.run({}, { signal: undefined });
  assert.equal(await count(), 1);
  const { rows } = await under.superuser.query('select sealed from mpi.answer_distributions');
  assert.ok(!rows[0].sealed.toString('utf8').includes('patronymic'));
  clock.advance(91 * 86_400_000);
  await refresh.run({}, { signal: undefined });
  assert.equal(await count(), 2);
});

test('every person that a search opens stands in the audit, with actor and purpose', async () => {
  const { id, person } = await put({});
  const context = clerk();
  await search(queryOf(person), context);
  const { rows } = await under.superuser.query(
    `select action, purpose from mpi.read_audit where actor_id = $1 and resource_id = $2`,
    [context.actor_id, id],
  );
  assert.deepEqual(rows, [{ action: 'person.search', purpose: 'person_search:treat' }]);
});

test('a search without actor, client or purpose is refused', async () => {
  const { actor_id, client_id, purpose, request_id } = clerk();
  const body = { first_name: 'Ніхто', last_name: 'Ніякий' };
  await assert.rejects(
    client.startSearch({ body }, { request_id, client_id, purpose }),
    isProblem(400, 'actor_required'),
  );
  await assert.rejects(
    client.startSearch({ body }, { request_id, actor_id, purpose }),
    isProblem(400, 'actor_required'),
  );
  await assert.rejects(
    client.startSearch({ body }, { request_id, actor_id, client_id }),
    isProblem(400, 'purpose_required'),
  );
});

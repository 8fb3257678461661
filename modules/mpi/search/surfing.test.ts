import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { somebody } from '../testing.ts';
import type { SearchQuery } from './contract.ts';
import { type Context, clerk, type Desk, isProblem, openDesk, queryOf, question, uniqueFamily } from './testing.ts';

let desk: Desk;
before(async () => {
  desk = await openDesk();
});
after(() => desk?.under.close());
beforeEach(() => desk.clock.advance(60_000));

test('an answer that fits nobody raises a canary; three lock the actor, three actors the organisation', async () => {
  const client_id = randomUUID();
  for (let actor = 0; actor < 3; actor++) {
    const context = clerk(client_id);
    for (let guess = 0; guess < 3; guess++) {
      const last_name = uniqueFamily();
      const birth_date = '1971-02-07';
      for (const birth_settlement of ['Самбір', 'Косів']) await desk.put({ last_name, birth_date, birth_settlement });
      const { dialogue, options } = question(
        await desk.search({ first_name: 'Соломія', last_name, birth_date }, context),
      );
      const decoy = options.find((option) => !['Самбір', 'Косів'].includes(option))!;
      assert.deepEqual(await desk.reply(dialogue, decoy, context), { result: 'none' });
    }
    const raised = await desk.canaries(context.actor_id);
    const reasons = ['wrong_answer', 'wrong_answer', 'wrong_answer', 'wrong_answers'];
    assert.deepEqual(
      raised.map(({ reason }) => reason),
      actor === 2 ? [...reasons, 'locked_actors'] : reasons,
    );
    assert.deepEqual(raised[0]!.path, ['birth_years', 'birth_settlement']);
    await assert.rejects(desk.search(queryOf(somebody()), context), isProblem(429, 'search_locked'));
  }
  await assert.rejects(
    desk.search(queryOf(somebody()), clerk(client_id)),
    isProblem(429, 'search_locked'),
    'a colleague',
  );
  assert.equal((await desk.search(queryOf(somebody({ last_name: uniqueFamily() })))).result !== undefined, true);
});

test('who tries the days of birth of one name is locked, in the reference’s search too', async () => {
  for (const ask of [
    (body: SearchQuery & { birth_date: string }, context: Context) => desk.search(body, context),
    (body: SearchQuery & { birth_date: string }, context: Context) => desk.client.searchPersons({ body }, context),
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
      (await desk.canaries(context.actor_id)).map(({ reason }) => reason),
      ['sweep'],
    );
  }
});

test('who finds and uses nothing is locked; who registers or reads whom they found is not', async () => {
  const people = await Promise.all(Array.from({ length: 12 }, () => desk.put({})));
  const options = {
    search: { settings: { floor_ms: 1, unused: 10 }, typicalPersons: () => desk.typical },
    clock: desk.clock,
  };
  const strict = await desk.under.open(desk.under.key_file, options);
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
    (await desk.canaries(idle.actor_id)).map(({ reason }) => reason),
    ['unused_results'],
  );
  assert.deepEqual(await desk.canaries(busy.actor_id), []);
});

test('a few persons a day found for nothing are too many in a month, of one actor or of several of an organisation', async () => {
  const people = await Promise.all(Array.from({ length: 13 }, () => desk.put({})));
  const settings = { floor_ms: 1, unused: 6, unused_of_client: 6 };
  const strict = await desk.under.open(desk.under.key_file, { search: { settings }, clock: desk.clock });
  const find = (at: number, context: Context) =>
    strict.client.startSearch({ body: queryOf(people[at]!.person) }, context);
  const slow = clerk();
  for (let day = 0; day < 6; day += 1) {
    assert.equal((await find(day, slow)).result, 'found');
    desk.clock.advance(86_400_000);
  }
  await desk.mpi.jobs.find(({ name }) => name === 'expire_searches')!.run({}, { signal: undefined });
  assert.deepEqual(
    (await desk.canaries(slow.actor_id)).map(({ reason }) => reason),
    ['unused_results', 'unused_results'],
  );
  const ring = randomUUID();
  for (let at = 6; at < 12; at += 1) assert.equal((await find(at, clerk(ring))).result, 'found');
  await assert.rejects(find(12, clerk(ring)), isProblem(429, 'search_locked'), 'one of them who did nothing yet');
});

test('budgets hold for an actor and an organisation, also when all come at once', async () => {
  const settings = { floor_ms: 1, queries_of_actor: 5, queries_of_client: 8 };
  const { client: limited } = await desk.under.open(desk.under.key_file, { search: { settings }, clock: desk.clock });
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
  desk.clock.advance(86_400_000);
  assert.equal((await attempt(one)).result, 'too_many');
});

test('a lock ends after a day; the next one within a month holds until an officer lifts it, and is then forgotten', async () => {
  const context = clerk();
  const sweep = async () => {
    const last_name = uniqueFamily();
    for (let day = 1; day <= 6; day++)
      await desk.search({ first_name: 'Іван', last_name, birth_date: `1961-04-0${day}` }, context).catch(() => {});
  };
  const isLocked = () =>
    desk
      .search({ first_name: 'Ніхто', last_name: uniqueFamily() }, context)
      .then(() => false, isProblem(429, 'search_locked'));
  const lift = () => desk.client.liftSearchLock({ params: { id: context.actor_id } }, clerk());
  await assert.rejects(lift(), isProblem(404, 'search_lock_unknown'), 'nobody is locked yet');
  await sweep();
  assert.equal(await isLocked(), true);
  desk.clock.advance(24 * 3_600_000 + 1);
  assert.equal(await isLocked(), false);
  await sweep();
  desk.clock.advance(365 * 24 * 3_600_000);
  assert.equal(await isLocked(), true);
  assert.deepEqual(await lift(), { id: context.actor_id });
  assert.equal(await isLocked(), false);
  await sweep();
  assert.equal(await isLocked(), true);
  desk.clock.advance(24 * 3_600_000 + 1);
  assert.equal(await isLocked(), false, 'a lifted lock does not count as one before');
  const { rows } = await desk.under.superuser.query(
    `select 1 from mpi.audit_log where action = 'search.lock_lifted' and resource_id = $1`,
    [context.actor_id],
  );
  assert.equal(rows.length, 1);
});

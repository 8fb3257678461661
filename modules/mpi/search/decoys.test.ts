import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { somePersons } from '../testing.ts';
import type { SearchQuery } from './contract.ts';
import { clerk, type Desk, openDesk, question, uniqueFamily } from './testing.ts';

let desk: Desk;
before(async () => {
  desk = await openDesk();
});
after(() => desk?.under.close());
beforeEach(() => desk.clock.advance(60_000));

test('the same candidates get the same options, however the query is worded', async () => {
  const last_name = uniqueFamily();
  const birth_date = '1971-02-05';
  for (const birth_settlement of ['Самбір', 'Косів']) await desk.put({ last_name, birth_date, birth_settlement });
  const base = { first_name: 'Соломія', last_name, birth_date };
  const wordings: SearchQuery[] = [
    base,
    { ...base, first_name: 'соломія' },
    { ...base, second_name: 'Остапівна' },
    { ...base, first_name: last_name, last_name: 'Соломія' },
  ];
  const seen = new Set<string>();
  for (const wording of wordings) seen.add(question(await desk.search(wording)).options.join());
  assert.equal(seen.size, 1);
});

test('two questions that share a candidate share its decoys: the intersection hides the truth', async () => {
  const last_name = uniqueFamily();
  const birth_date = '1971-02-06';
  const shared = await desk.put({
    last_name,
    birth_date,
    birth_settlement: 'Самбір',
    phones: [{ type: 'MOBILE', number: '+380509990001' }],
  });
  await desk.put({
    last_name,
    birth_date,
    birth_settlement: 'Косів',
    phones: [{ type: 'MOBILE', number: '+380509990002' }],
  });
  const typo = `${shared.person.last_name}о`;
  const second_name = 'Остапівна';
  const both = question(await desk.search({ first_name: 'Соломія', second_name, last_name, birth_date }));
  const alone = question(
    await desk.search({
      first_name: 'Соломія',
      second_name,
      last_name: typo,
      birth_date,
      phone_number: '+380509990001',
    }),
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
      await desk.put({
        last_name,
        birth_date: '1975-05-05',
        documents: [{ type: 'PASSPORT', number: `ХХ${count}00${100 + one}` }],
      });
    answers.push(await desk.search({ first_name: 'Соломія', last_name, birth_date: '1975-05-05' }));
  }
  answers.push(await desk.search({ first_name: 'Ніхто', last_name: 'Ніякий' }));
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
    const answer = await desk.search(query);
    assert.ok(answer.result === 'none' || answer.result === 'question');
    if (answer.result === 'none') continue;
    questions += 1;
    assert.equal(answer.options.length, 5);
    const context = clerk();
    const again = question(await desk.search(query, context));
    assert.deepEqual(again.options, answer.options);
    assert.deepEqual(await desk.reply(again.dialogue, again.options[0]!, context), { result: 'none' });
  }
  assert.ok(questions >= 5 && questions <= 45, `${questions} of 200`);
});

test('decoys are drawn from the real persons once there are enough, sealed in the database', async () => {
  const refresh = desk.mpi.jobs.find(({ name }) => name === 'refresh_answer_distributions')!;
  const count = async () => (await desk.under.superuser.query('select from mpi.answer_distributions')).rowCount;
  await refresh.run({}, { signal: undefined });
  assert.equal(await count(), 0, 'too few persons');
  for (const person of somePersons(520, 'enough')) await desk.under.put(person);
  await refresh.run({}, { signal: undefined });
  await refresh.run({}, { signal: undefined });
  assert.equal(await count(), 1);
  const { rows } = await desk.under.superuser.query('select sealed from mpi.answer_distributions');
  assert.ok(!rows[0].sealed.toString('utf8').includes('patronymic'));
  desk.clock.advance(91 * 86_400_000);
  await refresh.run({}, { signal: undefined });
  assert.equal(await count(), 2);
});

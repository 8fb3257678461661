import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Person } from '../contract.ts';
import { context, type MpiUnderTest, somebody, startMpiForTest } from '../testing.ts';

let under_test: MpiUnderTest;
before(async () => {
  under_test = await startMpiForTest();
});
after(() => under_test?.close());

const mother = somebody({
  first_name: 'Олена',
  second_name: 'Петрівна',
  birth_date: '1990-03-08',
  tax_id: '3294012345',
  documents: [{ type: 'PASSPORT', number: 'КС123456' }],
  phones: [{ type: 'MOBILE', number: '+380671112233' }],
});

async function together(persons: Person[]): Promise<Set<string>> {
  const written = [];
  for (const person of persons) written.push(await under_test.put(person));
  return new Set(written.map(({ id }) => id));
}

async function pairsToReview(kind: string): Promise<number> {
  const { rows } = await under_test.superuser.query('select from mpi.review_items where kind = $1', [kind]);
  return rows.length;
}

function match(person: Person) {
  return under_test.client.matchPerson({ body: { person } }, context);
}

test('two children without tax number and papers stay two, though surname, telephone and first name agree', async () => {
  const phones = [{ type: 'MOBILE', number: '+380501234567' }];
  const child = somebody({ phones });
  const ids = await together([child, somebody({ phones, birth_date: '2021-01-02' }), somebody({ phones })]);
  assert.equal(ids.size, 3, 'nobody is recognised without an identifier of their own');
});

test('a mother and her children on whom her passport was entered are as many persons as there are', async () => {
  const { documents, phones } = mother;
  const ids = await together([
    mother,
    somebody({ documents, phones }),
    somebody({ documents, phones, first_name: 'Марко', gender: 'MALE' }),
  ]);
  assert.equal(ids.size, 3, 'twins too, who share birth date, surname, patronymic and the mother’s passport');
});

test('a father and a son of one name with one passport stay two', async () => {
  const documents = [{ type: 'PASSPORT', number: 'МА777123' }];
  const father = somebody({ first_name: 'Іван', second_name: 'Іванович', gender: 'MALE', documents });
  assert.equal((await together([{ ...father, birth_date: '1980-05-17' }, father])).size, 2);
});

test('numbers that clerks fill in make nobody the same', async () => {
  const documents = [{ type: 'NATIONAL_ID', number: '000000000' }];
  const ids = await together([
    somebody({ documents, tax_id: '0000000000', birth_settlement: 'Луцьк' }),
    somebody({ documents, tax_id: '0000000000', birth_settlement: 'Херсон' }),
  ]);
  assert.equal(ids.size, 2);
});

test('marriage, another spelling and a new telephone leave one person', async () => {
  const bride = { ...mother, tax_id: '3294054321', documents: [{ type: 'PASSPORT', number: 'СЮ555123' }] };
  const { tax_id, ...without_tax_id } = bride;
  const ids = await together([
    bride,
    { ...bride, last_name: 'Тимошук', phones: [] },
    { ...bride, first_name: 'Елена', documents: [] },
    { ...without_tax_id, documents: [{ type: 'PASSPORT', number: 'сю 555 123' }] },
  ]);
  assert.equal(ids.size, 1);
});

test('a tax number on two birth dates is two persons and a question for people', async () => {
  const before_count = await pairsToReview('identifier_shared');
  const tax_id = '3111122220';
  const ids = await together([
    somebody({ tax_id, birth_date: '1985-03-08' }),
    somebody({ tax_id, birth_date: '1985-08-03' }),
  ]);
  assert.equal(ids.size, 2);
  assert.equal(await pairsToReview('identifier_shared'), before_count + 1);
});

test('when papers point to two persons, nobody is chosen and people are asked', async () => {
  const one = somebody({ first_name: 'Дарина', documents: [{ type: 'PASSPORT', number: 'АА100200' }] });
  const other = { ...one, documents: [{ type: 'NATIONAL_ID', number: '123450987' }] };
  assert.equal((await together([one, other])).size, 2);
  const both = { ...one, documents: [...one.documents, ...other.documents] };
  const questions = await pairsToReview('ambiguous_match');
  assert.deepEqual(await match(both), { result: 'none' });
  assert.deepEqual(await match(both), { result: 'none' });
  assert.equal(await pairsToReview('ambiguous_match'), questions + 1, 'the same question is asked once');
  const third = await under_test.put(both);
  assert.equal(third.created, true);
  assert.equal(await pairsToReview('identity_contested'), 2);
});

test('a tax number outweighs papers, and the other person goes to review', async () => {
  const by_tax_id = await under_test.put(somebody({ first_name: 'Ярина', tax_id: '3777788881' }));
  const paper = [{ type: 'PASSPORT', number: 'ЯЯ909192' }];
  const by_paper = await under_test.put(somebody({ first_name: 'Ярина', documents: paper }));
  const questions = await pairsToReview('identity_contested');
  const both = await under_test.put(somebody({ first_name: 'Ярина', tax_id: '3777788881', documents: paper }));
  assert.equal(both.id, by_tax_id.id);
  assert.notEqual(both.id, by_paper.id);
  assert.equal(await pairsToReview('identity_contested'), questions + 1);
});

test('a child without numbers is found again by full name, birth date and telephone, a contradicting one is not', async () => {
  const phones = [{ type: 'MOBILE', number: '+380631010101' }];
  const child = somebody({
    first_name: 'Злата',
    phones,
    documents: [{ type: 'BIRTH_CERTIFICATE', number: 'ІАМ123987' }],
  });
  const { id } = await under_test.put(child);
  const found = await match({ ...child, documents: [] });
  assert.deepEqual(found, { result: 'found', id, authentication_methods: [{ type: 'OFFLINE' }] });
  const none = { result: 'none' };
  assert.deepEqual(await match({ ...child, documents: [], gender: 'MALE' }), none);
  assert.deepEqual(await match({ ...child, documents: [], phones: [] }), none);
  assert.deepEqual(await match({ ...child, documents: [], second_name: 'Іванівна' }), none);
  assert.deepEqual(await match({ ...child, documents: [{ type: 'BIRTH_CERTIFICATE', number: 'ІАМ123988' }] }), none);
});

test('a repeated write under an id that became an alias reaches the same person for good', async () => {
  const person = somebody({ first_name: 'Віра', tax_id: '3555566661' });
  const first = await under_test.put(person);
  const [alias, source] = [randomUUID(), randomUUID()];
  const second = await under_test.put({ ...person, email: 'vira@example.com' }, alias, source);
  assert.deepEqual([second.id, second.created, second.version], [first.id, false, 2]);
  assert.deepEqual(await under_test.put({ ...person, email: 'vira@example.com' }, alias, source), second);
  const changed = await under_test.put({ ...person, tax_id: null, documents: [] }, alias);
  assert.equal(changed.id, first.id, 'though the data alone would not tell');
  assert.equal((await under_test.client.getPerson({ params: { id: alias } }, context)).id, first.id);
});

test('a late repetition does not bring older data back', async () => {
  const person = somebody({ first_name: 'Надія', tax_id: '3222233334' });
  const [id, source] = [randomUUID(), randomUUID()];
  await under_test.put(person, id, source);
  await under_test.put({ ...person, birth_settlement: 'Яремче' }, id);
  const late = await under_test.put(person, id, source);
  assert.deepEqual([late.created, late.version], [true, 1]);
  const read = await under_test.client.getPerson({ params: { id } }, context);
  assert.equal(read.person.birth_settlement, 'Яремче');
});

test('a declaration does not raise the dead', async () => {
  const person = somebody({ first_name: 'Орися', tax_id: '3888899990' });
  const { id, pseudonym } = await under_test.put({ ...person, death_date: '2025-01-05' });
  await under_test.put(person, id);
  const { rows } = await under_test.superuser.query<{ died: string }>(
    'select deceased_on::text as died from mpi.person_facts where pseudonym = $1',
    [pseudonym],
  );
  assert.equal(rows[0]!.died, '2025-01-05');
  assert.equal((await under_test.client.getPerson({ params: { id } }, context)).person.death_date, '2025-01-05');
});

test('64 writers with 8 spellings and papers of one new person, all at once, leave one person', async () => {
  const base = somebody({
    first_name: 'Катерина',
    tax_id: '3999911112',
    documents: [{ type: 'PASSPORT', number: 'ВВ313233' }],
  });
  const spellings = ['Катерина', 'Екатерина', 'катерина', 'КАТЕРИНА', 'Kateryna', 'Катря', 'Катя', 'Катерина '];
  const written = await Promise.all(
    Array.from({ length: 64 }, (_, at) =>
      under_test.put({ ...base, first_name: spellings[at % 8]!, documents: at % 2 ? [] : base.documents }),
    ),
  );
  assert.equal(new Set(written.map(({ id }) => id)).size, 1);
  assert.equal(written.filter(({ created }) => created).length, 1);
  assert.equal(new Set(written.map(({ version }) => version)).size, 64);
});

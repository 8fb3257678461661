import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { copyFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { createFileKeyProvider, KeyError, rotateKeyFile } from '@zdravo/kit/keys';
import { testLogger } from '@zdravo/kit/testing';
import fc from 'fast-check';
import type { Person } from '../contract.ts';
import { identityRules } from '../identity-rules.ts';
import { type MpiUnderTest, newKeyFile, somebody, startMpiForTest } from '../testing.ts';
import { createLinker, type Linker } from './linker.ts';
import { createSketchMaker, decodeSketch } from './sketch.ts';
import { comparable_fields } from './sketch-fields.ts';

let under_test: MpiUnderTest;
const opened: Linker[] = [];
before(async () => {
  under_test = await startMpiForTest();
});
after(async () => {
  for (const linker of opened) await linker.close();
  await under_test?.close();
});

async function openLinker(key_file = under_test.key_file): Promise<Linker> {
  const { database_url, keys_database_url } = under_test.options;
  const key_provider = await createFileKeyProvider(key_file);
  const linker = await createLinker({
    database_url,
    keys_database_url,
    key_provider,
    log: testLogger('linker'),
    pool_size: 3,
  });
  opened.push(linker);
  return linker;
}

/** Somebody with so much to be known by that a second record of theirs is found; `number` makes them nobody else. */
const known = (number: number, given: Partial<Person> = {}): Person =>
  somebody({
    first_name: 'Олександра',
    last_name: `Коваленко${'абвгдежзик'[number % 10]!.repeat(3)}`,
    birth_date: `1980-01-${String(10 + number).padStart(2, '0')}`,
    phones: [{ type: 'MOBILE', number: `+3805012345${String(number).padStart(2, '0')}` }],
    addresses: [{ type: 'RESIDENCE', settlement: 'Хуст' }],
    ...given,
  });
const asked = async (one: string, other: string) =>
  (
    await under_test.superuser.query(
      'select from mpi.review_items where low_id = least($1::uuid, $2) and high_id = greatest($1::uuid, $2)',
      [one, other],
    )
  ).rowCount === 1;
const waiting = async () => (await under_test.superuser.query('select from mpi.linkage_queue')).rowCount;

/** The person and the same one with a letter too many: two until people have looked. */
async function twice(number: number): Promise<[string, string]> {
  const [one, other] = [randomUUID(), randomUUID()];
  const person = known(number);
  await under_test.put(person, one);
  await under_test.put({ ...person, last_name: `${person.last_name}о`, phones: person.phones! }, other);
  return [one, other];
}

test('an altered key of one sketch leaves that person out, and everybody else is compared, on line and in a relink', async () => {
  const linker = await openLinker();
  const damaged = await twice(1);
  const whole = await twice(2);
  await under_test.keys_superuser.query(
    "update wrapped_keys set bytes = set_byte(bytes, 20, get_byte(bytes, 20) # 1) where purpose = 'linkage' and owner_id = $1",
    [damaged[0]],
  );
  await linker.drain();
  assert.deepEqual([await asked(...damaged), await asked(...whole), await waiting()], [false, true, 0]);
  await under_test.superuser.query('truncate mpi.review_items cascade');
  assert.equal((await linker.relink({ workers: 1 })).is_done, true);
  assert.deepEqual([await asked(...damaged), await asked(...whole)], [false, true]);
});

test('half-rotated: a linker without the newest generation keeps those waiting whom it cannot open, and compares them with it', async () => {
  const rotated_file = await newKeyFile();
  await copyFile(under_test.key_file, rotated_file);
  // Its host did not get the new file yet; where the file itself changes, it is read again.
  const before_rotation = await openLinker();
  await rotateKeyFile(rotated_file);
  const { client } = await under_test.open(under_test.key_file, {
    linkage_key_provider: await createFileKeyProvider(rotated_file),
  });
  const [one, other] = [randomUUID(), randomUUID()];
  for (const [id, person] of [
    [one, known(3)],
    [other, known(3, { last_name: 'Коваленкогггю' })],
  ] as const) {
    const body = { person, source: { type: 'declaration_request', id: randomUUID() } };
    await client.putPerson({ params: { id }, body }, { request_id: 'test' });
  }
  assert.equal(await before_rotation.drain(), 0);
  assert.deepEqual([await asked(one, other), await waiting()], [false, 2]);
  const rotated = await openLinker(rotated_file);
  assert.equal(await rotated.drain(), 2);
  assert.deepEqual([await asked(one, other), await waiting()], [true, 0]);
});

test('a linker with another key file does not start, and nothing of the queue is lost', async () => {
  await twice(4);
  const before_start = await waiting();
  await assert.rejects(
    openLinker(await newKeyFile()),
    (error: unknown) => error instanceof KeyError && error.hint.includes('MPI_LINKER_KEY_FILE'),
  );
  assert.equal(await waiting(), before_start);
});

test('names in mixed alphabets are one name: Latin letters that look Cyrillic make nobody a second person', async () => {
  const person = known(5, { tax_id: '2923456781' });
  const { id } = await under_test.put(person);
  const latin = { а: 'a', о: 'o', е: 'e', с: 'c', р: 'p', х: 'x', і: 'i' } as Record<string, string>;
  const mixed = (name: string) => name.replace(/[аоесрхі]/gu, (letter) => latin[letter]!);
  assert.notEqual(mixed(person.first_name), person.first_name);
  const again = await under_test.put({
    ...person,
    first_name: mixed(person.first_name),
    last_name: mixed(person.last_name),
    email: 'a@example.com',
  });
  assert.equal(again.id, id);
});

test('names of signs only, and impossible numbers, make nobody the same as anybody', async () => {
  const linker = await openLinker();
  await linker.drain();
  const ids: string[] = [];
  for (const tax_id of ['0000000000', '1111111111', '0000000000']) {
    const person = somebody({ first_name: '—', last_name: '’', second_name: '-', tax_id, birth_date: '1990-01-01' });
    const documents = [{ type: 'PASSPORT', number: '000000' }];
    ids.push((await under_test.put({ ...person, documents, birth_settlement: randomUUID() })).id);
  }
  await linker.drain();
  assert.equal(new Set(ids).size, 3);
  assert.equal(await asked(ids[0]!, ids[2]!), false);
});

test('whatever names, numbers and places are made of, a sketch is made, opens as it was made, and has a size class', () => {
  const rules = identityRules({ normalise: (name) => name.toLowerCase().replace(/[^\p{L}]/gu, '') });
  const maker = createSketchMaker({ values: randomBytes(32), blocks: randomBytes(32) }, rules);
  const text = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 255 }),
    fc.constantFrom(
      '',
      ' ',
      '—',
      'Ї'.repeat(255),
      'ﷺ'.repeat(255),
      'а-б '.repeat(63),
      '\u0000',
      '\ud800',
      '10000-01-01',
    ),
  );
  const place = fc.oneof(text, fc.constant('я'.repeat(10_000)));
  fc.assert(
    fc.property(text, text, text, place, (first_name, last_name, number, settlement) => {
      const person = somebody({
        first_name,
        last_name,
        second_name: last_name,
        birth_date: number,
        birth_settlement: settlement,
        tax_id: number,
        documents: [{ type: 'PASSPORT', number }],
        phones: [{ type: 'MOBILE', number }],
        addresses: [{ type: 'RESIDENCE', settlement }],
      });
      const bytes = maker.sketch(person);
      assert.equal(bytes.length % 256, 0);
      assert.equal(decodeSketch(bytes).length, comparable_fields.length);
      for (const token of maker.blocks(person)) assert.match(token, /^-?\d{1,19}$/);
    }),
    { numRuns: 300 },
  );
});

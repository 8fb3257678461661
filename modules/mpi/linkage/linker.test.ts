import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { generateCountry, withDuplicates } from '@zdravo/country-ua';
import { createFileKeyProvider, rotateKeyFile } from '@zdravo/kit/keys';
import { testLogger } from '@zdravo/kit/testing';
import type { Person } from '../contract.ts';
import { bulkLoadPersons } from '../index.ts';
import { context, type MpiUnderTest, somebody, startMpiForTest } from '../testing.ts';
import { createLinker, type Linker } from './linker.ts';

let under_test: MpiUnderTest;
let linker: Linker;

before(async () => {
  under_test = await startMpiForTest();
  linker = await openLinker();
});
after(async () => {
  await linker?.close();
  await under_test?.close();
});

async function openLinker(): Promise<Linker> {
  const { database_url, keys_database_url } = under_test.options;
  const key_provider = await createFileKeyProvider(under_test.key_file);
  return createLinker({ database_url, keys_database_url, key_provider, log: testLogger('linker'), pool_size: 3 });
}

const signOff = () =>
  under_test.superuser.query(
    "update mpi.linkage_models set signed_off_by = gen_random_uuid(), signed_off_at = now() where state = 'serving'",
  );
const rowsOf = async (table: 'link_proposals' | 'review_items') =>
  (
    await under_test.superuser.query<{ low: string; high: string }>(
      table === 'link_proposals'
        ? 'select least(parent_id, merged_id) as low, greatest(parent_id, merged_id) as high from mpi.link_proposals'
        : "select low_id as low, high_id as high from mpi.review_items where kind = 'possible_duplicate'",
    )
  ).rows.map(({ low, high }) => `${low} ${high}`);
const opened = async () =>
  (
    await under_test.superuser.query<{ resource_id: string }>(
      "select resource_id from mpi.read_audit where action = 'sketch.compared' and purpose = 'linkage' and actor_id is not null",
    )
  ).rows.map((row) => row.resource_id);
const pair = (one: string, other: string) => [one, other].sort().join(' ');

const olena = somebody({
  first_name: 'Олена',
  last_name: 'Коваленко',
  second_name: 'Іванівна',
  birth_date: '1986-04-26',
  phones: [{ type: 'MOBILE', number: '+380501234567' }],
  addresses: [{ type: 'RESIDENCE', settlement: 'Хуст' }],
});

test('without sign-off a machine only asks; with it the same person entered again is proposed', async () => {
  const [first, again, third] = [randomUUID(), randomUUID(), randomUUID()];
  await under_test.put({ ...olena, tax_id: '3153153153' }, first);
  assert.equal(await linker.drain(), 1);
  await under_test.put({ ...olena, last_name: 'Ковалєнко', first_name: 'Елена', tax_id: '3153153154' }, again);
  await linker.drain();
  assert.deepEqual(await rowsOf('review_items'), [pair(first, again)]);
  assert.deepEqual(await rowsOf('link_proposals'), []);
  assert.deepEqual(new Set(await opened()), new Set([first, again]), 'whose sketches were opened is on record');
  await signOff();
  const somebody_else = { ...olena, last_name: 'Шевчук', phones: [{ type: 'MOBILE', number: '+380679876543' }] };
  await under_test.put({ ...somebody_else, birth_date: '1990-02-02' }, third);
  const [fourth] = [randomUUID()];
  await under_test.put(
    { ...somebody_else, birth_date: '1990-02-02', last_name: 'Шевчюк', tax_id: '3290500007' },
    fourth,
  );
  await linker.drain();
  assert.deepEqual(await rowsOf('link_proposals'), [pair(third, fourth)]);
});

test('twins without documents, brothers and sisters, and namesakes are not proposed', async () => {
  const before_rows = await rowsOf('link_proposals');
  const family = somebody({
    last_name: 'Близнюк',
    second_name: 'Петрович',
    birth_date: '2021-06-01',
    gender: 'MALE',
    phones: [{ type: 'MOBILE', number: '+380631112233' }],
  });
  for (const first_name of ['Марко', 'Лука', 'Матвій']) await under_test.put({ ...family, first_name });
  await under_test.put({ ...family, first_name: 'Юрко', birth_date: '2018-01-01' });
  await linker.drain();
  assert.deepEqual(await rowsOf('link_proposals'), before_rows);
});

test('an absent field is not an equal one: two persons who share a surname and nothing else known stay apart', async () => {
  const bare = { documents: [], addresses: [], authentication_methods: [{ type: 'NA' as const }] };
  const asked = (await rowsOf('review_items')).length;
  for (const first_name of ['Ігор', 'Олег'])
    await under_test.put(
      somebody({ ...bare, first_name, last_name: 'Пустовіт', birth_date: '2001-01-01', gender: 'MALE' }),
    );
  await linker.drain();
  assert.equal((await rowsOf('review_items')).length, asked);
});

test('a relink of loaded records finds the duplicates on sketches alone, goes on after a stop, and repeats nothing', async () => {
  const country = generateCountry({ seed: 'relink', persons: 500 });
  const records = [...withDuplicates(country.persons(0, 500), { seed: 'relink', share: 0.1 })];
  const loaded = records.map((record) => ({
    id: record.record_id,
    person: record.person as unknown as Person,
    source: { type: 'declaration_request', id: randomUUID() },
  }));
  await bulkLoadPersons(under_test.options, loaded);
  const stopping = new AbortController();
  stopping.abort();
  assert.equal((await linker.relink({ workers: 2, signal: stopping.signal })).is_done, false);
  const groups: string[][] = [];
  const figures = await linker.relink({ workers: 2, onGroup: (ids) => groups.push(ids) });
  assert.equal(figures.is_done, true);
  const truth = new Map(records.map((record) => [record.record_id, record.truth_id]));
  const wrong = groups.filter((ids) => new Set(ids.map((id) => truth.get(id))).size > 1);
  const found = groups.flat().length;
  assert.ok(found >= 2 * 0.97 * (records.length - 500), `${found} of ${records.length - 500} duplicates`);
  assert.ok(wrong.length <= 3, `${wrong.length} wrong groups`);
  const proposals = await rowsOf('link_proposals');
  const audit = "select action from mpi.audit_log where resource = 'linkage_run' order by recorded_at";
  const { rows: runs } = await under_test.superuser.query<{ action: string }>(audit);
  assert.deepEqual(
    runs.map((row) => row.action),
    ['linkage.relink_started', 'linkage.relinked'],
  );
  // The weekly job is a relink of its own.
  await linker.jobs.find(({ name }) => name === 'relink_persons')!.run({}, { signal: undefined });
  const { rows: done } = await under_test.superuser.query(
    "select done = total as is_whole from mpi.relink_runs where state = 'done' and finished_at is not null",
  );
  assert.deepEqual(done, [{ is_whole: true }, { is_whole: true }]);
  assert.deepEqual((await rowsOf('link_proposals')).sort(), proposals.sort());
});

test('a sketch whose bytes were altered is left out, and touches nobody else', async () => {
  const { id } = await under_test.put(somebody({ first_name: 'Ціла', tax_id: '3199000022' }));
  await under_test.superuser.query("update mpi.linkage_sketches set ciphertext = '\\x00' where person_id = $1", [id]);
  await under_test.put(somebody({ first_name: 'Ціла', last_name: 'Чорновол' }));
  assert.ok((await linker.drain()) >= 1);
});

test('a new generation of keys makes sketches anew, and a person who was erased has none', async () => {
  const { id } = await under_test.put(somebody({ first_name: 'Забута', tax_id: '3199000011' }));
  await under_test.client.erasePerson({ params: { id }, body: { order_id: randomUUID() } }, context);
  const left = await under_test.superuser.query(
    'select from mpi.linkage_sketches where person_id = $1 union all select from mpi.linkage_blocks where person_id = $1',
    [id],
  );
  assert.equal(left.rowCount, 0);
  await rotateKeyFile(under_test.key_file);
  const { mpi } = await under_test.open(under_test.key_file);
  for (const name of ['reindex_persons', 'rewrap_person_keys'])
    await mpi.jobs.find((job) => job.name === name)!.run({}, { signal: undefined });
  const { rows } = await under_test.superuser.query('select distinct key_id from mpi.linkage_sketches');
  assert.deepEqual(rows, [{ key_id: '2' }]);
  const rotated = await openLinker();
  assert.equal((await rotated.relink({ workers: 1 })).is_done, true);
  await rotated.close();
});

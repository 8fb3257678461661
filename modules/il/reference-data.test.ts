import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { builtInAddresses, builtInDictionaries } from '@zdravo/country-ua';
import { systemClock } from '@zdravo/kit/clock';
import { openDatabase } from '@zdravo/kit/db';
import { createHttpServer, type HttpServer, mount } from '@zdravo/kit/http';
import { createTestDatabase, type TestDatabase, testLogger } from '@zdravo/kit/testing';
import { createPrm, type Prm, migrations as prmMigrations } from '@zdravo/prm';
import { createHandlers as addressHandlers } from './addresses/handlers.ts';
import { addressContract, dictionaryContract } from './contract.ts';
import { createHandlers as dictionaryHandlers } from './dictionaries/handlers.ts';
import { importMountainFlags, migrations, openImporter, seedReferenceData } from './index.ts';
import type { Tables } from './tables.ts';

let database: TestDatabase;
let il: ReturnType<typeof openDatabase<Tables>>;
let prm: Prm;
let app: HttpServer;
let importer: ReturnType<typeof openImporter>;
const book = builtInAddresses();
const seed = { dictionaries: builtInDictionaries(), addresses: book };

before(async () => {
  database = await createTestDatabase('il', { migrations: [prmMigrations, migrations] });
  importer = openImporter({ database_url: database.url, log: testLogger() });
  await seedReferenceData(importer.db, seed);
  il = openDatabase({ url: database.url, role: 'zdravo_il', application_name: 'il', log: testLogger(), pool_size: 4 });
  prm = createPrm({ database_url: database.url, clock: systemClock('Europe/Kyiv'), log: testLogger(), pool_size: 2 });
  app = createHttpServer({ log: testLogger(), styleOf: () => 'reference' });
  mount(app, addressContract, addressHandlers({ db: il.db, prm }), async () => ({}));
  mount(app, dictionaryContract, dictionaryHandlers(il), async () => ({}));
  await app.ready();
});
after(async () => {
  await app?.close();
  await il?.close();
  await prm?.close();
  await importer?.close();
  await database?.drop();
});

async function get(url: string) {
  const response = await app.inject(url);
  return { status: response.statusCode, ...response.json() };
}

test('all dictionaries of v2.0 are there, code to text', async () => {
  const { data } = await get('/api/dictionaries');
  assert.equal(data.length, seed.dictionaries.length);
  const gender = data.find((one: { name: string }) => one.name === 'GENDER');
  assert.deepEqual(Object.keys(gender.values).sort(), ['FEMALE', 'MALE']);
});

test('seeding again changes nothing', async () => {
  await seedReferenceData(importer.db, seed);
  assert.equal((await get('/api/uaddresses/regions')).paging.total_entries, book.regions.length);
});

test('an address is found from region to street', async () => {
  const region = (await get(`/api/uaddresses/regions?name=${encodeURIComponent('льв')}`)).data[0];
  assert.match(region.name, /^Льв/i);
  const districts = (await get(`/api/uaddresses/regions/${region.id}/districts?page_size=100`)).data;
  assert.ok(districts.length >= 2);
  const settlements = (await get(`/api/uaddresses/districts/${districts[0].id}/settlements`)).data;
  assert.ok(settlements.every((one: { region_id: string }) => one.region_id === region.id));
  const street = book.streets[0]!;
  const streets = (await get(`/api/uaddresses/streets?settlement_id=${street.settlement_id}&page_size=100`)).data;
  assert.ok(streets.some((one: { id: string }) => one.id === street.id));
});

test('pages are counted and never overlap', async () => {
  const first = await get('/api/uaddresses/settlements?page=1&page_size=20');
  const second = await get('/api/uaddresses/settlements?page=2&page_size=20');
  assert.equal(first.paging.total_entries, book.settlements.length);
  const ids = new Set([...first.data, ...second.data].map((one) => one.id));
  assert.equal(ids.size, 40);
});

test('wildcards and quotes of a caller are plain characters', async () => {
  for (const name of ['%', '_', "'; drop table il.regions; --", '\\']) {
    const { status, data } = await get(`/api/uaddresses/settlements?name=${encodeURIComponent(name)}`);
    assert.equal(status, 200);
    assert.deepEqual(data, []);
  }
});

test('a query that breaks a rule is refused with its place', async () => {
  const refused = await get('/api/uaddresses/streets');
  assert.equal(refused.status, 422);
  assert.equal(refused.error.invalid[0].entry, '$.settlement_id');
  assert.equal((await get('/api/uaddresses/settlements?page=0')).status, 422);
  assert.equal((await get('/api/uaddresses/regions/7/districts')).status, 404);
});

test('a mountain flag is set by its own import, and the running role may not write addresses', async () => {
  const plain = book.settlements.find((one) => !one.mountain_group)!;
  await importMountainFlags(importer.db, [{ settlement_id: plain.id, katottg: plain.katottg, mountain_group: true }]);
  const { data } = await get(`/api/uaddresses/settlements?mountain_group=true&name=${encodeURIComponent(plain.name)}`);
  assert.ok(data.some((one: { id: string }) => one.id === plain.id));
  const { rows } = await importer.pool.query(
    "select has_table_privilege('zdravo_il', 'il.settlements', 'insert, update, delete') as may",
  );
  assert.equal(rows[0].may, false);
});

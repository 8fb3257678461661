import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { builtInAddresses, builtInDictionaries } from '@zdravo/country-ua';
import { systemClock } from '@zdravo/kit/clock';
import { openDatabase } from '@zdravo/kit/db';
import { createHttpServer, type HttpServer, mount } from '@zdravo/kit/http';
import { createTestDatabase, type TestDatabase, testLogger, withClient } from '@zdravo/kit/testing';
import { createPrm, type Prm, migrations as prmMigrations } from '@zdravo/prm';
import { createHandlers as addressHandlers } from './addresses/handlers.ts';
import { addressContract, dictionaryContract } from './contract.ts';
import { createHandlers as dictionaryHandlers } from './dictionaries/handlers.ts';
import {
  importAddressRows,
  importMountainFlags,
  importStreets,
  migrations,
  openImporter,
  seedReferenceData,
} from './index.ts';
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

test('a fill that was broken off before its streets is made up for by the next', async () => {
  await withClient(database.url, (client) => client.query('delete from il.streets'));
  await seedReferenceData(importer.db, seed);
  const { rows } = await importer.pool.query('select count(*)::int as count from il.streets');
  assert.equal(rows[0].count, book.streets.length);
});

test('an import that is broken off has stored nothing, and one that names an unknown settlement neither', async () => {
  const [region] = book.regions;
  const villages = Array.from({ length: 5_000 }, (_, at) => ({
    ...book.settlements[0]!,
    level: 'settlement' as const,
    id: randomUUID(),
    region_id: region!.id,
    district_id: null,
    katottg: `UA${99_000_000_000_000_000n + BigInt(at)}`,
  }));
  function* brokenOff() {
    yield* villages.slice(0, 4_500);
    throw new Error('killed');
  }
  const told: number[] = [];
  const before = (await get('/api/uaddresses/settlements')).paging.total_entries;
  await assert.rejects(
    importAddressRows(importer.db, brokenOff(), (rows) => told.push(rows)),
    /killed/,
  );
  assert.deepEqual(told, [2_000, 4_000]);
  assert.equal((await get('/api/uaddresses/settlements')).paging.total_entries, before);

  const street = book.streets[0]!;
  const streets = [
    { ...street, id: randomUUID(), name: 'Нова' },
    { ...street, id: randomUUID(), settlement_id: villages[0]!.id },
  ];
  await assert.rejects(importStreets(importer.db, streets), /row 2: the registry does not hold this settlement/);
  const flags = [{ settlement_id: villages[0]!.id, katottg: villages[0]!.katottg, mountain_group: true }];
  await assert.rejects(importMountainFlags(importer.db, flags), /row 1: the registry does not hold this settlement/);
  const found = await get(`/api/uaddresses/streets?settlement_id=${street.settlement_id}&page_size=300`);
  assert.ok(!found.data.some((one: { name: string }) => one.name === 'Нова'));
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

import assert from 'node:assert/strict';
import { createReadStream, existsSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { person_dictionaries } from '../dictionaries/persons.ts';
import { builtInAddresses, builtInSettlementWeights } from './built-in.ts';
import { checkAddress, checkSingleAddress } from './check-address.ts';
import { readKatottg } from './katottg.ts';
import { type AddressRow, addressId } from './rows.ts';
import { readMountainFlags, readStreets } from './settlement-files.ts';
import { ImportProblem, type TextStream, textLines } from './text-lines.ts';

const classifier = new URL('../../../../shared/data/country/katottg/katottg.tsv', import.meta.url);
const uuid_v4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const book = builtInAddresses();

const small_classifier = `code\tparent\tcategory\tname
UA21000000000011690\t\tO\tЗакарпатська
UA21060000000059475\tUA21000000000011690\tP\tРахівський
UA21060030000000001\tUA21060000000059475\tH\tЯсінянська
UA21060030010000002\tUA21060030000000001\tX\tЯсіня
UA80000000000093317\t\tK\tКиїв
UA80000000000126643\tUA80000000000093317\tB\tГолосіївський
`;

async function all<T>(rows: AsyncIterable<T>): Promise<T[]> {
  return Array.fromAsync(rows);
}

function refuses(
  read: (stream: TextStream) => AsyncIterable<unknown>,
  text: string | Uint8Array,
  line: number,
  column: number,
) {
  return assert.rejects(all(read([text])), (error) => {
    assert.ok(error instanceof ImportProblem, String(error));
    assert.deepEqual({ line: error.line, column: error.column }, { line, column }, error.message);
    return true;
  });
}

test('the built-in register has every region, their districts, and settlements high and low', () => {
  assert.equal(book.regions.length, 27);
  assert.ok(book.settlements.length >= 150);
  assert.ok(book.settlements.filter((settlement) => settlement.mountain_group).length >= 20);
  for (const region of book.regions) {
    const special = region.name.startsWith('м.');
    assert.ok(
      special || book.districts.filter((district) => district.region_id === region.id).length >= 2,
      region.name,
    );
    assert.ok(
      book.settlements.some((settlement) => settlement.region_id === region.id),
      region.name,
    );
  }
});

test('built-in ids are unique, of version 4, and refer to rows that are there', () => {
  const rows = [...book.regions, ...book.districts, ...book.settlements, ...book.streets];
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length);
  for (const { id } of rows) assert.match(id, uuid_v4);
  const ids = new Set(rows.map(({ id }) => id));
  for (const district of book.districts) assert.ok(ids.has(district.region_id));
  for (const settlement of book.settlements)
    assert.ok(ids.has(settlement.region_id) && (settlement.district_id === null || ids.has(settlement.district_id)));
  for (const street of book.streets)
    assert.ok(ids.has(street.settlement_id) && Object.hasOwn(person_dictionaries['STREET_TYPE']!, street.type));
  assert.deepEqual(new Set(builtInSettlementWeights().keys()), new Set(book.settlements.map(({ id }) => id)));
});

test('an id stays what it was in the first release: rows refer to it', () => {
  assert.equal(addressId('settlement', 'UA05020030010063857'), '584c1853-ef1c-4425-b9cb-5f789bc50f07');
});

test('an address is compared with the register whatever the case and the apostrophe', () => {
  const settlement = { name: 'Кам’янка', region: { name: 'Черкаська' }, district: { name: 'Черкаський' } };
  const right = { area: 'ЧЕРКАСЬКА', region: 'черкаський', settlement: "КАМ'ЯНКА", settlement_id: 'x' };
  assert.deepEqual(checkAddress(right, settlement), []);
  const { region, ...without_district } = right;
  assert.deepEqual(checkAddress(without_district, settlement), []);
});

test('each level that differs is named with its literal text', () => {
  const settlement = { name: 'Умань', region: { name: 'Черкаська' }, district: { name: 'Уманський' } };
  const wrong = { area: 'Київська', region: 'Фастівський', settlement: 'Фастів', settlement_id: 'x' };
  assert.deepEqual(checkAddress(wrong, settlement, '$.person.addresses[1]'), [
    { path: '$.person.addresses[1].area', rule: 'invalid', description: 'invalid area value' },
    { path: '$.person.addresses[1].region', rule: 'invalid', description: 'invalid region value' },
    { path: '$.person.addresses[1].settlement', rule: 'invalid', description: 'invalid settlement value' },
  ]);
  assert.deepEqual(checkAddress(wrong, null), [
    { path: '$.settlement_id', rule: 'not_found', description: 'settlement with id = x does not exist' },
  ]);
});

test('a city of special status has no district to compare with', () => {
  const kyiv = { name: 'Київ', region: { name: 'м.Київ' }, district: null };
  assert.deepEqual(
    checkAddress({ area: 'М.КИЇВ', region: 'Печерський', settlement: 'Київ', settlement_id: 'x' }, kyiv),
    [],
  );
});

test('exactly one address of a type is required', () => {
  assert.deepEqual(checkSingleAddress([{ type: 'RESIDENCE' }, { type: 'REGISTRATION' }], 'REGISTRATION'), []);
  for (const addresses of [[], [{ type: 'REGISTRATION' }, { type: 'REGISTRATION' }]]) {
    assert.equal(
      checkSingleAddress(addresses, 'REGISTRATION')[0]?.description,
      "Single address of type 'REGISTRATION' is required",
    );
  }
});

test('the classifier becomes regions, districts and settlements; hromadas and city districts have no row', async () => {
  const rows = await all(readKatottg([small_classifier]));
  assert.deepEqual(
    rows.map((row) => [row.level, row.name]),
    [
      ['region', 'Закарпатська'],
      ['district', 'Рахівський'],
      ['settlement', 'Ясіня'],
      ['region', 'м.Київ'],
      ['settlement', 'Київ'],
    ],
  );
  const [region, district, settlement, , kyiv] = rows as Extract<AddressRow, { level: 'settlement' }>[];
  assert.deepEqual(
    [district!.region_id, settlement!.district_id, settlement!.type],
    [region!.id, district!.id, 'SETTLEMENT'],
  );
  assert.deepEqual([kyiv!.district_id, kyiv!.type], [null, 'CITY']);
});

test('how the file is cut into chunks makes no difference', async () => {
  const bytes = new TextEncoder().encode(`\ufeff${small_classifier.replaceAll('\n', '\r\n')}`);
  const whole = await all(readKatottg([small_classifier]));
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (size) => {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) =>
        bytes.subarray(n * size, (n + 1) * size),
      );
      assert.deepEqual(await all(readKatottg(chunks)), whole);
    }),
  );
});

test('a wrong classifier is refused with line and column', async () => {
  const header = 'code\tparent\tcategory\tname\n';
  await refuses(readKatottg, '', 1, 1);
  await refuses(readKatottg, 'code\tparent\ttype\tname\n', 1, 3);
  await refuses(readKatottg, `${header}UA2100\t\tO\tЗакарпатська`, 2, 1);
  await refuses(readKatottg, `${header}UA21000000000011690\t\tZ\tЗакарпатська`, 2, 3);
  await refuses(readKatottg, `${header}UA21000000000011690\t\tO\t`, 2, 4);
  await refuses(readKatottg, `${header}UA21000000000011690\t\tO`, 2, 4);
  await refuses(readKatottg, `${header}\n\nUA21060000000059475\tUA21000000000011690\tP\tРахівський`, 4, 1);
  await refuses(readKatottg, `${small_classifier}UA21000000000011690\t\tO\tЗакарпатська`, 8, 1);
  await refuses(readKatottg, new Uint8Array([0xff, 0xfe, 0x0a]), 1, 1);
  await refuses(readKatottg, 'x'.repeat(20_000), 1, 10_001);
});

test('arbitrary text never breaks the reader otherwise than by an ImportProblem', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'binary' })), async (chunks) => {
      const readers: ((stream: TextStream) => AsyncIterable<unknown>)[] = [readKatottg, readStreets, readMountainFlags];
      for (const read of readers) {
        await all(read(chunks)).catch((error) => assert.ok(error instanceof ImportProblem, String(error)));
      }
    }),
  );
});

test('streets and mountain flags come from files of one’s own', async () => {
  const streets = await all(
    readStreets(['settlement,type,name\nUA05020030010063857,STREET,"Генерала ""Григора"", бічна"\n']),
  );
  assert.deepEqual(
    streets.map(({ settlement_id, type, name }) => [settlement_id, type, name]),
    [[addressId('settlement', 'UA05020030010063857'), 'STREET', 'Генерала "Григора", бічна']],
  );
  const flags = await all(
    readMountainFlags(['settlement,mountain_group\nUA21060030010000002,TRUE\nUA05020030010063857,ні']),
  );
  assert.deepEqual(
    flags.map((flag) => flag.mountain_group),
    [true, false],
  );
  await refuses(readStreets, 'settlement,type,name\nUA05020030010063857,ROAD,Київська', 2, 2);
  await refuses(readStreets, 'settlement,type,name\nUA05020030010063857,STREET', 2, 3);
  await refuses(readStreets, 'settlement,type,name\nUA05020030010063857,STREET,"Київська', 2, 3);
  await refuses(readMountainFlags, 'settlement,mountain_group\nUA05020030010063857,maybe', 2, 2);
  await refuses(readMountainFlags, 'settlement,mountain_group\nUA0502,true', 2, 1);
  await refuses(readMountainFlags, 'settlement,mountain_group\nUA05020030010063857,constructor', 2, 2);
});

test('lines are counted as an editor counts them, blank ones too', async () => {
  assert.deepEqual(await all(textLines(['\n a\r\n', '\n', 'b'])), [
    { number: 2, text: ' a' },
    { number: 4, text: 'b' },
  ]);
});

test('the whole classifier is read, and the built-in rows are among its rows', async (t) => {
  if (!existsSync(classifier)) return t.skip('the classifier is not beside the checkout');
  const rows = new Map((await all(readKatottg(createReadStream(classifier)))).map((row) => [row.id, row]));
  const count = (level: string) => [...rows.values()].filter((row) => row.level === level).length;
  assert.deepEqual([count('region'), count('district'), count('settlement')], [27, 136, 29_707]);
  for (const own of [...book.regions, ...book.districts, ...book.settlements]) {
    const { koatuu, ...fields } = { ...own, mountain_group: false };
    assert.partialDeepStrictEqual({ mountain_group: false, ...rows.get(own.id) }, fields);
  }
});

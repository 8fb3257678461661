import assert from 'node:assert/strict';
import { test } from 'node:test';
import { districtCentre } from '../addresses/district-centres.ts';
import { builtInAddresses } from '../index.ts';
import { generateCountry } from './country.ts';
import { declarationHistories } from './histories.ts';

const country = generateCountry({ seed: 'histories', persons: 20_000, as_of: '2026-11-20' });
const last_day = '2027-01-31';
const historyOf = declarationHistories({ seed: 'histories', last_day });
const histories = [...country.persons()].map((person) => ({ person, ...historyOf(person) }));

test('histories begin on the day of the declaration, go on in order, and nothing follows an end', () => {
  for (const { person, changes } of histories) {
    assert.equal(changes[0]!.changed_at.slice(0, 10), person.declaration.start_date);
    for (const [i, { status, changed_at }] of changes.entries()) {
      assert.equal(new Date(changed_at).toISOString(), changed_at);
      if (i > 0) assert.ok(changed_at > changes[i - 1]!.changed_at && changed_at.slice(0, 10) <= last_day);
      if (['terminated', 'closed', 'rejected'].includes(status)) assert.equal(i, changes.length - 1);
    }
  }
});

test('every way that a declaration can go is there, before and after the day of the country', () => {
  const ways = Map.groupBy(histories, ({ changes }) => changes.map(({ status }) => status).join(' '));
  for (const way of ['active', 'active terminated', 'active closed', 'active active', 'pending_verification rejected'])
    assert.ok((ways.get(way)?.length ?? 0) >= 10, way);
  const ended = histories.filter(({ changes }) => ['terminated', 'closed'].includes(changes.at(-1)!.status));
  assert.ok(ended.length > 3_000 && ended.length < 6_000, String(ended.length));
  assert.ok(ended.some(({ changes }) => changes.at(-1)!.changed_at.slice(0, 10) > country.as_of));
  const dead = histories.filter(({ deceased_on }) => deceased_on !== null);
  const still_active = dead.filter(({ changes }) => changes.at(-1)!.status === 'active');
  assert.ok(dead.length > 50 && still_active.length > 5, `${dead.length}, ${still_active.length}`);
});

test('a history depends on the seed and the person alone', () => {
  const larger = generateCountry({ seed: 'histories', persons: 1_000_000, as_of: '2026-11-20' });
  const { person, changes, deceased_on } = histories[777]!;
  assert.deepEqual(historyOf(larger.person(777)), { changes, deceased_on });
  assert.notDeepEqual(
    histories.map(({ person: one }) => declarationHistories({ seed: 'other', last_day })(one)),
    histories.map((one) => ({ changes: one.changes, deceased_on: one.deceased_on })),
  );
  assert.equal(person.index, 777);
});

test('every division stands on the map near the centre of its district, two of one settlement not in one spot', () => {
  const settlements = new Map(builtInAddresses().settlements.map((one) => [one.id, one]));
  const clinics = [...generateCountry({ seed: 'map', persons: 4096 * 400 }).clinics()];
  const spots = new Set<string>();
  const divisions = clinics.flatMap((clinic) => clinic.divisions);
  for (const { location, settlement_id } of divisions) {
    const centre = districtCentre(settlements.get(settlement_id)!.katottg)!;
    assert.ok(location && Math.abs(location.latitude - centre.latitude) < 0.2);
    assert.ok(Math.abs(location.longitude - centre.longitude) < 0.3);
    assert.match(String(location.latitude), /^\d\d(\.\d{1,4})?$/);
    spots.add(`${location.latitude} ${location.longitude}`);
  }
  assert.equal(spots.size, divisions.length);
});

test('every district and every settlement of the built-in register has a place within Ukraine', () => {
  const { districts, settlements } = builtInAddresses();
  for (const { katottg, name } of [...districts, ...settlements]) {
    const { latitude, longitude } = districtCentre(katottg) ?? { latitude: 0, longitude: 0 };
    assert.ok(latitude > 44.3 && latitude < 52.4 && longitude > 22.1 && longitude < 40.3, `${name} ${katottg}`);
  }
});

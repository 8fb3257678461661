import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generateCountry } from './country.ts';
import { withDuplicates } from './duplicates.ts';
import { brokenPersonRules } from './person-rules.ts';

const country = generateCountry({ seed: 5, persons: 8000 });
const records = [...withDuplicates(country.persons(), { share: 0.2, seed: 5 })];

test('the share of persons that was asked for is entered again', () => {
  const second = new Set(records.filter(({ changes }) => changes.length > 0).map(({ truth_id }) => truth_id));
  assert.ok(Math.abs(second.size / 8000 - 0.2) < 0.02, String(second.size));
  assert.equal(new Set(records.map(({ truth_id }) => truth_id)).size, 8000);
  assert.equal(new Set(records.map(({ record_id }) => record_id)).size, records.length);
  assert.equal([...withDuplicates(country.persons(0, 100), { share: 0, seed: 5 })].length, 100);
  assert.ok([...withDuplicates(country.persons(0, 100), { share: 1, seed: 5 })].length >= 200);
});

test('a second record is still a person of v2.0', () => {
  for (const { person, changes } of records) assert.deepEqual(brokenPersonRules(person), [], changes.join());
});

test('every kind of change happens, and what it names differs from the first record', () => {
  const firsts = new Map(
    records.filter(({ changes }) => changes.length === 0).map((record) => [record.truth_id, record.person]),
  );
  const again = records.filter(({ changes }) => changes.length > 0);
  assert.equal(new Set(again.flatMap(({ changes }) => changes)).size, 11);
  const same = again.filter(({ truth_id, person }) => JSON.stringify(person) === JSON.stringify(firsts.get(truth_id)));
  assert.ok(same.length < again.length / 50, `${same.length} of ${again.length} are unchanged`);
});

test('first records are the persons themselves, untouched by the changes', () => {
  const persons = [...country.persons()];
  const firsts = records.filter(({ changes }) => changes.length === 0);
  assert.deepEqual(
    firsts.map(({ person }) => person),
    persons.map(({ person }) => person),
  );
});

test('the records depend on the seed and each person’s index alone', () => {
  const part = [...withDuplicates(country.persons(3000, 3100), { share: 0.2, seed: 5 })];
  const truth = new Set(part.map(({ truth_id }) => truth_id));
  assert.deepEqual(
    part,
    records.filter(({ truth_id }) => truth.has(truth_id)),
  );
});

test('no new tax number or document is another person’s', () => {
  const owners = new Map<string, string>();
  for (const { truth_id, changes, person } of records) {
    if (changes.includes('typo')) continue;
    for (const { type, number } of person.documents) {
      assert.equal(owners.get(type + number) ?? truth_id, truth_id);
      owners.set(type + number, truth_id);
    }
  }
});

test('a share out of range is refused', () => {
  for (const share of [-0.1, 1.1, Number.NaN])
    assert.throws(() => [...withDuplicates([], { share, seed: 1 })], RangeError);
});

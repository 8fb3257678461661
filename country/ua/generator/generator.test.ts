import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ageOn } from '../calendar.ts';
import { ageGroup } from '../capitation-rates.ts';
import { isValidDocumentNumber } from '../identifiers/documents.ts';
import { isValidEdrpou } from '../identifiers/edrpou.ts';
import { birthDateOfTaxId, genderOfTaxId } from '../identifiers/tax-id.ts';
import { normaliseFamilyName } from '../names/normalisation.ts';
import { patronymic } from '../names/patronymics.ts';
import { generateCountry } from './country.ts';
import { brokenPersonRules } from './person-rules.ts';
import type { GeneratedPerson } from './types.ts';

const country = generateCountry({ seed: 'tests', persons: 20_000 });
const persons = [...country.persons()];
const uuid_v4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
/** How many patients one doctor may have (domain.md §3.4). */
const limits = { FAMILY_DOCTOR: 1800, PEDIATRICIAN: 900, THERAPIST: 2000 };

function age(person: GeneratedPerson): number {
  return ageOn(person.person.birth_date, country.as_of);
}

test('a country has as many persons as were asked for, and clinics for them', () => {
  assert.equal(persons.length, 20_000);
  assert.equal([...country.clinics()].length, country.clinic_count);
  assert.deepEqual([...generateCountry({ seed: 1, persons: 0 }).persons()], []);
  assert.equal([...generateCountry({ seed: 1, persons: 1 }).persons()].length, 1);
});

test('every person is a declaration request’s person of v2.0, with no member too many', () => {
  for (const { person } of persons) assert.deepEqual(brokenPersonRules(person), [], JSON.stringify(person));
});

test('a person depends on the seed and the index alone, not on how the range is cut or how large the country is', () => {
  const larger = generateCountry({ seed: 'tests', persons: 1_000_000 });
  fc.assert(
    fc.property(fc.nat(19_999), fc.nat(300), (from, length) => {
      assert.deepEqual([...country.persons(from, from + length)], persons.slice(from, from + length));
      assert.deepEqual(larger.person(from), persons[from]);
    }),
    { numRuns: 30 },
  );
  assert.deepEqual(generateCountry({ seed: 'tests', persons: 20_000 }).clinic(3), country.clinic(3));
  assert.notDeepEqual(generateCountry({ seed: 'other', persons: 1 }).person(0), persons[0]);
});

test('ids, tax numbers, papers and own telephones are nobody else’s', () => {
  const unique = (values: string[], what: string) => assert.equal(new Set(values).size, values.length, what);
  unique(
    persons.flatMap(({ id, declaration }) => [id, declaration.id, declaration.declaration_request_id]),
    'ids',
  );
  unique(
    persons.flatMap(({ person }) => person.tax_id ?? []),
    'tax numbers',
  );
  unique(
    persons.flatMap(({ person }) => person.documents.map(({ type, number }) => type + number)),
    'documents',
  );
  for (const { id } of persons) assert.match(id, uuid_v4);
});

test('a telephone is shared within one household only', () => {
  const households = new Map<string, number>();
  for (const { household, person } of persons) {
    for (const { number } of person.phones ?? []) {
      assert.equal(households.get(number) ?? household, household, number);
      households.set(number, household);
    }
  }
  assert.ok(persons.length - households.size > 2000, 'some are shared');
});

test('tax numbers tell the birth date and gender; children have none, most grown-ups one', () => {
  const grown = persons.filter((person) => age(person) >= 18);
  for (const { person } of persons.filter(({ person }) => person.tax_id !== undefined)) {
    assert.equal(birthDateOfTaxId(person.tax_id!), person.birth_date);
    assert.equal(genderOfTaxId(person.tax_id!), person.gender);
  }
  for (const person of persons) if (age(person) < 18) assert.equal(person.person.tax_id, undefined);
  const share = grown.filter(({ person }) => person.tax_id !== undefined).length / grown.length;
  assert.ok(share > 0.95 && share < 0.99, String(share));
});

test('children have a birth certificate and somebody who speaks for them', () => {
  for (const person of persons) {
    const child = age(person) < 18;
    assert.equal(person.person.confidant_person !== undefined, child);
    if (!child) continue;
    assert.ok(person.person.documents.some(({ type }) => type === 'BIRTH_CERTIFICATE'));
    assert.equal(person.person.confidant_person!.filter(({ relation_type }) => relation_type === 'PRIMARY').length, 1);
  }
  for (const { person } of persons)
    for (const { type, number } of person.documents)
      assert.ok(isValidDocumentNumber(type, number), `${type} ${number}`);
});

test('children bear the family’s name and their father’s; parents are old enough', () => {
  let checked = 0;
  for (const child of persons) {
    if (child.father === null) continue;
    const father = persons[child.father]!;
    assert.equal(
      normaliseFamilyName(child.maiden_name ?? child.person.last_name),
      normaliseFamilyName(father.person.last_name),
    );
    if (child.person.second_name) {
      assert.equal(child.person.second_name, patronymic(father.person.first_name, child.person.gender));
    }
    assert.ok(age(father) - age(child) >= 15, `${age(father)} and ${age(child)}`);
    assert.equal(father.person.gender, 'MALE');
    checked += 1;
  }
  for (const child of persons) if (child.mother !== null) assert.equal(persons[child.mother]!.person.gender, 'FEMALE');
  assert.ok(checked > 2000);
});

test('twins are born on one day to one mother, and have neighbouring certificates', () => {
  const twins = persons.filter((person) => person.twin !== null);
  assert.ok(twins.length >= 20, String(twins.length));
  for (const one of twins) {
    const other = persons[one.twin!]!;
    assert.deepEqual([other.person.birth_date, other.mother], [one.person.birth_date, one.mother]);
    assert.notEqual(other.person.first_name, one.person.first_name);
  }
});

test('ages are near Ukraine’s', () => {
  const share = (group: string) => persons.filter((person) => ageGroup(age(person)) === group).length / persons.length;
  const expected = { '0-5': 0.07, '6-17': 0.125, '18-39': 0.3, '40-64': 0.345, '65+': 0.16 };
  for (const [group, part] of Object.entries(expected))
    assert.ok(Math.abs(share(group) - part) < 0.025, `${group}: ${share(group)}`);
  for (const person of persons) assert.ok(age(person) >= 0 && age(person) < 100);
});

test('everybody chose a doctor of the clinic whose speciality takes their age, and no doctor is over the limit', () => {
  const patients = new Map<string, GeneratedPerson[]>(
    Map.groupBy(persons, ({ declaration }) => declaration.employee_id),
  );
  for (const clinic of country.clinics()) {
    for (const employee of clinic.employees.filter(({ employee_type }) => employee_type === 'DOCTOR')) {
      const own = patients.get(employee.id) ?? [];
      patients.delete(employee.id);
      assert.ok(own.length <= limits[employee.speciality!], `${own.length} of a ${employee.speciality}`);
      for (const person of own) {
        if (employee.speciality !== 'FAMILY_DOCTOR')
          assert.equal(age(person) < 18, employee.speciality === 'PEDIATRICIAN');
        const division = clinic.divisions.find(({ id }) => id === person.declaration.division_id)!;
        assert.deepEqual(
          [division.id, clinic.legal_entity.id],
          [employee.division_id, person.declaration.legal_entity_id],
        );
        assert.equal(person.declaration.mountain_group, division.mountain_group);
        assert.ok(
          person.declaration.start_date >= person.person.birth_date && person.declaration.start_date <= country.as_of,
        );
      }
    }
  }
  assert.equal(patients.size, 0);
});

test('no doctor is over the limit whatever the size of a clinic', () => {
  for (const persons_per_clinic of [128, 1500, 6100, 20_000]) {
    const other = generateCountry({ seed: 3, persons: 20_000, persons_per_clinic });
    const specialities = new Map(
      [...other.clinics()].flatMap(({ employees }) => employees.map(({ id, speciality }) => [id, speciality!])),
    );
    const loads = Map.groupBy(other.persons(), ({ declaration }) => declaration.employee_id);
    for (const [id, own] of loads)
      assert.ok(own.length <= limits[specialities.get(id)!], `${own.length} at ${persons_per_clinic}`);
  }
});

test('clinics have registered names, right codes and staff who are nobody else', () => {
  const clinics = [...generateCountry({ seed: 2, persons: 400_000 }).clinics()];
  const edrpous = clinics.map(({ legal_entity }) => legal_entity.edrpou);
  assert.equal(new Set(edrpous).size, clinics.length);
  for (const edrpou of edrpous) assert.ok(isValidEdrpou(edrpou));
  const staff = clinics.flatMap(({ employees }) => employees);
  for (const field of ['tax_id', 'id', 'email'] as const)
    assert.equal(new Set(staff.map(({ party }) => party[field])).size, staff.length, field);
  for (const { party } of staff) assert.equal(birthDateOfTaxId(party.tax_id), party.birth_date);
  for (const { employees } of clinics)
    assert.deepEqual(
      employees.slice(0, 2).map(({ employee_type }) => employee_type),
      ['OWNER', 'HR'],
    );
  const ids = clinics.flatMap(({ legal_entity, divisions, employees }) => [
    legal_entity.id,
    ...divisions.map(({ id }) => id),
    ...employees.map(({ id }) => id),
  ]);
  assert.equal(new Set(ids).size, ids.length);
  assert.ok(clinics.some(({ divisions }) => divisions.some(({ mountain_group }) => mountain_group)));
});

test('options out of range are refused', () => {
  for (const wrong of [
    { persons: -1 },
    { persons: 1.5 },
    { persons: 1e9 },
    { persons: 1, persons_per_clinic: 0 },
    { persons: 1, as_of: '2025-02-30' },
  ]) {
    assert.throws(() => generateCountry({ seed: 1, ...wrong }), RangeError);
  }
  assert.throws(() => country.person(20_000), RangeError);
  assert.throws(
    () =>
      generateCountry({ seed: 1, persons: 1, addresses: { regions: [], districts: [], settlements: [], streets: [] } }),
    RangeError,
  );
});

test('another day and another register of addresses can be given', () => {
  const early = generateCountry({ seed: 1, persons: 500, as_of: '2018-07-01' });
  for (const { person, declaration } of early.persons())
    assert.ok(person.birth_date <= declaration.start_date && declaration.start_date <= '2018-07-01');
  const region = { id: 'r', name: 'Перша', katottg: 'UA99', koatuu: null };
  const settlement = {
    id: '11111111-1111-4111-8111-111111111111',
    region_id: 'r',
    district_id: null,
    parent_settlement_id: null,
    name: 'Одна',
    type: 'VILLAGE',
    mountain_group: true,
    katottg: 'UA99000000000000000',
    koatuu: null,
  } as const;
  const tiny = generateCountry({
    seed: 1,
    persons: 200,
    addresses: { regions: [region], districts: [], settlements: [settlement], streets: [] },
  });
  for (const { person } of tiny.persons())
    for (const address of person.addresses) assert.deepEqual([address.settlement, address.street], ['Одна', undefined]);
});

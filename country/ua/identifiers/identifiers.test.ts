import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addDays } from '../calendar.ts';
import { birthDateOfUnzr, isValidDocumentNumber, isValidUnzr } from './documents.ts';
import { isValidEdrpou, makeEdrpou } from './edrpou.ts';
import { isValidPhone, maskPhone } from './phones.ts';
import { birthDateOfTaxId, genderOfTaxId, isValidTaxId, makeTaxId } from './tax-id.ts';

const birth_dates = fc.integer({ min: 0, max: 60_000 }).map((days) => addDays('1900-01-01', days));
const genders = fc.constantFrom('MALE' as const, 'FEMALE' as const);
const serials = fc.integer({ min: 0, max: 4999 });

test('tax numbers with a right check digit are accepted, all others refused', () => {
  for (const valid of ['2222222225', '3126509817']) assert.equal(isValidTaxId(valid), true, valid);
  const refused = [
    '0000000000',
    '2222222224',
    '3126509816',
    '222222222',
    '22222222255',
    '222222222a',
    '',
    ' 2222222225',
    '٢٢٢٢٢٢٢٢٢٥',
    '2222222225\n',
  ];
  for (const text of refused) assert.equal(isValidTaxId(text), false, JSON.stringify(text));
});

test('a made tax number is valid and carries birth date and gender', () => {
  fc.assert(
    fc.property(birth_dates, genders, serials, (birth_date, gender, serial) => {
      const tax_id = makeTaxId(birth_date, gender, serial);
      assert.equal(isValidTaxId(tax_id), true);
      assert.equal(birthDateOfTaxId(tax_id), birth_date);
      assert.equal(genderOfTaxId(tax_id), gender);
    }),
  );
});

test('the serials of one day give different tax numbers', () => {
  const made = Array.from({ length: 5000 }, (_, serial) => makeTaxId('1985-08-06', 'FEMALE', serial));
  assert.equal(new Set(made).size, 5000);
});

test('one wrong digit makes a tax number invalid, but where the remainder 10 stands for 0', () => {
  fc.assert(
    fc.property(birth_dates, genders, serials, fc.integer({ min: 1, max: 9 }), (birth_date, gender, serial, shift) => {
      const tax_id = makeTaxId(birth_date, gender, serial);
      const last = (Number(tax_id[9]) + shift) % 10;
      assert.equal(isValidTaxId(`${tax_id.slice(0, 9)}${last}`), false);
    }),
  );
});

test('a tax number is not made for a day or serial that it cannot express', () => {
  assert.throws(() => makeTaxId('1899-12-31', 'MALE', 0), RangeError);
  assert.throws(() => makeTaxId('2200-01-01', 'MALE', 0), RangeError);
  assert.throws(() => makeTaxId('1990-02-30', 'MALE', 0), RangeError);
  for (const serial of [-1, 5000, 1.5, Number.NaN])
    assert.throws(() => makeTaxId('1990-01-01', 'MALE', serial), RangeError);
});

test('published codes of known enterprises are valid EDRPOU codes', () => {
  for (const code of ['00032129', '14360570', '20077720', '42032422']) assert.equal(isValidEdrpou(code), true, code);
  for (const text of ['00000000', '14360571', '1436057', '143605700', '1436057x', ''])
    assert.equal(isValidEdrpou(text), false, text);
});

test('a made EDRPOU code is valid, and no other last digit is', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9_999_999 }), fc.integer({ min: 1, max: 9 }), (body, shift) => {
      const code = makeEdrpou(body);
      assert.equal(isValidEdrpou(code), true);
      assert.equal(isValidEdrpou(code.slice(0, 7) + ((Number(code[7]) + shift) % 10)), false);
    }),
  );
  for (const body of [0, -1, 10_000_000, 1.5]) assert.throws(() => makeEdrpou(body), RangeError);
});

test('document numbers have the form of their type', () => {
  const accepted: [string, string][] = [
    ['PASSPORT', 'КС123456'],
    ['NATIONAL_ID', '000123456'],
    ['BIRTH_CERTIFICATE', 'І-АМ123456'],
    ['BIRTH_CERTIFICATE', '1-ІВ№123456'],
    ['BIRTH_CERTIFICATE', 'I-AM123456'],
    ['TEMPORARY_CERTIFICATE', 'ТП123456'],
    ['TEMPORARY_CERTIFICATE', 'ТП12345/67890'],
    ['TEMPORARY_CERTIFICATE', '123456789'],
    ['SSN', '2222222225'],
  ];
  for (const [type, number] of accepted) assert.equal(isValidDocumentNumber(type, number), true, `${type} ${number}`);
});

test('document numbers of another form, and documents of unknown types, are refused', () => {
  const refused: [string, string][] = [
    ['PASSPORT', 'KC123456'],
    ['PASSPORT', 'кс123456'],
    ['PASSPORT', 'КС12345'],
    ['PASSPORT', 'КС123456\n'],
    ['PASSPORT', 'КЫ123456'],
    ['NATIONAL_ID', '12345678'],
    ['NATIONAL_ID', 'КС123456'],
    ['BIRTH_CERTIFICATE', 'І'],
    ['BIRTH_CERTIFICATE', 'І-АМ 123456'],
    ['BIRTH_CERTIFICATE', '<script>'],
    ['SSN', '2222222224'],
    ['toString', '1'],
    ['__proto__', '1'],
    ['MILITARY_ID', '123456'],
  ];
  for (const [type, number] of refused) assert.equal(isValidDocumentNumber(type, number), false, `${type} ${number}`);
});

test('a UNZR begins with a real date', () => {
  assert.equal(birthDateOfUnzr('19850806-12345'), '1985-08-06');
  for (const text of ['19850230-12345', '1985080612345', '19850806-1234', '00000101-12345'])
    assert.equal(isValidUnzr(text), false, text);
});

test('a telephone number is kept in one form and shown masked', () => {
  assert.equal(isValidPhone('+380931234585'), true);
  for (const text of ['380931234585', '+38093123458', '+3809312345850', '+790312345678', '+380 93 1234585', ''])
    assert.equal(isValidPhone(text), false, text);
  assert.equal(maskPhone('+380931234585'), '+38093*****85');
  assert.equal(maskPhone('0931234585'), '**********');
});

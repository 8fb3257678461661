import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { knownNames } from '../generator/names.ts';
import { givenNameVariants } from './given-names.ts';
import {
  normaliseFamilyName,
  normaliseGivenName,
  normaliseName,
  normalisePatronymic,
  swappedNameKey,
} from './normalisation.ts';
import { patronymic } from './patronymics.ts';
import { genderedSurname } from './surnames.ts';
import { transliterate } from './transliteration.ts';

const { male, female, surnames } = knownNames();

test('the generator knows enough names of each kind', () => {
  assert.ok(male.length >= 150 && female.length >= 150, `${male.length} and ${female.length}`);
  assert.ok(surnames.length >= 600, String(surnames.length));
  for (const name of [...male, ...female, ...surnames])
    assert.match(name, /^[А-ЩЬЮЯҐЄІЇ][а-щьюяґєії’]+(?:-[А-ЩЬЮЯҐЄІЇ][а-щьюяґєії’]+)?$/, name);
  for (const names of [male, female, surnames]) assert.equal(new Set(names).size, names.length);
});

test('names are transliterated as the resolution of 2010 shows', () => {
  const table: Record<string, string> = {
    Алушта: 'Alushta',
    Згурський: 'Zghurskyi',
    Розгон: 'Rozghon',
    Єнакієве: 'Yenakiieve',
    Наєнко: 'Naienko',
    Їжакевич: 'Yizhakevych',
    Йосипівка: 'Yosypivka',
    Стрий: 'Stryi',
    Ґалаґан: 'Galagan',
    Щербухи: 'Shcherbukhy',
    Гоща: 'Hoshcha',
    Юрій: 'Yurii',
    Яготин: 'Yahotyn',
    Костянтин: 'Kostiantyn',
    'Знам’янка': 'Znamianka',
    "Короп'є": 'Koropie',
    Русь: 'Rus',
    'Нечуй-Левицький': 'Nechui-Levytskyi',
    ЩЕРБАК: 'ShchERBAK',
  };
  for (const [ukrainian, latin] of Object.entries(table)) assert.equal(transliterate(ukrainian), latin);
});

test('a name and its transliteration compare as equal', () => {
  for (const name of [...male, ...female, ...surnames])
    assert.equal(normaliseName(transliterate(name)), normaliseName(name), name);
});

test('case, apostrophes, hyphens, blanks and confused letters make no difference', () => {
  const groups = [
    ['Мар’яна', "МАР'ЯНА", 'Марʼяна', 'мар яна'],
    ['Наталія', 'Наталїя', 'наталия'],
    ['Євген', 'Евген', 'ЄВГЕН'],
    ['Коваль-Мазур', 'Коваль Мазур', 'Кoваль‑Мазур'],
    ['Олена', 'Oлeнa', 'ОЛЕНА'],
  ];
  for (const group of groups)
    assert.equal(new Set(group.map(normaliseName)).size, 1, JSON.stringify(group.map(normaliseName)));
});

test('different names stay different', () => {
  for (const [one, other] of [
    ['Марина', 'Марія'],
    ['Іван', 'Ігор'],
    ['Олег', 'Олена'],
    ['Ковальчук', 'Коваленко'],
  ] as const) {
    assert.notEqual(normaliseName(one), normaliseName(other));
  }
  const keys = new Set(surnames.map(normaliseFamilyName));
  assert.ok(keys.size > surnames.length * 0.93, `${keys.size} keys of ${surnames.length} names`);
});

test('Russian forms and diminutives of a given name are one', () => {
  const groups = [
    ['Олександр', 'Александр', 'Саша', 'Сашко', 'Oleksandr', 'Олесь'],
    ['Сергій', 'Сергей', 'Serhii', 'Сергійко'],
    ['Олена', 'Елена', 'Лена', 'Альона', 'Алёна'],
    ['Ганна', 'Анна', 'Аня', 'Hanna'],
    ['Дмитро', 'Дмитрий', 'Діма'],
    ['Наталія', 'Наталья', 'Наташа'],
  ];
  for (const group of groups)
    assert.equal(new Set(group.map(normaliseGivenName)).size, 1, JSON.stringify(group.map(normaliseGivenName)));
  assert.notEqual(normaliseGivenName('Олександр'), normaliseGivenName('Олександра'));
  assert.ok(givenNameVariants('Тетяна').includes('Таня'));
  assert.deepEqual(givenNameVariants('Зореслава'), []);
});

test('a couple’s family names are one, in Russian spelling too', () => {
  const groups = [
    ['Ковальський', 'Ковальська', 'Ковальская', 'Kovalskyi', 'Kovalska'],
    ['Білий', 'Біла'],
    ['Іванов', 'Іванова', 'Иванова'],
    ['Ільїн', 'Ільїна'],
    ['Шевченко', 'ШЕВЧЕНКО'],
  ];
  for (const group of groups)
    assert.equal(new Set(group.map(normaliseFamilyName)).size, 1, JSON.stringify(group.map(normaliseFamilyName)));
  for (const surname of surnames)
    assert.equal(normaliseFamilyName(genderedSurname(surname, 'FEMALE')), normaliseFamilyName(surname), surname);
});

test('brother’s and sister’s patronymics are one, in Russian spelling too', () => {
  for (const father of male)
    assert.equal(
      normalisePatronymic(patronymic(father, 'MALE')),
      normalisePatronymic(patronymic(father, 'FEMALE')),
      father,
    );
  const groups = [
    ['Миколайович', 'Миколаївна', 'Николаевич', 'Николаевна'],
    ['Сергійович', 'Сергеевна'],
    ['Ілліч', 'Іллівна', 'Ильич'],
    ['Олексійович', 'Алексеевна'],
  ];
  for (const group of groups)
    assert.equal(new Set(group.map(normalisePatronymic)).size, 1, JSON.stringify(group.map(normalisePatronymic)));
});

test('patronymics are formed as the orthography says', () => {
  const table: Record<string, [string, string]> = {
    Іван: ['Іванович', 'Іванівна'],
    Андрій: ['Андрійович', 'Андріївна'],
    Петро: ['Петрович', 'Петрівна'],
    Василь: ['Васильович', 'Василівна'],
    Микола: ['Миколайович', 'Миколаївна'],
    Ілля: ['Ілліч', 'Іллівна'],
    Григорій: ['Григорович', 'Григорівна'],
    Микита: ['Микитович', 'Микитівна'],
    Лев: ['Львович', 'Львівна'],
  };
  for (const [father, [son, daughter]] of Object.entries(table))
    assert.deepEqual([patronymic(father, 'MALE'), patronymic(father, 'FEMALE')], [son, daughter]);
});

test('family names take the form of the gender', () => {
  const table: Record<string, string> = {
    Ковальський: 'Ковальська',
    Галицький: 'Галицька',
    Чорний: 'Чорна',
    Палій: 'Палій',
    Безсмертний: 'Безсмертна',
    Іванов: 'Іванова',
    'Григор’єв': 'Григор’єва',
    Кузьмін: 'Кузьміна',
    Шевченко: 'Шевченко',
    Ковалів: 'Ковалів',
    Ковалишин: 'Ковалишин',
    Мельник: 'Мельник',
  };
  for (const [man, woman] of Object.entries(table)) assert.equal(genderedSurname(man, 'FEMALE'), woman);
});

test('swapped fields have one key', () => {
  assert.equal(swappedNameKey('Іван', 'Мороз'), swappedNameKey('Мороз', 'Іван'));
  assert.equal(swappedNameKey('Ivan', 'Moroz'), swappedNameKey('Мороз', 'Іван'));
});

test('any text has a key, and a key is its own', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      for (const key of [normaliseName, normaliseGivenName, normaliseFamilyName, normalisePatronymic])
        assert.equal(typeof key(text), 'string');
    }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...male, ...female, ...surnames), (name) =>
      assert.equal(normaliseName(normaliseName(name)), normaliseName(name)),
    ),
  );
});

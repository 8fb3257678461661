import assert from 'node:assert/strict';
import { test } from 'node:test';
import { guessType, profileColumns } from './guess.ts';

test('a column is known by its header in many languages, and a word within another says nothing', () => {
  const typeOf = (header: string) =>
    guessType(
      profileColumns(
        [header],
        ['Abc', 'Abd', 'Acd'].map((value) => [value]),
      )[0]!,
    );
  const expected = {
    given_name: 'first_name firstName Vorname Prénom imię jméno Nombre adı voornaam etunimi ime Όνομα Ім’я Имя',
    surname: 'last_name Nachname Nom nazwisko Příjmení Apellidos soyadı achternaam Sukunimi prezime Επώνυμο Прізвище',
    phone: 'mobile_phone Telefon telefonu Τηλέφωνο Телефон',
    postcode: 'zip plz CEP Postleitzahl',
    text: 'street Straße rue ulica Διεύθυνση Адреса',
    identifier: 'passport_no pesel DNI tc_kimlik ΑΜΚΑ',
  };
  for (const [type, headers] of Object.entries(expected))
    for (const header of headers.split(' ')) assert.equal(typeOf(header), type, header);
  for (const header of ['ad_slot', 'graduate', 'timeslot']) assert.notEqual(typeOf(header), 'given_name', header);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  generateCountry,
  normaliseFamilyName,
  normaliseGivenName,
  normaliseName,
  normalisePatronymic,
} from '@zdravo/country-ua';
import type { Person } from '../contract.ts';
import { identityRules } from '../identity-rules.ts';
import { rankOrderAttack, valuesOf } from './rank-order-attack.ts';

const persons = 300_000;
const rules = identityRules({
  normalise: normaliseName,
  identity_rules: { given_name: normaliseGivenName, family_name: normaliseFamilyName, patronymic: normalisePatronymic },
});

/** A token is a one-to-one image of its value: ranking knows no difference. */
function rowsOf(seed: string, values: (person: Person) => string[]) {
  const country = generateCountry({ seed, persons });
  return [...country.persons()].flatMap((generated) => {
    const person = generated.person as unknown as Person;
    return values(person).map((value) => ({ token: value, value, stratum: person.gender }));
  });
}

test('the rank-order attack on 300,000 persons, with a public list of as many, reads fewer than one row in a hundred of any index', () => {
  for (const [index, values] of valuesOf(rules)) {
    const stolen = rowsOf('registered', values);
    const listed = rowsOf('public list', values);
    const success = rankOrderAttack(
      stolen,
      listed,
      ({ stratum }) => stratum,
      ({ token }, value) => token === value,
    );
    console.log(`${index}: ${(100 * success).toFixed(4)} % of ${stolen.length} rows read`);
    assert.ok(success < 0.01, index);
  }
});

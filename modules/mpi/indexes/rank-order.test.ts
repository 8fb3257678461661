import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createFileKeyProvider } from '@zdravo/kit/keys';
import type { Person } from '../contract.ts';
import { identityRules } from '../identity-rules.ts';
import { bulkLoadPersons } from '../index.ts';
import { type MpiUnderTest, somePersons, startMpiForTest } from '../testing.ts';
import { rankOrderAttack, type StolenRow, stolenRows, truthOf, valuesOf } from './rank-order-attack.ts';
import { createTokenMaker } from './tokens.ts';

// The thief has a dump of the index's database with all that stands in clear, and a list of as many other people of the
// same country, which gives the public frequencies of names and days of birth.
const registered = somePersons(3_000, 'registered');
const listed = somePersons(3_000, 'public list');

let under: MpiUnderTest;
let rows: StolenRow[];
before(async () => {
  under = await startMpiForTest();
  const persons = registered.map((person) => {
    const id = randomUUID();
    return { id, person, source: { type: 'declaration_request', id } };
  });
  await bulkLoadPersons(under.options, persons);
  rows = await stolenRows(under.superuser);
});
after(() => under?.close());

const strata: Record<string, { ofRow(row: StolenRow): string; ofPerson(person: Person): string }> = {
  nothing: { ofRow: () => '', ofPerson: () => '' },
  gender: { ofRow: ({ gender }) => gender, ofPerson: ({ gender }) => gender },
  'gender and month of birth': {
    ofRow: ({ gender, birth_month }) => `${gender} ${birth_month.slice(0, 7)}`,
    ofPerson: ({ gender, birth_date }) => `${gender} ${factMonth(birth_date)}`,
  },
};

/** The month that reports know: the one after that of birth, but for those born on a first. */
function factMonth(birth_date: string): string {
  const [year, month, day] = birth_date.split('-').map(Number) as [number, number, number];
  return new Date(Date.UTC(year, day === 1 ? month - 1 : month, 1)).toISOString().slice(0, 7);
}

test('whoever ranks the tokens of a stolen dump against public lists of names reads fewer than one row in a hundred of any index', async () => {
  const rules = identityRules(under.options);
  const provider = await createFileKeyProvider(under.key_file);
  const truth = truthOf(registered, rules, await createTokenMaker(provider, provider.current_key_id(), rules));
  for (const [index, values] of valuesOf(rules)) {
    const stolen = rows.filter((row) => row.index === index);
    assert.ok(stolen.length > 1_000, `${index} has rows`);
    assert.ok(
      stolen.every(({ token }) => truth.has(`${index} ${token}`)),
      `the test knows what every token of ${index} stands for`,
    );
    for (const [known, { ofRow, ofPerson }] of Object.entries(strata)) {
      const list = listed.flatMap((person) => values(person).map((value) => ({ value, stratum: ofPerson(person) })));
      const isRight = ({ token }: StolenRow, value: string) => truth.get(`${index} ${token}`) === value;
      const success = rankOrderAttack(stolen, list, ofRow, isRight);
      assert.ok(success < 0.01, `${index}, knowing ${known}: ${(100 * success).toFixed(2)} % of the rows read`);
    }
  }
});

test('the same attack reads an index by given name alone: what it would find, if it were there', () => {
  const stolen = registered.map(({ first_name, gender }) => ({ token: `keyed ${first_name}`, gender }));
  const list = listed.map(({ first_name, gender }) => ({ value: first_name, stratum: gender }));
  const isRight = ({ token }: { token: string }, value: string) => token === `keyed ${value}`;
  const success = rankOrderAttack(stolen, list, ({ gender }) => gender, isRight);
  assert.ok(success > 0.05, `${(100 * success).toFixed(1)} % of the rows read`);
});

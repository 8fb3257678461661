import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { client_type_scopes, role_scopes, scopes } from '../scopes.ts';
import { builtInDictionaries } from './built-in.ts';
import { kved_sections } from './kveds.ts';

const reference = new URL('../../../../shared/reference/dictionaries.json', import.meta.url);

test('there are 34 dictionaries, each with texts, labels and a name of its own', () => {
  const dictionaries = builtInDictionaries();
  assert.equal(new Set(dictionaries.map(({ name }) => name)).size, 34);
  for (const { name, values, labels, is_active } of dictionaries) {
    assert.ok(Object.keys(values).length > 0, name);
    for (const [code, text] of Object.entries(values))
      assert.ok(code.trim() !== '' && text.trim() !== '' && text !== code, `${name} ${code}`);
    assert.ok(labels.includes('SYSTEM'));
    assert.equal(is_active, true);
  }
});

test('texts are Ukrainian: none has a letter that only Russian has', () => {
  for (const { name, values } of builtInDictionaries()) {
    for (const text of [...Object.values(values), ...Object.values(kved_sections)])
      assert.doesNotMatch(text, /[ыъэё]/i, name);
  }
});

test('a caller who changes a dictionary changes no other’s', () => {
  builtInDictionaries()[0]!.values['CHANGED'] = 'змінено';
  assert.equal(builtInDictionaries()[0]!.values['CHANGED'], undefined);
});

test('codes and labels are those of the reference, but that KVEDS has only those of health care', (t) => {
  if (!existsSync(reference)) return t.skip('the reference dictionaries are not beside the checkout');
  const ours = new Map(builtInDictionaries().map((dictionary) => [dictionary.name, dictionary]));
  const theirs = JSON.parse(readFileSync(reference, 'utf8')) as {
    name: string;
    values: Record<string, string>;
    labels: string[];
  }[];
  assert.equal(theirs.length, ours.size);
  for (const { name, values, labels } of theirs) {
    assert.deepEqual([...ours.get(name)!.labels].sort(), [...labels].sort(), name);
    const codes = Object.keys(ours.get(name)!.values).sort();
    if (name === 'KVEDS') for (const code of codes) assert.ok(Object.hasOwn(values, code), `KVEDS ${code}`);
    else assert.deepEqual(codes, Object.keys(values).sort(), name);
  }
});

test('every scope that a role, a type of client or the dictionary names is described in both languages', () => {
  const named = [...Object.values(role_scopes), ...Object.values(client_type_scopes)].flat();
  for (const scope of named) assert.ok(Object.hasOwn(scopes, scope), scope);
  for (const [scope, { uk, en }] of Object.entries(scopes)) {
    assert.match(scope, /^[a-z_]+:[a-z_]+$/);
    assert.match(uk, /^[А-ЩЬЮЯҐЄІЇ]/, scope);
    assert.match(en, /^[A-Z]/, scope);
  }
  for (const language of ['uk', 'en'] as const) {
    const texts = Object.values(scopes).map((text) => text[language]);
    assert.equal(new Set(texts).size, texts.length, `two scopes have one ${language} text`);
  }
});

test('roles and types of clients have as many scopes as the reference, and those of what we added', () => {
  const of_reports = { owner: 1, payer: 9, analyst: 9 };
  const of_contracts = 3;
  const of_erasures = 3;
  const of_searches = 3;
  const of_linkage = 5;
  const of_signatures = 1;
  const counts = (table: Record<string, string[]>) =>
    Object.fromEntries(Object.entries(table).map(([name, list]) => [name, new Set(list).size]));
  assert.deepEqual(counts(role_scopes), {
    ADMIN: 15,
    DOCTOR: 14,
    HR: 14,
    'MIS USER': 7,
    'MITHRIL ADMIN': 24,
    'NHS ADMIN': 41 + of_reports.payer + of_contracts + of_erasures + of_searches + of_linkage + of_signatures,
    NHS_ADMIN_ADMIN: 5,
    'NHS ADMIN MANAGE': 3,
    'NHS ADMIN SUPPORT': 5,
    'NHS ADMIN VERIFIER': 8,
    'NHS ADMIN SIGNER': 8,
    OWNER: 25 + of_reports.owner,
    PHARMACIST: 12,
    PHARMACY_OWNER: 21,
    ANALYST: of_reports.analyst,
    'UADDRESSES ADMIN': 4,
    CABINET: 12,
  });
  assert.deepEqual(counts(client_type_scopes), {
    PHARMACY: 33,
    MSP: 36 + of_reports.owner,
    'NHS ADMIN': 48 + of_reports.payer + of_contracts + of_erasures + of_searches + of_linkage + of_signatures,
    'MITHRIL ADMIN': 24,
    MIS: 5,
    'UADDRESSES ADMIN': 4,
    Auth_FE: 5,
    CABINET: 12,
  });
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isCommonPassword } from './common-passwords.ts';

test('what everybody tries first is common', () => {
  const common = [
    'password1234',
    'P@ssw0rd2026!',
    'Qwertyuiop12',
    'qwerty123456',
    'passwordpassword',
    '123456789012',
    '210987654321',
    'абвгдежзийкл',
    'aaaabbbbcccc',
    'Пароль-2025!!!',
    'Україна 1991',
    'Admin.Admin.1',
    'Слава Україна',
  ];
  for (const one of common) assert.equal(isCommonPassword(one), true, one);
});

test('a sentence and a random text are not, though a common word stands in them', () => {
  const fine = ['A password for two factors 1', 'correct horse battery', 'Demo-k3Jx9_qLm2Zt1a', 'кіт ліг на килим 7'];
  for (const one of fine) assert.equal(isCommonPassword(one), false, one);
});

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { DECISION_CODES } from './index.ts';

const here = import.meta.dirname;

test('the example in the README runs and prints what it says', () => {
  const readme = readFileSync(join(here, 'README.md'), 'utf8');
  const [, code, output] = /```ts\n([\s\S]*?)```[\s\S]*?```text\n([\s\S]*?)```/.exec(readme)!;
  const printed = execFileSync(process.execPath, ['--input-type=module-typescript', '--eval', code!], {
    cwd: here,
    encoding: 'utf8',
  });
  assert.equal(printed, output);
});

test('every error code is thrown somewhere, and none is thrown that is not listed', () => {
  const sources = readdirSync(here).filter(
    (file) => file.endsWith('.ts') && !file.endsWith('.test.ts') && file !== 'errors.ts',
  );
  const text = sources.map((file) => readFileSync(join(here, file), 'utf8')).join('\n');
  const unused = Object.keys(DECISION_CODES).filter((code) => !text.includes(`'${code}'`));
  assert.deepEqual(unused, []);
});

test('no source turns text into code', () => {
  const sources = readdirSync(here).filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'));
  const found = sources.filter((file) =>
    /\bFunction\(|\beval\(|node:vm|import\(/.test(readFileSync(join(here, file), 'utf8')),
  );
  assert.deepEqual(found, []);
});

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { finding_kinds } from './report.ts';

test('the page for operators says what to do with every kind of finding, and knows no other', async () => {
  const page = join(import.meta.dirname, '..', '..', '..', 'docs', 'operations', 'reconciliation.md');
  const [, chapter] = (await readFile(page, 'utf8')).split('## What to do with each kind');
  const rows = chapter!.split('\n## ')[0]!.match(/^\| \*{0,2}`[^|]+\|/gm)!;
  const named = rows.flatMap((row) => Array.from(row.matchAll(/`(\w+)`/g), ([, kind]) => kind!));
  assert.deepEqual(named.toSorted(), Object.keys(finding_kinds).sort());
});

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { accepted, left_out, lintMigrations, listMigrations } from './migration-lint.ts';

async function rulesOf(sql: string): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-lint-'));
  await writeFile(join(directory, '0001_a.sql'), sql);
  const findings = await lintMigrations([join(directory, '0001_a.sql')]);
  await rm(directory, { recursive: true });
  return findings.map(({ rule }) => rule);
}

test('DDL that would stop a running table is refused, and what makes a new table is not', async () => {
  assert.deepEqual(await rulesOf('create table a.b (id uuid primary key); create index b_id on a.b (id);'), []);
  assert.deepEqual(await rulesOf('alter table a.b add column c text not null;'), ['adding-required-field']);
  assert.deepEqual(await rulesOf('create index b_c on a.b (c);'), ['require-concurrent-index-creation']);
  assert.deepEqual(await rulesOf('alter table a.b alter column c type bigint;'), ['changing-column-type']);
  assert.ok((await rulesOf('drop table a.b;')).includes('ban-drop-table'));
  assert.ok((await rulesOf('alter table a.b rename column c to d;')).includes('renaming-column'));
});

test('SQL that cannot be read is refused', async () => {
  assert.ok((await rulesOf('create tabel a.b ();')).includes('syntax-error'));
});

test('every migration of every module is looked at, and each exclusion says why', async () => {
  const files = await listMigrations();
  for (const module of ['auth', 'gateway', 'il', 'mcs', 'mpi', 'ops', 'prm', 'reports'])
    assert.ok(
      files.some((file) => file.includes(join('modules', module, 'migrations'))),
      module,
    );
  assert.ok(files.some((file) => file.includes(join('kit', 'audit'))));
  for (const reason of [...Object.values(left_out), ...Object.values(accepted).map((one) => one.reason)])
    assert.ok(reason.length > 20);
});

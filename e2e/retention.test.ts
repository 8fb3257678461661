import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startStage, type TestStage } from './stage.ts';

// The retention table of docs/security/threat-model.md, where it takes the whole platform to see it; the other lines are
// tested beside their modules.

let stage: TestStage;
before(async () => {
  stage = await startStage();
});
after(() => stage.close());

const audits = {
  auth: ['platform', 'audit_log'],
  prm: ['platform', 'audit_log'],
  il: ['platform', 'audit_log', 'read_audit'],
  mcs: ['platform', 'read_audit'],
  ops: ['ops', 'audit_log'],
  mpi: ['mpi', 'audit_log', 'read_audit'],
  reports: ['reports', 'audit_log'],
} as const;

test('every module rotates its audit tables by itself, under its own role', async () => {
  for (const [module, [database, ...tables]] of Object.entries(audits)) {
    await stage.platform.runJob(`rotate_${module}_audit`);
    for (const table of tables) {
      const partitions = await stage.query(
        database,
        `select inhrelid::regclass::text as name from pg_inherits where inhparent = '${module}.${table}'::regclass`,
      );
      const months = partitions.filter(({ name }) => /_\d{6}$/.test(String(name)));
      assert.ok(months.length >= 3, `${module}.${table}`);
    }
  }
});

test('no audit table of any database is left out of the rotation', async () => {
  for (const database of ['platform', 'ops', 'mpi', 'reports'] as const) {
    const found = await stage.query(
      database,
      `select n.nspname as module, c.relname as table from pg_class c join pg_namespace n on n.oid = relnamespace
       where relkind = 'p' and relname in ('audit_log', 'read_audit') order by 1, 2`,
    );
    const rotated = Object.entries(audits).flatMap(([module, [where, ...tables]]) =>
      where === database ? tables.map((table) => ({ module, table })) : [],
    );
    const key = ({ module, table }: Record<string, unknown>) => `${module}.${table}`;
    assert.deepEqual(found.map(key).sort(), rotated.map(key).sort());
  }
});

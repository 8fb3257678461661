import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { appendLeaves, EMPTY_FRONTIER, frontierRoot, hashLeaf } from '@zdravo/tlog';
import pg from 'pg';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from '../testing.ts';

let under_test: OpsUnderTest;
let superuser: pg.Client;
const context = { request_id: 'test-request' };

before(async () => {
  under_test = await startOpsForTest();
  superuser = new pg.Client({ connectionString: under_test.database_url });
  await superuser.connect();
});
after(async () => {
  await superuser?.end();
  await under_test?.close();
});

test('before the first leaf the head is the root of the empty tree', async () => {
  const head = await under_test.client.latestHead({}, context);
  assert.equal(head.hash, '\\xe3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(head.size, 0);
});

test('the sequencer places every committed version once, without gaps, and the root is that of the leaves', async () => {
  const { client, ops } = under_test;
  const person_id = randomUUID();
  const ids = Array.from({ length: 20 }, () => randomUUID());
  await Promise.all(
    ids.map((id) => client.putDeclaration({ params: { id }, body: someDeclaration({ person_id }) }, context)),
  );
  const [placed, rival] = await Promise.all([ops.sequencer.drain(), ops.sequencer.drain()]);
  assert.equal(placed + rival, 39);
  const { rows } = await superuser.query('select leaf_index, entry from ops.log_entries order by leaf_index');
  assert.deepEqual(
    rows.map((row) => Number(row.leaf_index)),
    Array.from({ length: 39 }, (_, index) => index),
  );
  const root = frontierRoot(
    appendLeaves(
      EMPTY_FRONTIER,
      rows.map((row) => hashLeaf(row.entry)),
    ),
  );
  await new Promise((resolve) => setTimeout(resolve, 300));
  const head = await client.latestHead({}, context);
  assert.equal(head.hash, `\\x${Buffer.from(root).toString('hex')}`);
  assert.equal((await client.getHead({ params: { hash: head.hash } }, context)).superseded_at, null);
  assert.equal((await client.getDeclaration({ params: { id: ids[0]! } }, context)).leaf_index !== null, true);
});

test('a root that never was the head is unknown', async () => {
  await assert.rejects(
    under_test.client.getHead({ params: { hash: `\\x${'1'.repeat(64)}` } }, context),
    /never a head/,
  );
});

test('the running role cannot change or delete a version, an entry or a head of the log', async () => {
  for (const statement of [
    "update ops.declaration_versions set op = 'close'",
    'delete from ops.declaration_versions',
    'delete from ops.declaration_status_history',
    'update ops.log_entries set leaf_index = 0',
    'update ops.log_checkpoints set size = 0',
    'delete from ops.log_heads',
    'delete from ops.declaration_heads',
    'truncate ops.declaration_versions',
  ]) {
    await superuser.query('set role zdravo_ops');
    await assert.rejects(superuser.query(statement), /permission denied/, statement);
    await superuser.query('reset role');
  }
});

test('what the publication shows to reports holds no id of a person', async () => {
  const { rows } = await superuser.query<{ attnames: string }>(
    "select attnames::text from pg_publication_tables where pubname = 'ops_declarations'",
  );
  assert.equal(rows.length, 2);
  assert.ok(rows.every((row) => !row.attnames.includes('person_id')));
});

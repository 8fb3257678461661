import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { settableClock } from '@zdravo/kit/clock';
import { openDatabase } from '@zdravo/kit/db';
import { createTestDatabase, type TestDatabase, testLogger, withClient } from '@zdravo/kit/testing';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from '@zdravo/ops/testing';
import { migrations as prmMigrations } from '@zdravo/prm';
import { migrations } from '../index.ts';
import type { Tables } from '../tables.ts';
import { createPromiseKeeper, type PromiseKeeper, promiseExpiryJob } from './kept-promises.ts';
import { openPromiseReader } from './read-promises.ts';

let database: TestDatabase;
let il: ReturnType<typeof openDatabase<Tables>>;
let ops: OpsUnderTest;
let keeper: PromiseKeeper;
const context = { request_id: 'test-request' };

before(async () => {
  database = await createTestDatabase('il', { migrations: [prmMigrations, migrations] });
  il = openDatabase({ url: database.url, role: 'zdravo_il', application_name: 'il', log: testLogger(), pool_size: 2 });
  ops = await startOpsForTest();
  keeper = createPromiseKeeper(il.db, testLogger());
});
after(async () => {
  await il?.close();
  await ops?.close();
  await database?.drop();
});

const asSuperuser = (text: string) => withClient(database.url, (client) => client.query(text));

async function readAll(since?: string) {
  const reader = openPromiseReader({ database_url: database.url, log: testLogger() });
  const pages = await Array.fromAsync(reader.read(since));
  await reader.close();
  return pages.flat();
}

test('every promise that Operations give with an answer is kept once, and the auditor reads them in order', async () => {
  const client = keeper.keeping(ops.client);
  const id = randomUUID();
  const body = someDeclaration();
  const first = await client.putDeclaration({ params: { id }, body }, context);
  await client.putDeclaration({ params: { id }, body }, context);
  const second = await client.putTermination({ params: { id }, body: { actor_id: randomUUID() } }, context);
  assert.equal(await keeper.find(id), first.promise);
  const kept = (await readAll()).filter(({ record_id }) => record_id === id);
  assert.deepEqual(
    kept.map(({ version, note }) => [version, note]),
    [
      [1, first.promise],
      [2, second.promise],
    ],
  );
  assert.deepEqual(await readAll('2999-01-01T00:00:00Z'), []);
  assert.equal(await keeper.find(randomUUID()), undefined);
});

test('while the table cannot be written nobody waits for it, and afterwards nothing is missing', async () => {
  const client = keeper.keeping(ops.client);
  await asSuperuser('revoke insert on il.kept_promises from zdravo_il');
  const ids: string[] = Array.from({ length: 3 }, () => randomUUID());
  for (const id of ids) await client.putDeclaration({ params: { id }, body: someDeclaration() }, context);
  await keeper.settle();
  assert.equal((await readAll()).filter(({ record_id }) => ids.includes(record_id)).length, 0);
  await asSuperuser('grant insert on il.kept_promises to zdravo_il');
  await keeper.settle();
  assert.equal((await readAll()).filter(({ record_id }) => ids.includes(record_id)).length, 3);
});

test('the auditor’s role reads promises and nothing else; old ones go after 90 days', async () => {
  for (const statement of ['delete from il.kept_promises', 'select from il.declaration_requests'])
    await assert.rejects(asSuperuser(`set role zdravo_il_auditor; ${statement}`), /permission denied/, statement);
  const before = (await readAll()).length;
  assert.ok(before > 0);
  const clock = settableClock(new Date(Date.now() + 89 * 86_400_000).toISOString(), 'Europe/Kyiv');
  const job = promiseExpiryJob({ db: il.db, clock });
  await job.run(undefined, { signal: undefined });
  assert.equal((await readAll()).length, before);
  clock.advance(2 * 86_400_000);
  await job.run(undefined, { signal: undefined });
  assert.equal((await readAll()).length, 0);
});

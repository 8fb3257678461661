import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../db/index.ts';
import { type Jobs, migrateJobs, startJobs } from '../jobs/index.ts';
import { createTestDatabase, type TestDatabase, testLogger } from '../testing/index.ts';
import { createMessageQueue, createOutbox, DeliveryError, type MessageQueue } from './index.ts';

let database: TestDatabase;
let db: Database<Record<string, never>>;
let jobs: Jobs;
let queue: MessageQueue;
const outbox = createOutbox(3);
let failures: Error[] = [];

before(async () => {
  database = await createTestDatabase('kit_messages', { migrations: [] });
  await migrateJobs(database.url, 'postgres');
  db = openDatabase({ url: database.url, application_name: 'test' });
  const send = outbox.sms.send;
  outbox.sms.send = async (sms) => {
    const failure = failures.shift();
    if (failure) throw failure;
    await send(sms);
  };
  queue = createMessageQueue({ key: new Uint8Array(32).fill(3), ...outbox, log: testLogger() });
  jobs = await startJobs({ url: database.url, role: 'postgres', jobs: [queue.job], log: testLogger() });
});
after(async () => {
  await jobs.stop();
  await db.close();
  await database.drop();
});

const sms = (text: string) => ({ kind: 'sms', phone: '+380670000001', text }) as const;

async function arrived(text: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (outbox.list().some((message) => message.text === text)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.fail(`${text} did not arrive within 5 s`);
}

async function waiting(): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from graphile_worker.jobs`.execute(db.db);
  return Number(rows[0]!.n);
}

test('a message is sent if its transaction commits, and not otherwise', async () => {
  const rolled_back = db.db.transaction().execute(async (transaction) => {
    await queue.enqueue(transaction, sms('never'));
    throw new Error('changed our mind');
  });
  await assert.rejects(rolled_back, /changed our mind/);
  await db.db.transaction().execute((transaction) => queue.enqueue(transaction, sms('sent')));
  await arrived('sent');
  assert.ok(!outbox.list().some((message) => message.text === 'never'));
});

test('a passing failure is tried again, a permanent one is not', async () => {
  failures = [new DeliveryError('busy', { permanent: false, carrier_code: 'x' })];
  await queue.enqueue(db.db, sms('twice'));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await sql`update graphile_worker._private_jobs set run_at = now()`.execute(db.db);
  await arrived('twice');
  failures = [new DeliveryError('no such phone', { permanent: true, carrier_code: 'x' })];
  await queue.enqueue(db.db, sms('refused'));
  for (let tries = 0; tries < 60 && (await waiting()) > 0; tries++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await waiting(), 0);
});

test('a message that has expired is dropped', async () => {
  await queue.job.run({ sealed: '', expires_at: '2020-01-01T00:00:00Z' }, { signal: undefined });
  assert.ok(!outbox.list().some((message) => message.text === ''));
});

test('the queue holds no word of a message', async () => {
  await db.db.transaction().execute(async (transaction) => {
    await queue.enqueue(transaction, sms('Ваш код 987654'));
    const { rows } = await sql<{
      dump: string;
    }>`select payload::text as dump from graphile_worker._private_jobs`.execute(transaction);
    assert.ok(rows.length > 0);
    assert.ok(rows.every(({ dump }) => !/987654|380670000001/.test(dump)));
  });
});

test('the outbox keeps the newest messages only', async () => {
  const small = createOutbox(2);
  for (const text of ['1', '2', '3']) await small.sms.send({ phone: '+380', text });
  await small.mail.send({ to: 'a@b.c', subject: 's', text: '4' });
  assert.deepEqual(
    small.list().map((message) => message.text),
    ['4', '3'],
  );
});

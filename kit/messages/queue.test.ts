import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { sql } from 'kysely';
import { type Database, openDatabase } from '../db/index.ts';
import { type Jobs, migrateJobs, startJobs } from '../jobs/index.ts';
import { createLogger } from '../log/index.ts';
import { createTestDatabase, type TestDatabase, testLogger } from '../testing/index.ts';
import { createMessageQueue, createOutbox, DeliveryError, type MessageQueue, messageRetention } from './index.ts';

let database: TestDatabase;
let db: Database<Record<string, never>>;
let workers: Jobs[];
let queue: MessageQueue;
const outbox = createOutbox(3);
let failures: Error[] = [];
let tries: string[] = [];
let now = new Date();
const logged: string[] = [];
let hang: Promise<void> = Promise.resolve();

before(async () => {
  database = await createTestDatabase('kit_messages', { migrations: [] });
  await migrateJobs(database.url, 'postgres');
  db = openDatabase({ url: database.url, application_name: 'test' });
  const send = outbox.sms.send;
  outbox.sms.send = async (sms) => {
    tries.push(sms.id);
    const failure = failures.shift();
    if (failure) throw failure;
    await send(sms);
  };
  outbox.mail.send = () => hang;
  const log = createLogger({ name: 'test', destination: { write: (line) => void logged.push(line) } });
  queue = createMessageQueue({ key: new Uint8Array(32).fill(3), ...outbox, log, now: () => now });
  workers = await Promise.all(
    Object.values(queue.jobs).map((job) =>
      startJobs({ url: database.url, role: 'postgres', jobs: [job], log: testLogger() }),
    ),
  );
});
after(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await db.close();
  await database.drop();
});

const sms = (text: string) => ({ kind: 'sms', phone: '+380670000001', text }) as const;

async function arrived(text: string): Promise<void> {
  for (let looks = 0; looks < 100; looks++) {
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

/** As if the pause before the next try were over. */
async function hasten(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 300));
  await sql`update graphile_worker._private_jobs set run_at = now()`.execute(db.db);
}

test('a passing failure is tried again under the same id, a permanent one is not', async () => {
  tries = [];
  failures = [new DeliveryError('busy', { permanent: false, carrier_code: 'x' })];
  await queue.enqueue(db.db, sms('twice'));
  await hasten();
  await arrived('twice');
  assert.equal(tries.length, 2);
  assert.equal(new Set(tries).size, 1);
  failures = [new DeliveryError('no such phone', { permanent: true, carrier_code: 'x' })];
  await queue.enqueue(db.db, sms('refused'));
  await emptied();
  assert.match(logged.at(-1)!, /refused for good/);
});

async function emptied(): Promise<void> {
  for (let looks = 0; looks < 60 && (await waiting()) > 0; looks++)
    await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await waiting(), 0);
}

type Waiting = { payload: Record<string, unknown>; max_attempts: number };

/** What stands in the queue for a message, without its being sent. */
async function queued(text: string): Promise<Waiting> {
  let found: Waiting | undefined;
  const looked = new Error('looked');
  await db.db
    .transaction()
    .execute(async (transaction) => {
      await queue.enqueue(transaction, sms(text));
      const { rows } = await sql<Waiting>`
        select payload, max_attempts from graphile_worker._private_jobs order by id desc limit 1`.execute(transaction);
      found = rows[0];
      throw looked;
    })
    .catch((error: unknown) => assert.equal(error, looked));
  return found!;
}

test('a carrier may be down for three days: there are tries left for as long as a message is of use', async () => {
  const { payload, max_attempts } = await queued('long awaited');
  // graphile-worker waits e^n seconds after the n-th try, and six hours at most.
  const pauses = Array.from({ length: max_attempts - 1 }, (_, n) => Math.exp(Math.min(n + 1, 10)));
  const last_try = Date.now() + 1_000 * pauses.reduce((sum, pause) => sum + pause, 0);
  assert.ok(last_try > Date.parse(String(payload['expires_at'])));
  assert.ok(Date.parse(String(payload['expires_at'])) > Date.now() + 2.9 * 86_400_000);
});

test('what nobody can use any more is given up, and the log says so without a word of it', async () => {
  const { payload } = await queued('too late');
  now = new Date(Date.now() + 4 * 86_400_000);
  await queue.jobs.sms.run(payload, { signal: undefined });
  now = new Date();
  assert.ok(!outbox.list().some((message) => message.text === 'too late'));
  assert.match(logged.at(-1)!, /could not be delivered while it was of use/);
  assert.match(logged.at(-1)!, new RegExp(String(payload['id'])));
  assert.doesNotMatch(logged.join(''), /too late|380670000001/);
});

test('what was given up is kept for operators for seven days beyond its use, then it goes, and nothing else does', async () => {
  const day_ms = 86_400_000;
  const retention = (days: number) => messageRetention(db, () => new Date(Date.now() + days * day_ms));
  await db.db.transaction().execute(async (transaction) => {
    await queue.enqueue(transaction, sms('given up'));
    await sql`update graphile_worker._private_jobs set attempts = max_attempts, last_error = 'key lost'`.execute(
      transaction,
    );
    await queue.enqueue(transaction, sms('of use'), { expires_at: new Date(Date.now() + 30 * day_ms).toISOString() });
    await sql`update graphile_worker._private_jobs set run_at = now() + interval '1 hour'`.execute(transaction);
    await sql`select graphile_worker.add_job('another_task', '{}', run_at := now() + interval '1 hour')`.execute(
      transaction,
    );
  });
  await retention(9.9).run({}, { signal: undefined });
  assert.equal(await waiting(), 3);
  await retention(10.1).run({}, { signal: undefined });
  assert.equal(await waiting(), 2);
  await retention(37.1).run({}, { signal: undefined });
  const { rows } = await sql<{ task: string }>`select task_identifier as task from graphile_worker.jobs`.execute(db.db);
  assert.deepEqual(rows, [{ task: 'another_task' }]);
  await sql`delete from graphile_worker._private_jobs`.execute(db.db);
});

test('a mail server that hangs holds up no code', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  hang = promise;
  for (let mail = 0; mail < 10; mail++)
    await queue.enqueue(db.db, { kind: 'mail', to: 'a@b.c', subject: 's', text: 'slow' });
  await new Promise((resolve) => setTimeout(resolve, 200));
  await queue.enqueue(db.db, sms('not held up'));
  await arrived('not held up');
  assert.ok((await waiting()) >= 10);
  resolve();
  await emptied();
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
  for (const text of ['1', '2', '3']) await small.sms.send({ id: text, phone: '+380', text });
  await small.mail.send({ id: '4', to: 'a@b.c', subject: 's', text: '4' });
  assert.deepEqual(
    small.list().map((message) => message.text),
    ['4', '3'],
  );
});

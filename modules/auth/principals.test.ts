import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { testLogger } from '@zdravo/kit/testing';
import { sql } from 'kysely';
import { createAuth } from './index.ts';
import { createAuthFixture, type Fixture, redirect_uri } from './testing/auth-fixture.ts';

let fixture: Fixture;
before(async () => {
  fixture = await createAuthFixture();
});
after(() => fixture.close());

const invalid = { message: 'Invalid access token', status: 401 };

async function holder(scope?: string) {
  const user = await fixture.newUser();
  const { access: token, refresh } = await fixture.getTokens(user, scope);
  const find = () => fixture.auth.findPrincipal({ token, api_key: fixture.mis.secret });
  await find();
  return { user, token, refresh, find };
}

/** Long enough for a notification, short of the promised second. */
async function soon<Result>(attempt: () => Promise<Result>): Promise<void> {
  const until = Date.now() + 900;
  for (;;) {
    const refused = await attempt().then(
      () => false,
      () => true,
    );
    if (refused) return;
    assert.ok(Date.now() < until, 'it still held after 0.9 s');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('unknown and expired tokens are refused alike', async () => {
  await assert.rejects(fixture.auth.findPrincipal({ token: 'A'.repeat(32) }), invalid);
  const { refresh } = await holder();
  await assert.rejects(fixture.auth.findPrincipal({ token: refresh, api_key: fixture.mis.secret }), invalid);
  const { find } = await holder();
  fixture.clock.advance(9 * 3_600_000);
  await assert.rejects(find(), invalid);
});

test('behind a broker its key is needed, and only what it may pass passes', async () => {
  const { token } = await holder('otp:write employee:read');
  await assert.rejects(fixture.auth.findPrincipal({ token }), { message: 'API-KEY header required.', status: 401 });
  const foreign = { token, api_key: fixture.clinic.secret };
  await assert.rejects(fixture.auth.findPrincipal(foreign), { message: 'API-KEY header is invalid.', status: 401 });
  const { scopes, broker_id } = await fixture.auth.findPrincipal({ token, api_key: fixture.mis.secret });
  assert.deepEqual([...scopes], ['employee:read']);
  assert.equal(broker_id, fixture.mis.id);
});

test('the second look needs no database', async () => {
  const { find } = await holder();
  const before_reads = await countReads();
  for (let round = 0; round < 200; round++) await find();
  const after_reads = await countReads();
  assert.ok(after_reads - before_reads < 200, `${after_reads - before_reads} scans of tokens`);
  assert.equal(await find(), await find());
});

async function countReads(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  const { rows } = await sql<{ scans: number }>`
    select idx_scan + seq_scan as scans from pg_stat_user_tables where relname = 'tokens'`.execute(fixture.db);
  return Number(rows[0]!.scans);
}

test('a role taken away ends approval and tokens of that client within a second', async () => {
  const { user, find, refresh } = await holder();
  const grant = { user_id: user.id, role: 'OWNER', client_id: fixture.clinic.id };
  await fixture.auth.revokeRole(grant);
  await soon(find);
  assert.equal((await fixture.refresh(refresh)).status, 401);
  await fixture.auth.revokeRole(grant);
});

test('a blocked user, a blocked client and a blocked broker stop at once', async () => {
  const one = await holder();
  await fixture.auth.blockUser(one.user.id, { blocked: true, reason: 'left' });
  await soon(one.find);
  assert.equal((await fixture.signIn(one.user)).error.message, 'User blocked.');
  const other = await holder();
  await fixture.auth.blockClient(fixture.mis.id, { blocked: true });
  await soon(other.find);
  await fixture.auth.blockClient(fixture.mis.id, { blocked: false });
  await other.find();
  await fixture.auth.blockClient(fixture.clinic.id, { blocked: true });
  await soon(other.find);
  await fixture.auth.blockClient(fixture.clinic.id, { blocked: false });
  await other.find();
});

test('a new secret ends the old API-key within a second', async () => {
  const { find } = await holder();
  const created = await fixture.auth.putClient({
    id: randomUUID(),
    name: 'Another MIS',
    client_type: 'MIS',
    redirect_uri,
    broker_scope: ['employee:read'],
  });
  assert.ok(created.secret);
  const again = await fixture.auth.putClient({ id: created.client_id, name: 'Another MIS', client_type: 'MIS' });
  assert.deepEqual(again, { client_id: created.client_id, created: false });
  await find();
});

test('a password that is set anew ends what was issued under the old one', async () => {
  const { user, find } = await holder();
  await fixture.auth.setPassword(user.id, 'a new pass phrase');
  await soon(find);
});

test('a role whose scope shrinks holds back at once', async () => {
  const { find, user } = await holder('employee:read legal_entity:read');
  await fixture.auth.seed({ roles: { SMALL: ['legal_entity:read'] }, client_types: {} });
  await fixture.auth.grantRole({ user_id: user.id, role: 'SMALL', client_id: fixture.clinic.id });
  await sql`delete from auth.user_roles where user_id = ${user.id}
    and role_id = (select id from auth.roles where name = 'OWNER')`.execute(fixture.db);
  await sql`select pg_notify('auth_revocations', 'nonsense means everything')`.execute(fixture.db);
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual([...(await find()).scopes], ['legal_entity:read']);
});

test('while revocations cannot be heard of, nothing remembered is believed', async () => {
  const { user, find } = await holder();
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'auth-revocations' and datname = current_database()`.execute(fixture.db);
  await sql`update auth.users set is_blocked = true where id = ${user.id}`.execute(fixture.db);
  await soon(find);
  await sql`update auth.users set is_blocked = false where id = ${user.id}`.execute(fixture.db);
  await new Promise((resolve) => setTimeout(resolve, 600));
  await find();
  await fixture.auth.blockUser(user.id, { blocked: true });
  await soon(find);
});

test('what one process ends, another no longer admits', async () => {
  const { user, token, find } = await holder();
  const other = await createAuth({
    database_url: fixture.database_url,
    clock: fixture.clock,
    log: testLogger(),
    hash_key: new Uint8Array(32).fill(7),
    deliverOtp: async () => {},
    deliverRecovery: async () => {},
  });
  const elsewhere = () => other.findPrincipal({ token, api_key: fixture.mis.secret });
  assert.equal(await elsewhere(), await elsewhere());
  await fixture.auth.revokeRole({ user_id: user.id, role: 'OWNER', client_id: fixture.clinic.id });
  await soon(elsewhere);
  await soon(find);
  await other.close();
});

test('no secret stands in the database', async () => {
  const { token, refresh } = await holder();
  const { rows } = await sql<{ dump: string }>`
    select (select string_agg(t::text, '') from auth.tokens t) || (select string_agg(c::text, '') from auth.clients c) ||
      (select string_agg(u::text, '') from auth.users u) as dump`.execute(fixture.db);
  const hex = (text: string) => Buffer.from(text).toString('hex');
  for (const secret of [token, refresh, fixture.mis.secret, 'correct horse battery']) {
    assert.ok(!rows[0]!.dump.includes(secret));
    assert.ok(!rows[0]!.dump.includes(hex(secret)));
  }
});

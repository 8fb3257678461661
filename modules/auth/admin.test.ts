import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { role_scopes } from '@zdravo/country-ua';
import { openDatabase } from '@zdravo/kit/db';
import { startJobs } from '@zdravo/kit/jobs';
import { testLogger } from '@zdravo/kit/testing';
import { sql } from 'kysely';
import { deleteExpired } from './cleanup.ts';
import type { Tables } from './tables.ts';
import { createAuthFixture, type Fixture, password } from './testing/auth-fixture.ts';

let fixture: Fixture;
before(async () => {
  fixture = await createAuthFixture();
});
after(() => fixture.close());

test('verify tells what a token allows, behind the MIS too, and never its refresh token', async () => {
  const user = await fixture.newUser();
  const { access, refresh } = await fixture.getTokens(user, 'employee:read otp:write');
  const verify = (api_key?: string) =>
    fixture.call('GET', `/admin/tokens/${access}/verify`, api_key === undefined ? {} : { api_key });
  assert.equal((await verify()).error.message, 'API-KEY header required.');
  const answer = await verify(fixture.mis.secret);
  assert.equal(answer.status, 200);
  assert.equal(answer.data.consumer_id, user.id);
  assert.equal(answer.data.client_type, 'MSP');
  assert.equal(answer.data.details.scope, 'employee:read');
  assert.ok(!answer.text.includes(refresh));
  assert.match(answer.text, /\/admin\/tokens\/\*\*\*\/verify/);
  fixture.clock.advance(9 * 3_600_000);
  assert.equal((await verify(fixture.mis.secret)).error.message, 'Token expired or client approval was revoked.');
  assert.equal((await fixture.call('GET', `/admin/tokens/${'x'.repeat(32)}/verify`)).status, 401);
  assert.equal((await fixture.call('GET', '/admin/tokens/%27--/verify')).status, 404);
});

test('a token’s user comes with their roles', async () => {
  const user = await fixture.newUser({ roles: ['OWNER', 'DOCTOR'] });
  const { access } = await fixture.getTokens(user);
  const answer = await fixture.call('GET', `/admin/tokens/${access}/user`, { api_key: fixture.mis.secret });
  assert.equal(answer.data.email, user.email);
  assert.deepEqual(answer.urgent.roles.map((role) => role.name).sort(), ['DOCTOR', 'OWNER']);
});

test('client details are for anyone signed in and hold no secret', async () => {
  const token = (await fixture.signIn(await fixture.newUser())).data.value;
  const url = `/admin/clients/${fixture.clinic.id}/details`;
  const answer = await fixture.call('GET', url, { token });
  assert.equal(answer.data.client_type_name, 'MSP');
  assert.equal(answer.data.secret, undefined);
  assert.equal((await fixture.call('GET', url)).status, 401);
  assert.equal((await fixture.call('GET', `/admin/clients/${randomUUID()}/details`, { token })).status, 404);
  assert.equal((await fixture.call('GET', '/admin/clients/nothing/details', { token })).status, 404);
});

test('an owner refreshes the secret of the own client only, and the old one ends', async () => {
  const clinic_id = randomUUID();
  const first = await fixture.auth.putClient({
    id: clinic_id,
    name: 'C',
    client_type: 'MSP',
    redirect_uri: 'https://mis.example/callback?from=zdravo',
  });
  const user = await fixture.auth.createUser({ email: `${randomUUID()}@example.org`, password });
  await fixture.auth.grantRole({ user_id: user.id, role: 'OWNER', client_id: clinic_id });
  const session = (await fixture.signIn(user)).data.value;
  const app = {
    client_id: clinic_id,
    redirect_uri: 'https://mis.example/callback?from=zdravo',
    scope: 'secret:refresh',
  };
  const consent = await fixture.call('POST', '/oauth/apps/authorize', { token: session, body: { app } });
  const code = new URL(String(consent.headers['location'])).searchParams.get('code')!;
  const { data } = await fixture.exchange(code, { client_id: clinic_id, client_secret: first.secret });
  const refresh = (id: string) => fixture.call('PATCH', `/admin/clients/${id}/refresh_secret`, { token: data.value });
  assert.equal((await refresh(fixture.clinic.id)).status, 403);
  const answer = await refresh(clinic_id);
  assert.equal(answer.status, 200);
  assert.notEqual(answer.data.secret, first.secret);
  const token = { client_id: clinic_id, client_secret: first.secret };
  assert.equal((await fixture.refresh(data.details.refresh_token, token)).status, 401);
  const renewed = { client_id: clinic_id, client_secret: answer.data.secret };
  assert.equal((await fixture.refresh(data.details.refresh_token, renewed)).status, 201);
});

test('one’s own account and roles are readable, another’s are not', async () => {
  const user = await fixture.newUser();
  const other = await fixture.newUser();
  const token = (await fixture.signIn(user)).data.value;
  assert.equal((await fixture.call('GET', `/admin/users/${user.id}`, { token })).data.email, user.email);
  assert.equal((await fixture.call('GET', `/admin/users/${other.id}`, { token })).status, 403);
  const own = await fixture.call('GET', '/user/roles', { token });
  assert.equal(own.list[0]!.role_name, 'OWNER');
  const elsewhere = await fixture.call('GET', `/user/roles?client_id=${randomUUID()}`, { token });
  assert.deepEqual(elsewhere.list, []);
});

test('roles are listed by name and page for those who may', async () => {
  const user = await fixture.auth.createUser({ email: `${randomUUID()}@example.org`, password });
  await fixture.auth.grantRole({ user_id: user.id, role: 'MIS USER', client_id: null });
  const session = (await fixture.signIn(user)).data.value;
  assert.equal((await fixture.call('GET', '/admin/roles', { token: session })).status, 403);
  const app = {
    client_id: fixture.mis.id,
    redirect_uri: 'https://mis.example/callback?from=zdravo',
    scope: 'role:read',
  };
  const consent = await fixture.call('POST', '/oauth/apps/authorize', { token: session, body: { app } });
  const code = new URL(String(consent.headers['location'])).searchParams.get('code')!;
  const credentials = { client_id: fixture.mis.id, client_secret: fixture.mis.secret };
  const token = (await fixture.exchange(code, credentials)).data.value;
  const all = await fixture.call('GET', '/admin/roles', { token });
  assert.equal(all.paging.total_entries, Object.keys(role_scopes).length);
  const named = await fixture.call('GET', '/admin/roles?name=nhs%20admin%20s&page_size=1', { token });
  assert.equal(named.paging.total_entries, 2);
  assert.equal(named.list.length, 1);
  assert.equal(
    (await fixture.call('GET', `/admin/roles/${named.list[0]!.id}`, { token })).data.name,
    named.list[0]!.name,
  );
  assert.equal((await fixture.call('GET', `/admin/roles/${randomUUID()}`, { token })).status, 404);
  assert.equal((await fixture.call('GET', '/admin/roles?page=0', { token })).status, 422);
});

test('a recovery link goes to known e-mails only, serves once, and the answers do not differ', async () => {
  const user = await fixture.newUser();
  const ask = (email: string) => fixture.call('POST', '/api/credentials_recovery_requests', { body: { email } });
  const known = await ask(user.email.toUpperCase());
  const unknown = await ask('nobody@example.org');
  assert.equal(known.status, 201);
  assert.deepEqual(known.data, unknown.data);
  await workOffOrders();
  assert.equal(fixture.recoveries.length, 1);
  const { link, email } = fixture.recoveries[0]!;
  assert.equal(email, user.email);
  const finish = (id: string, next: string) =>
    fixture.call('PATCH', `/api/credentials_recovery_requests/${id}/actions/reset_password`, {
      body: { password: next },
    });
  assert.equal((await finish(link, 'short')).error.invalid[0]!.entry, '$.password');
  assert.equal((await finish('x'.repeat(32), 'a recovered phrase')).status, 404);
  const answers = await Promise.all([finish(link, 'a recovered phrase'), finish(link, 'another recovered one')]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [200, 404]);
  assert.equal((await fixture.signIn(user)).status, 401);
});

test('five recovery links an hour go to one user, also when they are asked for at once', async () => {
  const user = await fixture.newUser();
  const before = fixture.recoveries.length;
  const body = { email: user.email };
  const answers = await Promise.all(
    Array.from({ length: 24 }, () => fixture.call('POST', '/api/credentials_recovery_requests', { body })),
  );
  assert.ok(answers.every(({ status }) => status === 201));
  await workOffOrders();
  assert.equal(fixture.recoveries.length - before, 5);
  await fixture.auth.blockUser(user.id, { blocked: true });
  fixture.clock.advance(3_600_000);
  await fixture.call('POST', '/api/credentials_recovery_requests', { body });
  await workOffOrders();
  assert.equal(fixture.recoveries.length - before, 5, 'a blocked account gets none');
});

/** Lets the worker of `auth` run until no order of a link waits. */
async function workOffOrders(): Promise<void> {
  const jobs = await startJobs({ url: databaseUrl(), role: 'zdravo_auth', jobs: fixture.auth.jobs, log: testLogger() });
  const waiting = () =>
    sql<{ n: number }>`select count(*)::int as n from graphile_worker.jobs where task_identifier = 'send_recovery_link'`
      .execute(fixture.db)
      .then(({ rows }) => rows[0]!.n);
  for (let looks = 0; looks < 200 && (await waiting()) > 0; looks++)
    await new Promise((resolve) => setTimeout(resolve, 25));
  await jobs.stop();
  assert.equal(await waiting(), 0);
}

test('an e-mail belongs to one account, in any case', async () => {
  const user = await fixture.newUser();
  await assert.rejects(fixture.auth.createUser({ email: user.email.toUpperCase(), password }), {
    status: 409,
    message: 'Email is already used by another person',
  });
  assert.equal((await fixture.auth.findUserByEmail(user.email.toUpperCase()))?.id, user.id);
});

test('another module creates accounts and clients in its own transaction, or not at all', async () => {
  const theirs = openDatabase<Tables>({ url: databaseUrl(), application_name: 'test' });
  const id = randomUUID();
  const email = `${randomUUID()}@example.org`;
  const work = (fail: boolean) =>
    theirs.db.transaction().execute(async (transaction) => {
      await fixture.auth.putClient({ id, name: 'C', client_type: 'MSP' }, { transaction });
      const user = await fixture.auth.createUser({ email }, { transaction });
      await fixture.auth.grantRole({ user_id: user.id, role: 'OWNER', client_id: id }, { transaction });
      if (fail) throw new Error('changed our mind');
    });
  await assert.rejects(work(true), /changed our mind/);
  assert.equal(await fixture.auth.findUserByEmail(email), undefined);
  await work(false);
  assert.ok(await fixture.auth.findUserByEmail(email));
  await theirs.close();
});

function databaseUrl(): string {
  return fixture.database_url;
}

test('the running role appends to the audit log and can neither change nor read it away', async () => {
  const ours = openDatabase<Tables>({ url: databaseUrl(), role: 'zdravo_auth', application_name: 'test' });
  for (const query of [
    'delete from auth.audit_log',
    'update auth.audit_log set action = null',
    'delete from auth.roles',
  ])
    await assert.rejects(sql.raw(query).execute(ours.db), /permission denied/);
  await ours.close();
});

test('what has expired is deleted, what has not stays', async () => {
  const user = await fixture.newUser();
  await fixture.getTokens(user);
  fixture.clock.advance(40 * 86_400_000);
  const fresh = await fixture.getTokens(await fixture.newUser());
  const gone = await deleteExpired({ db: fixture.db, clock: fixture.clock });
  assert.ok(gone['tokens']! >= 3);
  assert.equal((await fixture.refresh(fresh.refresh)).status, 201);
  assert.deepEqual(await deleteExpired({ db: fixture.db, clock: fixture.clock }), {
    otps: 0,
    tokens: 0,
    sign_in_failures: 0,
    password_recoveries: 0,
  });
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { client_type_scopes, role_scopes } from '@zdravo/country-ua';
import { findAccessMismatches, type Holder } from '@zdravo/gateway';
import { contract } from './index.ts';
import { createAuthFixture, type Fixture, password, redirect_uri } from './testing/auth-fixture.ts';

let fixture: Fixture;
before(async () => {
  fixture = await createAuthFixture();
});
after(() => fixture.close());

/** A user with one role, through one type of client, with everything that the two allow together. */
async function holderOf(role: string, client_type: string): Promise<Holder | undefined> {
  const scopes = role_scopes[role]!.filter((scope) => client_type_scopes[client_type]!.includes(scope));
  if (scopes.length === 0) return undefined;
  const id = randomUUID();
  const { secret } = await fixture.auth.putClient({ id, name: client_type, client_type, redirect_uri });
  const user = await fixture.auth.createUser({ email: `${randomUUID()}@example.org`, password });
  await fixture.auth.grantRole({ user_id: user.id, role, client_id: id });
  const token = (await fixture.signIn(user)).data.value;
  const app = { client_id: id, redirect_uri, scope: scopes.join(' ') };
  const { headers } = await fixture.call('POST', '/oauth/apps/authorize', { token, body: { app } });
  const code = new URL(String(headers['location'])).searchParams.get('code')!;
  const { data } = await fixture.exchange(code, { client_id: id, client_secret: secret });
  return { name: `${role} through ${client_type}`, scopes, headers: { authorization: `Bearer ${data.value}` } };
}

test('every role through every type of client gets exactly where the contract lets it', async () => {
  const pairs = Object.keys(role_scopes).flatMap((role) =>
    Object.keys(client_type_scopes).map((type) => [role, type] as const),
  );
  const holders: Holder[] = [{ name: 'nobody', scopes: [], headers: {} }];
  for (const [role, type] of pairs) {
    const holder = await holderOf(role, type);
    if (holder) holders.push(holder);
  }
  assert.ok(holders.length > 40, `${holders.length} holders`);
  const { startRecovery: _s, finishRecovery: _f, ...unlimited } = contract;
  assert.deepEqual(await findAccessMismatches(knock, unlimited, holders), []);
});

async function knock(method: string, url: string, headers: Record<string, string>): Promise<number> {
  return (await fixture.app.inject({ method: method as 'GET', url, headers })).statusCode;
}

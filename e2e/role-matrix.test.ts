import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { client_type_scopes, role_scopes } from '@zdravo/country-ua';
import { findAccessMismatches, type Holder } from '@zdravo/gateway';
import { contract as ilContract } from '@zdravo/il';
import { contract as reportsContract } from '@zdravo/reports/contract';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
const contract = { ...ilContract, ...reportsContract };
const redirect_uri = 'http://localhost:4010/callback';
const password = 'A-long-passphrase-of-a-test-1';

before(async () => {
  stage = await startStage();
});
after(() => stage?.close());

/** A user with one role, through one type of client, with everything that the two allow together. */
async function holderOf(role: string, client_type: string): Promise<Holder | undefined> {
  const scopes = role_scopes[role]!.filter((scope) => client_type_scopes[client_type]!.includes(scope));
  if (scopes.length === 0) return undefined;
  const { auth } = stage.platform;
  const { client_id, secret } = await auth.putClient({
    id: randomUUID(),
    name: client_type,
    client_type,
    redirect_uri,
    access_type: 'DIRECT',
  });
  const email = `${randomUUID()}@example.org`;
  const user = await auth.createUser({ email, password, second_factor_required: false });
  await auth.grantRole({ user_id: user.id, role, client_id });
  const account = { email, password, client_id, client_secret: secret!, redirect_uri, scope: scopes.join(' ') };
  const token = await stage.api.signIn(account);
  return { name: `${role} through ${client_type}`, scopes, headers: { authorization: `Bearer ${token}` } };
}

async function knock(method: string, path: string, headers: Record<string, string>): Promise<number> {
  const response = await fetch(`${stage.platform.address}${path}`, { method, headers, redirect: 'manual' });
  await response.body?.cancel();
  return response.status;
}

test('every role through every type of client gets exactly where the contracts let it', async () => {
  const holders: Holder[] = [{ name: 'nobody', scopes: [], headers: {} }];
  for (const role of Object.keys(role_scopes))
    for (const client_type of Object.keys(client_type_scopes)) {
      const holder = await holderOf(role, client_type);
      if (holder) holders.push(holder);
    }
  assert.ok(holders.length > 40, `${holders.length} holders`);
  assert.deepEqual(await findAccessMismatches(knock, contract, holders), []);
});

test('whatever a route asks for, some role holds through some type of client', () => {
  const held = new Set<string>();
  for (const scopes of Object.values(role_scopes))
    for (const allowed of Object.values(client_type_scopes))
      for (const scope of scopes) if (allowed.includes(scope)) held.add(scope);
  const unreachable = Object.values(contract).flatMap(({ access, path }) =>
    access.kind === 'scopes'
      ? access.scopes.filter((scope) => !held.has(scope)).map((scope) => `${path}: ${scope}`)
      : [],
  );
  assert.deepEqual(unreachable, []);
});

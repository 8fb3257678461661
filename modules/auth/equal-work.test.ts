import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { AuthDeps } from './deps.ts';
import { grantByPassword } from './grants/password.ts';
import { createPasswordHasher, runScrypt } from './password-hash.ts';
import { startRecovery } from './recoveries.ts';
import type { Tables } from './tables.ts';
import { authDeps } from './testing/auth-deps.ts';
import { createAuthFixture, type Fixture } from './testing/auth-fixture.ts';

// What takes time is counted rather than measured: statements, messages and runs of scrypt.

let fixture: Fixture;
let deps: AuthDeps;
let work: unknown[] = [];

before(async () => {
  fixture = await createAuthFixture();
  const noted = (kind: string) => async () => void work.push(kind);
  deps = authDeps(fixture, {
    db: new Kysely<Tables>({
      dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: fixture.database_url, max: 1 }) }),
      log: ({ query }) => void work.push(query.sql),
    }),
    hasher: createPasswordHasher(4, async ({ password, salt, ...cost }) => {
      work.push({ ...cost, salt_bytes: salt.length });
      return runScrypt({ password, salt, ...cost });
    }),
    deliverOtp: noted('sms'),
    deliverRecovery: noted('mail'),
  });
});
after(async () => {
  await deps.db.destroy();
  await fixture.close();
});

async function workOf(run: () => Promise<unknown>): Promise<unknown[]> {
  work = [];
  await run();
  return work;
}

/** Somebody with a password, somebody who is blocked, somebody invited who has none yet, and nobody. */
async function emails(): Promise<string[]> {
  const [known, blocked] = [await fixture.newUser(), await fixture.newUser()];
  await fixture.auth.blockUser(blocked.id, { blocked: true });
  const invited = await fixture.auth.createUser({ email: `invited-${randomUUID()}@example.org` });
  return [known.email, blocked.email, invited.email, 'nobody@example.org'];
}

test('a wrong password costs the same, whoever it is tried for', async () => {
  const { login_client_id: client_id } = fixture;
  const costs = [];
  for (const email of await emails()) {
    const request = { email, password: 'not the password', client_id, scope: 'app:authorize' };
    costs.push(await workOf(() => assert.rejects(grantByPassword(deps, request), { code: 'password_wrong' })));
  }
  assert.equal(costs[0]!.filter((one) => typeof one === 'object').length, 1);
  for (const cost of costs) assert.deepEqual(cost, costs[0]);
});

test('asking for a new password costs the same, whoever it is asked for', async () => {
  const costs = [];
  for (const email of await emails()) costs.push(await workOf(() => startRecovery(deps, email)));
  assert.equal(costs[0]!.length, 2);
  for (const cost of costs) assert.deepEqual(cost, costs[0]);
});

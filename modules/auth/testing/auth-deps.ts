import { testLogger } from '@zdravo/kit/testing';
import type { AuthDeps } from '../deps.ts';
import { createPasswordHasher } from '../password-hash.ts';
import { createRevocations } from '../revocations.ts';
import { default_settings } from '../settings.ts';
import type { Fixture } from './auth-fixture.ts';

/** What functions of auth stand on, over a fixture's database; what a test looks at, it brings. */
export function authDeps(fixture: Fixture, brought: Partial<AuthDeps>): AuthDeps {
  return {
    db: fixture.db,
    clock: fixture.clock,
    settings: default_settings,
    hash_key: new Uint8Array(32).fill(7),
    hasher: createPasswordHasher(4),
    revocations: createRevocations({ url: fixture.database_url, role: 'zdravo_auth', log: testLogger() }),
    deliverOtp: async () => {},
    deliverRecovery: async () => {},
    ...brought,
  };
}

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Client, createClient, inProcessTransport } from '@zdravo/kit/client';
import { type SettableClock, settableClock } from '@zdravo/kit/clock';
import { createFileKeyProvider, createKeyFile, type KeyProvider, keyMigrations } from '@zdravo/kit/keys';
import { createTestDatabase, testLogger } from '@zdravo/kit/testing';
import {
  createMemoryCheckpointStore,
  createMemoryTileStore,
  formatVerifierKey,
  generateSignerKey,
  parsePolicy,
  parseSigner,
  SIGNATURE_TYPES,
} from '@zdravo/tlog';
import { contract, type NewDeclaration } from './contract.ts';
import { createOps, migrations, type Ops, type TransparencyLog } from './index.ts';

export type OpsUnderTest = {
  ops: Ops;
  client: Client<typeof contract>;
  clock: SettableClock;
  /** As the superuser. */
  database_url: string;
  keys_database_url: string;
  key_provider: KeyProvider;
  close(): Promise<void>;
};

/** Operations on databases of its own, called through its contract. */
export async function startOpsForTest(given: { transparency_log?: TransparencyLog } = {}): Promise<OpsUnderTest> {
  const database = await createTestDatabase('ops', { migrations: [migrations] });
  const keys_database = await createTestDatabase('keys', { migrations: [keyMigrations] });
  const folder = await mkdtemp(join(tmpdir(), 'zdravo-keys-'));
  const key_file = join(folder, 'ops.json');
  await createKeyFile(key_file);
  const key_provider = await createFileKeyProvider(key_file);
  const clock = settableClock('2026-11-23T10:00:00Z', 'Europe/Kyiv');
  const ops = await createOps({
    database_url: database.url,
    keys_database_url: keys_database.url,
    key_provider,
    callers: { il: 'secret' },
    clock,
    log: testLogger('ops'),
    transparency_log: given.transparency_log ?? logWithoutWitnesses(),
    pool_size: 8,
  });
  await ops.app.ready();
  const client = createClient(contract, inProcessTransport(ops.app), { caller: 'il', secret: 'secret' });
  return {
    ops,
    client,
    clock,
    database_url: database.url,
    keys_database_url: keys_database.url,
    key_provider,
    close: async () => {
      await ops.close();
      await Promise.all([database.drop(), keys_database.drop(), rm(folder, { recursive: true })]);
    },
  };
}

/** A log in memory that needs nobody's cosignature. */
export function logWithoutWitnesses(origin = 'log.example/ops'): TransparencyLog {
  const signer = parseSigner(generateSignerKey({ name: origin, type: SIGNATURE_TYPES.ed25519 }));
  return {
    signers: [signer],
    promise_signer: parseSigner(generateSignerKey({ name: `${origin}/promises`, type: SIGNATURE_TYPES.ed25519 })),
    policy: parsePolicy(Buffer.from(`log ${formatVerifierKey(signer.key)}\nquorum none\n`)),
    tiles: createMemoryTileStore(),
    checkpoints: createMemoryCheckpointStore(),
    witness_timeout_ms: 1_000,
  };
}

/** A declaration of a new person; every id is fresh unless given. */
export function someDeclaration(given: Partial<NewDeclaration> = {}): NewDeclaration {
  return {
    person_id: randomUUID(),
    pseudonym: randomUUID(),
    employee_id: randomUUID(),
    division_id: randomUUID(),
    legal_entity_id: randomUUID(),
    declaration_request_id: randomUUID(),
    declaration_number: '0000-12H4-245D',
    scope: 'family_doctor',
    start_date: '2026-11-23',
    end_date: '2027-11-22',
    signed_at: '2026-11-23T10:00:00.000000Z',
    seed: `\\x${'0'.repeat(64)}`,
    overlimit: false,
    status: 'active',
    created_by: randomUUID(),
    evidence: { signed_content_sha256: 'a'.repeat(64), documents: [] },
    ...given,
  };
}

import { randomUUID } from 'node:crypto';
import { openDatabase } from '@zdravo/kit/db';
import { createKeyStore } from '@zdravo/kit/keys';
import pg from 'pg';
import { startWitnessedLog, type WitnessedLog } from '../log/testing-witnesses.ts';
import { published_name } from '../log/transparency-log.ts';
import type { Tables } from '../tables.ts';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from '../testing.ts';
import { type AuditReport, runAudit } from './audit.ts';
import type { ContainerSource } from './containers.ts';
import type { AuditState } from './state.ts';

const context = { request_id: 'test-request' };

/** Operations with a witnessed log, an attacker with every database password, and an auditor apart from both. */
export type AuditedOps = {
  ops: OpsUnderTest;
  log: WitnessedLog;
  /** The attacker: superuser of the database. */
  superuser: pg.Client;
  /** Stored declarations and the promises that their clients hold. */
  declarations: { id: string; promise: string }[];
  store(count: number): Promise<void>;
  audit(given?: {
    full?: boolean;
    promises?: readonly string[];
    /** What the platform kept of every declaration that was stored by `store`. */
    with_kept?: boolean;
    /** Untouched ones unless given. */
    containers?: ContainerSource | 'not read';
    now?: Date;
    /** Happens when the published checkpoint has been read. */
    meanwhile?: () => Promise<void>;
  }): Promise<AuditReport>;
  close(): Promise<void>;
};

export async function startAuditedOps(count = 12): Promise<AuditedOps> {
  const log = await startWitnessedLog();
  const ops = await startOpsForTest({ transparency_log: log.transparency_log });
  const superuser = new pg.Client({ connectionString: ops.database_url });
  superuser.on('error', () => {});
  await superuser.connect();
  const reader = openDatabase<Tables>({
    url: ops.database_url,
    role: 'zdravo_ops_auditor',
    application_name: 'auditor',
  });
  const keys_reader = openDatabase({
    url: ops.keys_database_url,
    role: 'zdravo_keys_auditor',
    application_name: 'auditor',
  });
  const keys = createKeyStore(keys_reader.pool, ops.key_provider, { module: 'ops', purpose: 'seed' });
  const declarations: { id: string; promise: string }[] = [];
  let state: AuditState = {};

  async function store(more: number): Promise<void> {
    for (let at = 0; at < more; at++) {
      const id = randomUUID();
      const { promise } = await ops.client.putDeclaration({ params: { id }, body: someDeclaration() }, context);
      declarations.push({ id, promise });
    }
  }

  await store(count);
  await ops.client.putTermination(
    { params: { id: declarations[0]!.id }, body: { actor_id: randomUUID(), reason: 'manual' } },
    context,
  );
  await ops.ops.sequencer.drain();

  return {
    ops,
    log,
    superuser,
    declarations,
    store,
    audit: async ({
      full = true,
      promises,
      with_kept,
      containers = untouched_containers,
      now = new Date(),
      meanwhile,
    } = {}) => {
      const report = await runAudit({
        db: reader.db,
        keys,
        tiles: log.transparency_log.tiles,
        readCheckpoint: async () => {
          const note = await log.transparency_log.checkpoints.get(published_name);
          await meanwhile?.();
          return note;
        },
        policy: log.transparency_log.policy,
        state,
        full,
        now,
        promises: {
          keys: [log.transparency_log.promise_signer.key],
          ...(promises ? { notes: promises } : {}),
          ...(with_kept ? { kept: keptPages(declarations) } : {}),
        },
        ...(containers === 'not read' ? {} : { containers }),
      });
      state = report.state;
      return report;
    },
    close: async () => {
      await superuser.end();
      await Promise.all([reader.close(), keys_reader.close()]);
      await ops.close();
      await log.close();
    },
  };
}

/** Of `someDeclaration`. */
const untouched_containers: ContainerSource = {
  sample_of: 1,
  read: async () => ({ state: 'stored', sha256: 'a'.repeat(64), container: Buffer.from('container') }),
};

/** As the platform keeps them, in pages of five. */
async function* keptPages(declarations: AuditedOps['declarations']) {
  const rows = declarations.map(({ id, promise }) => ({ record_id: id, version: 1, note: promise }));
  for (let at = 0; at < rows.length; at += 5) yield rows.slice(at, at + 5);
}

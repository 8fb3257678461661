import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createClient, httpTransport } from '@zdravo/kit/client';
import { openDatabase } from '@zdravo/kit/db';
import { createFileKeyProvider, createKeyStore } from '@zdravo/kit/keys';
import { Problem } from '@zdravo/kit/problem';
import { withClient } from '@zdravo/kit/testing';
import { createFileTileStore, parsePolicy, parseVerifierKey } from '@zdravo/tlog';
import { verifyLog } from '@zdravo/tlog/verifier';
import { runAudit } from '../../audit/audit.ts';
import { contract } from '../../contract.ts';
import type { Tables } from '../../tables.ts';
import { someDeclaration } from '../../testing.ts';
import { published_name } from '../transparency-log.ts';
import { type KillStage, startKillStage } from './stage.ts';

type Acknowledged = { id: string; promise: string };

const day_ms = 86_400_000;

/**
 * Writers write without pause while Operations, with their sequencer, and PostgreSQL are killed at random moments, `kills`
 * times in all; each time Operations come back with a clock up to a day off. Whatever was acknowledged is then in the log
 * once, in its place, and the audit is whole.
 * @returns how many declarations were acknowledged.
 */
export async function surviveKills(kills: number): Promise<number> {
  const stage = await startKillStage();
  try {
    await stage.startOps(0);
    const writers = startWriters(stage, 4);
    for (let at = 0; at < kills; at++) {
      await new Promise((resolve) => setTimeout(resolve, randomInt(700)));
      await killOne(stage, at);
    }
    const acknowledged = await writers.stop();
    await allPublished(stage);
    await stage.stopOps();
    await assertWhole(stage, acknowledged);
    return acknowledged.length;
  } finally {
    await stage.close();
  }
}

async function killOne(stage: KillStage, at: number): Promise<void> {
  if (at % 3 === 0) await stage.killServer();
  else if (at % 3 === 1) await stage.killBackend();
  else {
    await stage.killOps();
    await stage.startOps(randomInt(-day_ms, day_ms));
  }
}

/** As clinics do: who gets no answer asks again, under the same id. */
function startWriters(stage: KillStage, count: number): { stop(): Promise<Acknowledged[]> } {
  const transport = httpTransport(stage.ops_address, { timeout_ms: 5_000 });
  const client = createClient(contract, transport, { caller: 'il', secret: 'secret' });
  const acknowledged: Acknowledged[] = [];
  let stopping = false;

  async function write(): Promise<void> {
    const id = randomUUID();
    const input = { params: { id }, body: someDeclaration() };
    for (;;)
      try {
        const { promise } = await client.putDeclaration(input, { request_id: id });
        acknowledged.push({ id, promise });
        return;
      } catch (error) {
        if (!(error instanceof Problem) || error.status < 500) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
  }

  const running = Promise.all(
    Array.from({ length: count }, async () => {
      while (!stopping) await write();
    }),
  );
  return {
    stop: async () => {
      stopping = true;
      await running;
      return acknowledged;
    },
  };
}

async function allPublished({ database_url }: KillStage): Promise<void> {
  await withClient(database_url, async (client) => {
    for (let attempt = 0; attempt < 600; attempt++) {
      const { rows } = await client.query<{ open: boolean }>(`select exists (select from ops.pending_leaves)
        or coalesce((select max(size) from ops.log_checkpoints), 0) < (select count(*) from ops.log_entries) as open`);
      if (!rows[0]!.open) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('The log did not come to rest within a minute.');
  });
}

async function assertWhole(stage: KillStage, acknowledged: readonly Acknowledged[]): Promise<void> {
  const { log_folder } = stage;
  const policy = parsePolicy(await readFile(join(log_folder, 'policy')));
  const tiles = createFileTileStore(join(log_folder, 'public'));
  const checkpoint = await readFile(join(log_folder, 'checkpoints', `${published_name}.checkpoint`));
  const { size } = (await verifyLog({ tiles, checkpoint }, policy)).checkpoint;
  await assertPlacedOnce(stage, acknowledged, Number(size));
  const keys = [parseVerifierKey((await readFile(join(log_folder, 'promise-key'), 'utf8')).trim())];
  const kept = [acknowledged.map(({ id, promise }) => ({ record_id: id, version: 1, note: promise }))];
  const now = new Date(Date.now() + 3 * day_ms);
  const report = await audited(stage, {
    policy,
    tiles,
    readCheckpoint: async () => checkpoint,
    promises: { keys, kept: pagesOf(kept) },
    now,
  });
  assert.deepEqual(report.findings, []);
  assert.deepEqual(
    [report.leaves, report.versions, report.promises],
    [Number(size), Number(size), acknowledged.length],
  );
}

async function* pagesOf<Row>(pages: readonly Row[]) {
  yield* pages;
}

/** Every acknowledged declaration has one leaf; all leaves together have the places 0 … size − 1. */
async function assertPlacedOnce(
  { database_url }: KillStage,
  acknowledged: readonly Acknowledged[],
  size: number,
): Promise<void> {
  await withClient(database_url, async (client) => {
    const { rows } = await client.query<{ leaf_index: number; record_id: string }>(
      'select leaf_index::int, record_id from ops.log_entries order by leaf_index',
    );
    assert.deepEqual(
      rows.map((row) => row.leaf_index),
      Array.from({ length: size }, (_, index) => index),
    );
    const placed = rows.map((row) => row.record_id);
    assert.equal(new Set(placed).size, placed.length, 'a declaration has two leaves');
    const missing = new Set(acknowledged.map(({ id }) => id)).difference(new Set(placed));
    assert.deepEqual([...missing], [], 'acknowledged and lost');
  });
}

type Given = Pick<Parameters<typeof runAudit>[0], 'policy' | 'tiles' | 'readCheckpoint' | 'promises' | 'now'>;

async function audited(stage: KillStage, given: Given) {
  const common = { application_name: 'auditor' };
  const reader = openDatabase<Tables>({ ...common, url: stage.database_url, role: 'zdravo_ops_auditor' });
  const keys = openDatabase({ ...common, url: stage.keys_database_url, role: 'zdravo_keys_auditor' });
  const provider = await createFileKeyProvider(stage.key_file);
  try {
    const store = createKeyStore(keys.pool, provider, { module: 'ops', purpose: 'seed' });
    return await runAudit({ ...given, db: reader.db, keys: store, state: {}, full: true });
  } finally {
    await Promise.all([reader.close(), keys.close()]);
  }
}

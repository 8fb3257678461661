import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  appendLeaves,
  EMPTY_BUNDLE_EDGE,
  EMPTY_FRONTIER,
  EMPTY_TILE_EDGE,
  frontierRoot,
  gatherCosignatures,
  hashLeaf,
  makeConsistencyProof,
  signCheckpoint,
  writeBundles,
  writeTiles,
} from '@zdravo/tlog';
import { LogRefusal } from '../log/refusals.ts';
import { published_name, signed_name } from '../log/transparency-log.ts';
import type { ContainerSource } from './containers.ts';
import { attack, rewriteSuffix } from './testing-attacks.ts';
import { type AuditedOps, startAuditedOps } from './testing-audit.ts';

// What a superuser with every password can do to the log, some of it with the log's private key.

attack('the restore of an old backup, in which the last records never were,', ['entry_missing'], async (audited) => {
  const { superuser, ops } = audited;
  const restore = await backUp(superuser);
  await audited.store(3);
  await ops.ops.sequencer.drain();
  await restore();
  await audited.store(1);
  await assert.rejects(
    ops.ops.sequencer.drain(),
    (error) => error instanceof LogRefusal && error.code === 'database_behind',
  );
  return undefined;
});

/** Copies all tables. @returns a function that puts everything back as it was. */
async function backUp(superuser: AuditedOps['superuser']): Promise<() => Promise<void>> {
  const { rows } = await superuser.query<{ name: string }>(
    "select relname as name from pg_class where relnamespace = 'ops'::regnamespace and relkind = 'r' and not relispartition",
  );
  for (const { name } of rows) await superuser.query(`create temporary table backup_${name} as table ops.${name}`);
  return async () => {
    await superuser.query("set session_replication_role = 'replica'");
    for (const { name } of rows)
      await superuser.query(
        `delete from ops.${name}; insert into ops.${name} overriding system value table backup_${name}`,
      );
    await superuser.query("set session_replication_role = 'origin'");
  };
}

attack(
  'a leaf beyond all that were placed, for a record that was inserted past the log,',
  ['entry_unpublished'],
  async ({ superuser, declarations }) => {
    await superuser.query(
      `insert into ops.log_entries (leaf_index, entry, kind, record_id, version)
       select 1000000, entry, kind, gen_random_uuid(), version from ops.log_entries where record_id = $1 and version = 1`,
      [declarations[3]!.id],
    );
    return undefined;
  },
);

attack('leaves that were placed and are kept back', ['entry_unpublished'], async ({ superuser }) => {
  await superuser.query(
    `insert into ops.log_heads (size, root, at) select size + 1, root, now() - interval '2 minutes' from ops.log_heads order by size desc limit 1`,
  );
  return undefined;
});

test('what is placed and published while the audit runs is for the next one', async () => {
  const audited = await startAuditedOps();
  try {
    const meanwhile = async () => {
      await audited.store(2);
      await audited.ops.ops.sequencer.drain();
    };
    assert.deepEqual((await audited.audit({ meanwhile })).findings, []);
    assert.deepEqual((await audited.audit({ full: false })).findings, []);
  } finally {
    await audited.close();
  }
});

attack('the rewriting of a whole suffix with all hashes', ['entry_differs', 'record_altered'], async (audited) => {
  await rewriteSuffix(audited, 4);
  await audited.store(1);
  await assert.rejects(
    audited.ops.ops.sequencer.drain(),
    (error) => error instanceof LogRefusal && error.code === 'database_forked',
  );
  return undefined;
});

test('a tree signed anew with the stolen key is refused by every witness, and without a quorum by the audit', async () => {
  const audited = await startAuditedOps();
  try {
    await audited.audit();
    const { transparency_log, signer } = audited.log;
    const forged = await rewriteSuffix(audited, 4);
    const frontier = appendLeaves(EMPTY_FRONTIER, forged.map(hashLeaf));
    const size = BigInt(forged.length);
    const checkpoint = await signCheckpoint({
      checkpoint: { origin: signer.key.name, size, root: frontierRoot(frontier), extensions: [] },
      signers: [signer],
      timestamp: BigInt(Math.floor(Date.now() / 1000)),
    });
    const source = { readHashes: async () => [] };
    const result = await gatherCosignatures({
      checkpoint,
      policy: transparency_log.policy,
      known_sizes: new Map(transparency_log.policy.witnesses.map(({ name }) => [name, size])),
      prove: (old_size) => makeConsistencyProof(source, { old_size, size }),
      timeout_ms: 2_000,
    });
    const all = await result.complete;
    assert.equal(result.quorum_met, false);
    assert.deepEqual(
      [...all.outcomes.values()].map(({ outcome }) => outcome),
      ['refused', 'refused', 'refused'],
    );
    const { checkpoints } = transparency_log;
    await checkpoints.compareAndSwap(published_name, await checkpoints.get(published_name), checkpoint);
    const report = await audited.audit();
    assert.ok(report.findings.some(({ code }) => code === 'checkpoint_refused'));
  } finally {
    await audited.close();
  }
});

test('two checkpoints of one size, also with a corrupted quorum, are found by whoever held the first', async () => {
  const audited = await startAuditedOps();
  try {
    await audited.audit();
    const { transparency_log, signer, witnesses } = audited.log;
    const forged = await rewriteSuffix(audited, 4);
    for (const path of (transparency_log.tiles as unknown as { paths(): string[] }).paths())
      await transparency_log.tiles.remove(path);
    await writeTiles(transparency_log.tiles, { edge: EMPTY_TILE_EDGE, leaf_hashes: forged.map(hashLeaf) });
    await writeBundles(transparency_log.tiles, { edge: EMPTY_BUNDLE_EDGE, entries: forged });
    const root = frontierRoot(appendLeaves(EMPTY_FRONTIER, forged.map(hashLeaf)));
    const checkpoint = await signCheckpoint({
      checkpoint: { origin: signer.key.name, size: BigInt(forged.length), root, extensions: [] },
      signers: [signer, ...witnesses.flatMap(({ witness }) => [...witness.signers])],
      timestamp: BigInt(Math.floor(Date.now() / 1000)),
    });
    const { checkpoints } = transparency_log;
    for (const name of [published_name, signed_name])
      await checkpoints.compareAndSwap(name, await checkpoints.get(name), checkpoint);
    const full = await audited.audit();
    assert.ok(
      full.findings.some(({ code }) => code === 'log_rewritten'),
      JSON.stringify(full.findings),
    );
    const incremental = await audited.audit({ full: false });
    assert.ok(incremental.findings.some(({ code }) => code === 'log_rewritten'));
  } finally {
    await audited.close();
  }
});

test('the end of the log that was cut off is found by whoever held it', async () => {
  const audited = await startAuditedOps();
  try {
    const { checkpoints } = audited.log.transparency_log;
    const old = (await checkpoints.get(published_name))!;
    await audited.store(2);
    await audited.ops.ops.sequencer.drain();
    await audited.audit();
    await checkpoints.compareAndSwap(published_name, await checkpoints.get(published_name), old);
    const report = await audited.audit({ full: false });
    assert.ok(report.findings.some(({ code }) => code === 'log_shrank'));
  } finally {
    await audited.close();
  }
});

test('a look at what is new does not hide what a full audit found, nor move the time since when', async () => {
  const audited = await startAuditedOps();
  try {
    const first = await audited.audit();
    const { id } = audited.declarations[3]!;
    await audited.superuser.query("update ops.declaration_heads set status = 'closed' where id = $1", [id]);
    await audited.store(1);
    await audited.ops.ops.sequencer.drain();
    const look = await audited.audit({ full: false });
    assert.deepEqual([look.findings, look.leaves, look.state.whole_at], [[], 1, first.state.whole_at]);
    const full = await audited.audit();
    assert.match(full.findings[0]!.message, new RegExp(`status closed where .* active.*${first.state.whole_at}`));
    const later = await audited.audit({ full: false });
    assert.deepEqual([later.findings, later.state.open?.findings], [[], 1]);
    await audited.superuser.query("update ops.declaration_heads set status = 'active' where id = $1", [id]);
    assert.equal((await audited.audit()).state.open, undefined);
  } finally {
    await audited.close();
  }
});

test('a run that did not read the containers is no whole audit, and the next one that reads them reads those too', async () => {
  const audited = await startAuditedOps();
  try {
    const first = await audited.audit();
    for (const full of [true, false]) {
      await audited.store(1);
      await audited.ops.ops.sequencer.drain();
      const { findings, state } = await audited.audit({ full, containers: 'not read' });
      assert.deepEqual(findings, []);
      assert.equal(state.whole_at, first.state.whole_at);
      assert.equal(state.containers_unread_from, first.leaves);
    }
    const read: string[] = [];
    const containers: ContainerSource = {
      sample_of: 1,
      read: async (id) => {
        read.push(id);
        return { state: 'missing' };
      },
    };
    const passed = audited.declarations.slice(-2).map(({ id }) => id);
    const look = await audited.audit({ full: false, containers });
    assert.deepEqual([read.sort(), look.finding_count], [passed.sort(), 2]);
    assert.match(look.findings[0]!.message, new RegExp(`not in storage.*${first.state.whole_at}`));
    assert.equal((await audited.audit()).state.containers_unread_from, undefined);
  } finally {
    await audited.close();
  }
});

test('what a full audit found stays open until a full one that reads the containers finds nothing', async () => {
  const audited = await startAuditedOps();
  try {
    const missing: ContainerSource = { sample_of: 1, read: async () => ({ state: 'missing' }) };
    assert.equal((await audited.audit({ containers: missing })).state.open?.findings, audited.declarations.length);
    const passed_by = await audited.audit({ containers: 'not read' });
    assert.deepEqual([passed_by.findings, passed_by.state.open?.findings], [[], audited.declarations.length]);
    assert.equal((await audited.audit()).state.open, undefined);
  } finally {
    await audited.close();
  }
});

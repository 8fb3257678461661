import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import {
  appendLeaves,
  EMPTY_BUNDLE_EDGE,
  EMPTY_FRONTIER,
  EMPTY_TILE_EDGE,
  encodeFrontier,
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
import type { FindingCode } from './findings.ts';
import { type AuditedOps, startAuditedOps } from './testing-audit.ts';

// Everything that a superuser with every password can do to the database, some of it with the log's private key.

type Attack = (audited: AuditedOps) => Promise<{ id?: string; promises?: readonly string[] } | undefined>;

/** Attacks the database after a whole audit, and expects the audit to say `codes` and to name the record. */
function attack(name: string, codes: readonly FindingCode[], work: Attack): void {
  test(`${name} is found`, async () => {
    const audited = await startAuditedOps();
    try {
      assert.deepEqual((await audited.audit()).findings, []);
      const { id, promises } = (await work(audited)) ?? {};
      const report = await audited.audit(promises ? { promises, now: new Date(Date.now() + 3_600_000_000) } : {});
      assert.deepEqual(
        new Set(report.findings.map(({ code }) => code)),
        new Set(codes),
        JSON.stringify(report.findings),
      );
      if (id) assert.ok(report.findings.some((finding) => finding.record?.id === id && finding.message.includes(id)));
      assert.ok(
        report.findings.every(({ message }) => !/undefined|null/.test(message)),
        JSON.stringify(report.findings),
      );
    } finally {
      await audited.close();
    }
  });
}

const edited = `update ops.declaration_versions set body = convert_to(replace(convert_from(body, 'UTF8'), $2, $3), 'UTF8')
  where declaration_id = $1 and version = 1`;

attack('a changed body', ['record_altered'], async ({ superuser, declarations }) => {
  const { id } = declarations[3]!;
  await superuser.query(edited, [id, '"overlimit":false', '"overlimit":true']);
  return { id };
});

attack(
  'a changed body with its head and its leaf hash recomputed',
  ['record_altered'],
  async ({ superuser, declarations }) => {
    const { id } = declarations[3]!;
    const legal_entity_id = randomUUID();
    await superuser.query(
      `update ops.declaration_versions v set body = convert_to(replace(convert_from(v.body, 'UTF8'), h.legal_entity_id::text, $2), 'UTF8')
     from ops.declaration_heads h where h.id = v.declaration_id and h.id = $1`,
      [id, legal_entity_id],
    );
    await superuser.query('update ops.declaration_heads set legal_entity_id = $2 where id = $1', [id, legal_entity_id]);
    return { id };
  },
);

attack('a changed status in the present state', ['head_differs'], async ({ superuser, declarations }) => {
  const { id } = declarations[0]!;
  await superuser.query("update ops.declaration_heads set status = 'active' where id = $1", [id]);
  return { id };
});

attack(
  'a changed status everywhere but inside the record',
  ['record_misplaced'],
  async ({ superuser, declarations }) => {
    const { id } = declarations[4]!;
    for (const table of ['versions', 'status_history'])
      await superuser.query(`update ops.declaration_${table} set status = 'closed' where declaration_id = $1`, [id]);
    await superuser.query("update ops.declaration_heads set status = 'closed' where id = $1", [id]);
    return { id };
  },
);

async function removeRow({ superuser }: AuditedOps, id: string): Promise<void> {
  await superuser.query('delete from ops.declaration_heads where id = $1', [id]);
  for (const table of ['versions', 'status_history'])
    await superuser.query(`delete from ops.declaration_${table} where declaration_id = $1`, [id]);
}

attack('a deleted row', ['record_missing'], async (audited) => {
  const { id } = audited.declarations[5]!;
  await removeRow(audited, id);
  return { id };
});

attack('a row deleted with its leaf', ['entry_missing'], async (audited) => {
  const { id } = audited.declarations[5]!;
  await removeRow(audited, id);
  await audited.superuser.query('delete from ops.log_entries where record_id = $1', [id]);
  return undefined;
});

attack('a row deleted with its waiting leaf, shown by the promise,', ['promise_broken'], async (audited) => {
  await audited.store(1);
  const { id, promise } = audited.declarations.at(-1)!;
  await removeRow(audited, id);
  await audited.superuser.query('delete from ops.pending_leaves where record_id = $1', [id]);
  await audited.ops.ops.sequencer.drain();
  return { promises: [promise, audited.declarations[0]!.promise] };
});

test('promises that the platform kept are held against the published log, whatever the database says', async () => {
  const audited = await startAuditedOps(7);
  try {
    const later = { with_kept: true, now: new Date(Date.now() + 3_600_000_000) };
    const whole = await audited.audit(later);
    assert.deepEqual([whole.findings, whole.promises], [[], 7]);
    await audited.store(1);
    const { id } = audited.declarations.at(-1)!;
    await removeRow(audited, id);
    await audited.superuser.query('delete from ops.pending_leaves where record_id = $1', [id]);
    await audited.superuser.query('update ops.log_entries set record_id = gen_random_uuid() where record_id = $1', [
      audited.declarations[2]!.id,
    ]);
    await audited.ops.ops.sequencer.drain();
    const report = await audited.audit(later);
    const broken = report.findings.filter(({ code }) => code === 'promise_broken');
    assert.deepEqual(
      broken.map(({ record }) => record),
      [{ kind: 'declaration', id, version: 1 }],
    );
    assert.match(broken[0]!.message, /leaf hash [0-9a-f]{64}, stored at .*Z, promised to be there by .*Z\.$/);
  } finally {
    await audited.close();
  }
});

attack('an inserted and back-dated row', ['record_unlogged'], async ({ superuser, declarations }) => {
  const id = randomUUID();
  const copied = `select $2::text::uuid, 1, 'create', 'active', convert_to(replace(convert_from(body, 'UTF8'), $1::text, $2::text), 'UTF8'),
    sealed_seed, leaf_hash, recorded_at - interval '1 year' from ops.declaration_versions where declaration_id = $1::text::uuid and version = 1`;
  await superuser.query(`insert into ops.declaration_versions ${copied}`, [declarations[6]!.id, id]);
  await superuser.query(
    `insert into ops.declaration_status_history select declaration_id, version, status, recorded_at from ops.declaration_versions where declaration_id = $1`,
    [id],
  );
  await superuser.query(
    `insert into ops.declaration_heads select $2, version, status, gen_random_uuid(), pseudonym, legal_entity_id, division_id, employee_id,
       gen_random_uuid(), signed_content_sha256, start_date, end_date from ops.declaration_heads where id = $1`,
    [declarations[6]!.id, id],
  );
  const { rows } = await superuser.query(
    'select person_id, declaration_request_id from ops.declaration_heads where id = $1',
    [id],
  );
  await superuser.query(
    `update ops.declaration_versions set body = convert_to((convert_from(body, 'UTF8')::jsonb || $2)::text, 'UTF8') where declaration_id = $1`,
    [id, JSON.stringify(rows[0])],
  );
  return { id };
});

attack(
  'the re-linking of two records to each other’s person',
  ['record_altered'],
  async ({ superuser, declarations }) => {
    const [one, two] = [declarations[7]!.id, declarations[8]!.id];
    const { rows } = await superuser.query<{ id: string; person_id: string }>(
      'select id, person_id from ops.declaration_heads where id in ($1, $2)',
      [one, two],
    );
    const personOf = (id: string) => rows.find((row) => row.id === id)!.person_id;
    await superuser.query("update ops.declaration_heads set status = 'closed' where id in ($1, $2)", [one, two]);
    for (const [id, from, to] of [
      [one, personOf(one), personOf(two)],
      [two, personOf(two), personOf(one)],
    ]) {
      await superuser.query(edited, [id, from, to]);
      await superuser.query('update ops.declaration_heads set person_id = $2 where id = $1', [id, to]);
    }
    await superuser.query("update ops.declaration_heads set status = 'active' where id in ($1, $2)", [one, two]);
    return { id: one! };
  },
);

attack(
  'the restore of an old backup',
  ['entry_missing', 'entry_unpublished', 'record_unlogged'],
  async ({ superuser }) => {
    await superuser.query('delete from ops.log_entries where leaf_index >= 8');
    await superuser.query('insert into ops.log_checkpoints (size, root, note) values (999, $1, $1)', [
      Buffer.alloc(32),
    ]);
    return undefined;
  },
);

/** Rewrites all records' leaves from `first` on in the database, the frontier and the heads, as the sequencer would. */
async function rewriteSuffix({ superuser }: AuditedOps, first: number): Promise<Buffer[]> {
  const { rows } = await superuser.query<{ leaf_index: string; entry: Buffer }>(
    'select leaf_index, entry from ops.log_entries order by leaf_index',
  );
  const forged = rows.map((row, at) =>
    at < first ? row.entry : Buffer.from(row.entry.toString().replace('"c":"', '"c":"A')),
  );
  for (const [at, row] of rows.entries())
    await superuser.query('update ops.log_entries set entry = $2 where leaf_index = $1', [row.leaf_index, forged[at]]);
  const frontier = appendLeaves(EMPTY_FRONTIER, forged.map(hashLeaf));
  await superuser.query('update ops.log_state set frontier = $1', [Buffer.from(encodeFrontier(frontier))]);
  await superuser.query('update ops.log_heads set root = $2 where size = $1', [
    forged.length,
    Buffer.from(frontierRoot(frontier)),
  ]);
  for (const [at, entry] of forged.entries())
    if (at >= first)
      await superuser.query(
        'update ops.declaration_versions v set leaf_hash = $2 from ops.log_entries e where e.leaf_index = $1 and v.declaration_id = e.record_id and v.version = e.version',
        [at, Buffer.from(hashLeaf(entry))],
      );
  return forged;
}

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

test('a swapped, a lost and a badly signed container are found, and every one is verified over the runs', async () => {
  const audited = await startAuditedOps(6);
  try {
    const [swapped, lost] = audited.declarations.map(({ id }) => id);
    const verified = new Set<string>();
    const containers = {
      read: async (id: string) =>
        id === lost
          ? ({ state: 'missing' } as const)
          : ({ state: 'stored', sha256: (id === swapped ? 'b' : 'a').repeat(64), container: Buffer.from(id) } as const),
      verify: async (container: Uint8Array) => {
        verified.add(Buffer.from(container).toString());
        return Buffer.from(container).toString() === audited.declarations[2]!.id ? 'signature_invalid' : undefined;
      },
      sample_of: 3,
    };
    const codes = new Set<string>();
    for (let hour = 0; hour < 3; hour++) {
      const report = await audited.audit({ containers, now: new Date(hour * 3_600_000) });
      for (const { code, record } of report.findings) codes.add(`${code} ${record?.id}`);
    }
    assert.deepEqual(
      codes,
      new Set([
        `container_differs ${swapped}`,
        `container_missing ${lost}`,
        `container_refused ${audited.declarations[2]!.id}`,
      ]),
    );
    assert.equal(verified.size, 4);
  } finally {
    await audited.close();
  }
});

test('an audit after late commits, a jumping clock and new versions is whole, and an incremental one reads only what is new', async () => {
  const audited = await startAuditedOps();
  try {
    const whole = await audited.audit();
    assert.equal(whole.leaves, 13);
    await audited.superuser.query('begin');
    await audited.superuser.query('lock table ops.termination_orders');
    audited.ops.clock.advance(-86_400_000);
    await audited.store(2);
    audited.ops.clock.advance(172_800_000);
    await audited.store(1);
    await audited.superuser.query('commit');
    await audited.ops.ops.sequencer.drain();
    const next = await audited.audit({ full: false, promises: audited.declarations.map(({ promise }) => promise) });
    assert.deepEqual([next.findings, next.leaves, next.versions], [[], 3, 3]);
  } finally {
    await audited.close();
  }
});

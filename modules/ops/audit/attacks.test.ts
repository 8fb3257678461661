import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { attack, removeRow } from './testing-attacks.ts';
import { startAuditedOps } from './testing-audit.ts';

// Everything that a superuser with every password can do to the records in the database. attacks-on-the-log.test.ts has the
// rest, some of it with the log's private key.

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

attack('a body overwritten with bytes that are no text', ['record_altered'], async ({ superuser, declarations }) => {
  const { id } = declarations[3]!;
  await superuser.query("update ops.declaration_versions set body = '\\xff00fe7b' where declaration_id = $1", [id]);
  return { id };
});

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

// Whoever has the keys as well writes through the front door in effect: then there is no signed container.
attack('fifty dead souls, inserted with leaves of their own making,', ['key_lost'], async (audited) => {
  const { superuser, declarations, ops } = audited;
  await superuser.query(
    `with soul as materialized (
       select gen_random_uuid() as id, gen_random_uuid() as person_id, gen_random_uuid() as request_id, model.*, leaf.entry as model_entry
       from generate_series(1, 50), ops.declaration_versions model
       join ops.log_entries leaf on leaf.record_id = model.declaration_id and leaf.version = 1
       where model.declaration_id = $1 and model.version = 1
     ), made as materialized (
       select *, convert_to((convert_from(body, 'UTF8')::jsonb || jsonb_build_object('id', id, 'person_id', person_id,
           'declaration_request_id', request_id))::text, 'UTF8') as new_body,
         convert_to(regexp_replace(convert_from(model_entry, 'UTF8'), '"c":"[^"]{8}', '"c":"' || left(encode(sha256(id::text::bytea), 'hex'), 8)), 'UTF8') as new_entry
       from soul
     ), version as (
       insert into ops.declaration_versions
       select id, 1, 'create', 'active', new_body, sealed_seed, sha256('\\x00'::bytea || new_entry), recorded_at from made
     ), history as (
       insert into ops.declaration_status_history select id, 1, 'active', recorded_at from made
     ), leaf as (
       insert into ops.pending_leaves (record_id, version, entry) select id, 1, new_entry from made
     )
     insert into ops.declaration_heads select made.id, 1, 'active', made.person_id, head.pseudonym, head.legal_entity_id, head.division_id,
       head.employee_id, request_id, head.signed_content_sha256, head.start_date, head.end_date
     from made join ops.declaration_heads head on head.id = $1`,
    [declarations[6]!.id],
  );
  await ops.ops.sequencer.drain();
  return undefined;
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

test('an audit after a jumping clock and new versions is whole, and an incremental one reads only what is new', async () => {
  const audited = await startAuditedOps();
  try {
    const whole = await audited.audit();
    assert.equal(whole.leaves, 13);
    audited.ops.clock.advance(-86_400_000);
    await audited.store(2);
    audited.ops.clock.advance(172_800_000);
    await audited.store(1);
    await audited.ops.ops.sequencer.drain();
    const next = await audited.audit({ full: false, promises: audited.declarations.map(({ promise }) => promise) });
    assert.deepEqual([next.findings, next.leaves, next.versions], [[], 3, 3]);
  } finally {
    await audited.close();
  }
});

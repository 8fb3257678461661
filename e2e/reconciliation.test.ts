import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, registerClinic, signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import type { Finding, ReconciliationReport } from '@zdravo/il';
import { settableClock } from '@zdravo/kit/clock';
import { type RestorableStage, startRestorableStage } from './restored-stage.ts';

// One database is brought back to an earlier point, the others are not; reconciliation makes them fit each other again.

const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');
const country = generateCountry({ seed: 'restored', persons: 8 * 4096 });
const people = [...country.persons(0, 900)]
  .map((one) => one.person)
  .filter((person) => person.birth_date < '2000-01-01' && person.authentication_methods[0]?.type === 'OTP');

let theatre: RestorableStage;
/** Clinics that only register; the first of the country do more. */
let registered = 4;
let clinic: Clinic;
let left_first: Clinic;
let left_second: Clinic;
const stage = () => theatre.stage;

before(async () => {
  theatre = await startRestorableStage(clock);
  const vendor = await signInVendor(stage());
  clinic = await foundClinic(stage(), vendor, country.clinic(0), 'FAMILY_DOCTOR');
  left_first = await foundClinic(stage(), vendor, country.clinic(1), 'FAMILY_DOCTOR');
  left_second = await foundClinic(stage(), vendor, country.clinic(2), 'FAMILY_DOCTOR');
});
after(() => theatre?.close());

async function declared(person: DeclarationPerson, where = clinic): Promise<string> {
  const answer = await declare(stage(), where, person);
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body.data.id;
}

function dismiss({ doctor, owner }: Clinic): Promise<unknown> {
  return stage().api.expect('PATCH', `/api/employees/${doctor.employee_id}/actions/deactivate`, {
    token: owner.token,
    api_key: stage().sign_ins.mis.client_secret,
    body: {},
  });
}

/** Lets the modules hear of each other. */
async function hear(): Promise<void> {
  for (const job of ['carry_out_dismissals', 'work_off_termination_orders']) await stage().platform.runJob(job);
  const unheard = async () => {
    const [heard] = await stage().query('platform', "select position from il.event_cursors where feed = 'ops'");
    const [told] = await stage().query(
      'ops',
      "select transaction_id || '/' || position as position from ops.outbox order by transaction_id desc, position desc limit 1",
    );
    return heard?.['position'] !== told?.['position'];
  };
  for (let attempt = 0; (await unheard()) && attempt < 300; attempt++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(await unheard(), false, 'events are heard');
}

/** What has happened becomes older than the time that processes are given, and containers are upgraded. */
async function settle(): Promise<void> {
  await hear();
  clock.advance(15 * 60_000);
  await stage().platform.runJob('upgrade_signed_containers');
}

/** What must be the same again. */
async function everything() {
  const { query } = stage();
  const [declarations, requests, slots, persons, containers, upgrades, documents] = await Promise.all([
    query(
      'ops',
      'select id, status, person_id, pseudonym, declaration_request_id from ops.declaration_heads order by id',
    ),
    query(
      'platform',
      "select id, status, declaration_id, container_sha256, content_hmac, sealed_data from il.declaration_requests where status = 'SIGNED' order by id",
    ),
    query('platform', 'select declaration_id, party_id, phone_hmac from il.declaration_slots order by declaration_id'),
    query('mpi', 'select person.id, pseudonym, status from mpi.persons person order by person.id'),
    query(
      'platform',
      "select resource_id, form, sha256, person_id from mcs.objects where resource_type = 'declaration' order by resource_id, form",
    ),
    query(
      'ops',
      `select upgrade.declaration_id, upgrade.person_id, convert_from(body, 'UTF8')::jsonb - 'recorded_at' as body, count(leaf.entry)::int as leaves
       from ops.container_upgrades upgrade
       left join ops.log_entries leaf on leaf.kind = 'container' and leaf.record_id = upgrade.declaration_id
       group by upgrade.declaration_id, upgrade.person_id, upgrade.body order by 1`,
    ),
    query(
      'ops',
      "select id, version, type, convert_from(body, 'UTF8')::jsonb - 'recorded_at' as body from ops.signed_documents order by 1, 2",
    ),
  ]);
  assert.equal(upgrades.length, declarations.length, 'every declaration has its upgraded container');
  return { declarations, requests, slots, persons, containers, upgrades, documents };
}

/** Leaves are placed by the sequencer, a moment later. */
async function everythingPlaced() {
  const waiting = () => stage().query('ops', 'select 1 from ops.pending_leaves');
  for (let attempt = 0; (await waiting()).length > 0 && attempt < 300; attempt++)
    await new Promise((resolve) => setTimeout(resolve, 100));
  return everything();
}

async function personOf(declaration_id: string) {
  const context = { request_id: 'test', purpose: 'test' };
  const { person_id } = await stage().platform.ops.getDeclaration({ params: { id: declaration_id } }, context);
  return (await stage().platform.mpi.getPerson({ params: { id: person_id } }, context)).person;
}

async function reconciled(): Promise<Record<string, { repaired: number; open: number }>> {
  const findings = await findingsNow();
  return Object.fromEntries(findings.map(({ kind, repaired, open }) => [kind, { repaired, open }]));
}

async function findingsNow(): Promise<Finding[]> {
  await stage().platform.runJob('reconcile');
  const [row] = await stage().query(
    'platform',
    'select report from il.reconciliations where finished_at is not null order by requested_at desc limit 1',
  );
  return (row!['report'] as ReconciliationReport).findings;
}

/** A day at the platform: a new patient, one who signs again with other data, one whom the payer parts, a doctor who leaves. */
async function liveOn(leaving?: Clinic): Promise<{ again: string }> {
  const [stays, parts] = [people.shift()!, people.shift()!];
  await declared(stays);
  const parted = await declared(parts);
  if (leaving) await declared(people.shift()!, leaving);
  // The snapshot has these declarations, but not their upgraded containers, which come ten minutes later.
  await hear();
  await theatre.snapshot();

  await declared(people.shift()!);
  const again = await declared({ ...stays, birth_settlement: `${stays.birth_settlement} нова` });
  const officer = await signInOfficer(stage());
  const { person_id } = await stage().platform.ops.getDeclaration({ params: { id: parted } }, { request_id: 'test' });
  await stage().api.expect('PATCH', '/api/declarations/terminate', {
    token: officer,
    body: { person_id, reason_description: 'за заявою' },
  });
  if (leaving) await dismiss(leaving);
  await registerClinic(stage(), await signInVendor(stage()), country.clinic(registered++));
  await settle();
  return { again };
}

test('nothing is found where nothing is wrong', async () => {
  await declared(people.shift()!);
  await settle();
  assert.deepEqual(await reconciled(), {});
});

test('Operations restored: signed requests become declarations again, ends end again', async () => {
  const { again } = await liveOn(left_first);
  const expected = await everythingPlaced();
  await theatre.restore('ops');
  clock.advance(15 * 60_000);
  const found = await reconciled();
  assert.deepEqual(found['declaration_missing'], { repaired: 2, open: 0 }, JSON.stringify(found));
  assert.deepEqual(found['end_missing'], { repaired: 2, open: 0 }, JSON.stringify(found));
  assert.deepEqual(found['upgrade_unlogged'], { repaired: 3, open: 0 }, JSON.stringify(found));
  assert.deepEqual(found['document_unlogged'], { repaired: 1, open: 0 }, JSON.stringify(found));
  await settle();
  assert.deepEqual(await everythingPlaced(), expected);
  assert.equal((await personOf(again)).birth_settlement.endsWith('нова'), true);
  assert.deepEqual(await reconciled(), {});
});

test('the patient index restored: persons come back from the containers, under the same id and pseudonym', async () => {
  const { again } = await liveOn();
  const expected = await everythingPlaced();
  await theatre.restore('mpi');
  clock.advance(15 * 60_000);
  const found = await reconciled();
  assert.deepEqual(found, {
    person_missing: { repaired: 1, open: 0 },
    person_outdated: { repaired: 1, open: 0 },
  });
  await settle();
  assert.deepEqual(await everythingPlaced(), expected);
  assert.equal((await personOf(again)).birth_settlement.endsWith('нова'), true);
  assert.deepEqual(await reconciled(), {});
});

test('the platform restored: requests, slots and containers are known again; a lost dismissal is told to people', async () => {
  const { again } = await liveOn(left_second);
  const expected = await everythingPlaced();
  await theatre.restore('platform');
  clock.advance(15 * 60_000);
  const found = await reconciled();
  assert.deepEqual(found['request_missing'], { repaired: 2, open: 0 }, JSON.stringify(found));
  assert.deepEqual(found['container_row_missing'], { repaired: 2, open: 0 });
  assert.deepEqual(found['dismissal_missing'], { repaired: 0, open: 1 });
  await settle();
  assert.deepEqual(await everythingPlaced(), expected);
  assert.equal((await personOf(again)).birth_settlement.endsWith('нова'), true);
  assert.deepEqual(await reconciled(), { dismissal_missing: { repaired: 0, open: 1 } });
});

test('a dismissed doctor’s declaration that lives all the same is ended by a new order', async () => {
  const { ops } = stage().platform;
  const left = await foundClinic(stage(), await signInVendor(stage()), country.clinic(3), 'FAMILY_DOCTOR');
  const { employee_id } = left.doctor;
  await declared(people.shift()!, left);
  await dismiss(left);
  await settle();
  const context = { request_id: 'test' };
  const [ended] = (await ops.listDeclarations({ query: { employee_id } }, context)).declarations;
  const id = randomUUID();
  const evidence = { signed_content_sha256: '0'.repeat(64), documents: [] };
  await ops.putDeclaration(
    {
      params: { id },
      body: { ...ended!, declaration_request_id: randomUUID(), status: 'active', reason: null, evidence },
    },
    context,
  );
  clock.advance(15 * 60_000);
  assert.deepEqual((await reconciled())['employee_dismissed'], { repaired: 1, open: 0 });
  await stage().platform.runJob('work_off_termination_orders');
  assert.equal((await ops.getDeclaration({ params: { id } }, context)).status, 'terminated');
});

test('slots are held against living declarations: a lost one is taken again, one of nothing is freed', async () => {
  const id = await declared(people.shift()!);
  await settle();
  const [before] = await stage().query('platform', 'select * from il.declaration_slots where declaration_id = $1', [
    id,
  ]);
  await stage().query('platform', 'delete from il.declaration_slots where declaration_id = $1', [id]);
  await stage().query(
    'platform',
    `insert into il.declaration_slots (party_id, person_hmac, employee_id, declaration_request_id, declaration_id)
     values ($1, '\\x01', $2, gen_random_uuid(), gen_random_uuid())`,
    [before!['party_id'], before!['employee_id']],
  );
  const found = await reconciled();
  assert.deepEqual(found['slot_missing'], { repaired: 1, open: 0 });
  assert.deepEqual(found['slot_stale'], { repaired: 1, open: 0 });
  const [slot] = await stage().query('platform', 'select * from il.declaration_slots where declaration_id = $1', [id]);
  assert.deepEqual(slot!['phone_hmac'], before!['phone_hmac']);
});

test('what cannot be repaired is told: a container of no declaration, a declaration without its container', async () => {
  const container = Buffer.from('a container that belongs to nothing');
  const orphan = randomUUID();
  const sha256 = createHash('sha256').update(container).digest('hex');
  await stage().platform.mcs.storeSignedContainer({
    resource_type: 'declaration',
    resource_id: orphan,
    container,
    sha256,
  });
  const id = await declared(people.shift()!);
  await settle();
  await stage().query('platform', "delete from mcs.objects where resource_id = $1 and form = 'signed_content'", [id]);
  const { store, settings } = stage().platform.mcs;
  await store.delete({ bucket: settings.clean_bucket, key: `declaration/${id}/signed_content` });
  const findings = await findingsNow();
  const openOf = (kind: string) => findings.find((finding) => finding.kind === kind)?.open_ids ?? [];
  assert.ok(openOf('container_without_declaration').includes(orphan));
  assert.ok(openOf('container_missing').includes(id));
});

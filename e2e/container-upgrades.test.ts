import assert from 'node:assert/strict';
import { hash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import type { Neighbours } from '@zdravo/dev/platform';
import { settableClock } from '@zdravo/kit/clock';
import { type CertificateFiles, createTrustStore, one_signature, sign, verify } from '@zdravo/signature';
import { parsePolicy } from '@zdravo/tlog';
import { verifyRecordFile } from '@zdravo/tlog/verifier';
import { type Failure, failingCalls } from './failing-calls.ts';
import { startStage, type TestStage } from './stage.ts';

// The upgrade of signed containers writes to storage, to the log and to its own queue: each of them fails here twice, failed and
// did not happen, failed but happened. In the end there is one upgraded container, one leaf of it, and the first is untouched.

type Step = 'keepTimeStamps' | 'storeSignedContainer' | 'assignPerson' | 'putContainerUpgrade' | 'settleUpgrade';

let stage: TestStage;
let failure: Failure<Step> | undefined;
let stamps_given = 0;
let stamps_are_down = false;
const hour_ms = 3_600_000;
const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');
const failing = failingCalls<Step>(() => failure);
/** Stands before the platform's own time-stamp authority, counts, and fails when it is told to. */
const stamp_door = createServer((request, response) => {
  if (stamps_are_down) return void response.writeHead(503).end();
  stamps_given += 1;
  void passOn(request, response);
});

async function passOn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const answer = await fetch(`${stage.platform.address}/certificates/time-stamps`, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query' },
    body: Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)),
  });
  response.writeHead(answer.status, { 'content-type': 'application/timestamp-reply' });
  response.end(Buffer.from(await answer.arrayBuffer()));
}

function interpose({ ops, mcs, ...others }: Neighbours): Neighbours {
  return {
    ...others,
    ops: { ...ops, putContainerUpgrade: failing('putContainerUpgrade', ops.putContainerUpgrade) },
    mcs: {
      ...mcs,
      keepTimeStamps: failing('keepTimeStamps', mcs.keepTimeStamps),
      storeSignedContainer: failing('storeSignedContainer', mcs.storeSignedContainer),
      assignPerson: failing('assignPerson', mcs.assignPerson),
      settleUpgrade: failing('settleUpgrade', mcs.settleUpgrade),
    },
  };
}

before(async () => {
  await new Promise<void>((resolve) => stamp_door.listen(0, '127.0.0.1', resolve));
  const { port } = stamp_door.address() as AddressInfo;
  stage = await startStage({
    clock,
    interpose,
    environment: { ZDRAVO_TIME_STAMPS_URL: `http://127.0.0.1:${port}/` },
  });
});
after(async () => {
  await stage?.close();
  stamp_door.close();
});

const context = { request_id: 'e2e-upgrades' };

/** A declaration with its container, as signing leaves them; the patient's key holds both. */
async function signedDeclaration(signer?: CertificateFiles) {
  const { files } = await stage.authority.issueSigner(`doctor-${randomUUID()}`, { common_name: 'Doctor' });
  const container = Buffer.from(sign(Buffer.from('{"declaration":1}'), signer ?? files));
  const id = randomUUID();
  const person_id = randomUUID();
  const resource = { resource_type: 'declaration', resource_id: id };
  const { sha256 } = await stage.platform.mcs.storeSignedContainer({
    ...resource,
    container,
    sha256: hash('sha256', container),
  });
  await stage.platform.ops.putDeclaration({ params: { id }, body: declarationOf(person_id, sha256) }, context);
  await stage.platform.mcs.assignPerson({ resource_ids: [id], person_id });
  return { id, person_id, container, certificate: (signer ?? files).certificate };
}

function declarationOf(person_id: string, signed_content_sha256: string) {
  const ids = ['pseudonym', 'employee_id', 'division_id', 'legal_entity_id', 'declaration_request_id', 'created_by'];
  return {
    ...(Object.fromEntries(ids.map((name) => [name, randomUUID()])) as Record<
      'pseudonym' | 'employee_id' | 'division_id' | 'legal_entity_id' | 'declaration_request_id' | 'created_by',
      string
    >),
    person_id,
    declaration_number: '0000-12H4-245D',
    scope: 'family_doctor',
    start_date: '2026-11-23',
    end_date: '2027-11-22',
    signed_at: clock.now().toISOString(),
    seed: `\\x${'0'.repeat(64)}`,
    overlimit: false,
    status: 'active' as const,
    evidence: { signed_content_sha256, documents: [] },
  };
}

const runUpgrades = () => stage.platform.runJob('upgrade_signed_containers');
const read = (id: string, form: 'signed_content' | 'signed_content.upgraded') =>
  stage.platform.mcs.readSignedContainer({ resource_type: 'declaration', resource_id: id, form });

async function queueOf(id: string) {
  const [row] = await stage.query(
    'platform',
    `select upgrade.level, upgrade.refusal, upgrade.attempts, upgrade.due_at is null as settled, cardinality(upgrade.time_stamps) as time_stamps
     from mcs.container_upgrades upgrade join mcs.objects object on object.id = upgrade.object_id where object.resource_id = $1`,
    [id],
  );
  return row!;
}

async function leavesOf(id: string): Promise<number> {
  const [row] = await stage.query(
    'ops',
    `select (select count(*) from ops.log_entries where kind = 'container' and record_id = $1)::int
      + (select count(*) from ops.pending_leaves where kind = 'container' and record_id = $1)::int as leaves`,
    [id],
  );
  return row!['leaves'] as number;
}

/** What must be true when an upgrade has been carried to its end, whatever happened on the way. */
async function assertUpgraded({ id, container, person_id }: Awaited<ReturnType<typeof signedDeclaration>>) {
  const { level, settled } = await queueOf(id);
  assert.deepEqual({ level, settled }, { level: 'B-LT', settled: true });
  assert.deepEqual((await read(id, 'signed_content')).container, container, 'what was received first is untouched');
  const upgraded = await read(id, 'signed_content.upgraded');
  assert.equal(await leavesOf(id), 1);
  const [logged] = await stage.query('ops', 'select body from ops.container_upgrades where declaration_id = $1', [id]);
  const body = JSON.parse((logged!['body'] as Buffer).toString());
  assert.deepEqual([body.sha256, body.signed_content_sha256], [upgraded.sha256, hash('sha256', container)]);
  const [object] = await stage.query(
    'platform',
    `select key_owner_id from mcs.objects where resource_id = $1 and form = 'signed_content.upgraded'`,
    [id],
  );
  assert.equal(object!['key_owner_id'], person_id, 'whoever forgets the patient forgets it too');
  return upgraded.container;
}

test('a signed container gets its proofs, and holds ten years later, when its certificates have long expired', async () => {
  const one = await signedDeclaration();
  await runUpgrades();
  assert.deepEqual(await queueOf(one.id), { level: null, refusal: null, attempts: 0, settled: false, time_stamps: 0 });
  clock.advance(11 * 60_000);
  await runUpgrades();
  const upgraded = await assertUpgraded(one);
  const trust = createTrustStore({ anchors: [stage.authority.certificate] });
  const at = new Date(Date.now() + 10 * 365 * 24 * hour_ms);
  const policy = { ...one_signature, revocation: 'required' as const, level: 'B-LT' as const };
  assert.equal((await verify(upgraded, policy, trust, { at })).indication, 'TOTAL_PASSED');
  const bare = await verify(one.container, one_signature, trust, { at });
  assert.equal(bare.sub_indication, 'OUT_OF_BOUNDS_NO_POE');
});

const steps: Step[] = [
  'keepTimeStamps',
  'storeSignedContainer',
  'assignPerson',
  'putContainerUpgrade',
  'settleUpgrade',
];
for (const step of steps)
  for (const moment of ['before', 'after'] as const)
    test(`${step} fails ${moment} it happened: the next run ends with one container and one leaf`, async () => {
      const one = await signedDeclaration();
      const given = stamps_given;
      clock.advance(11 * 60_000);
      failure = { step, moment };
      await runUpgrades();
      failure = undefined;
      assert.equal((await queueOf(one.id))['settled'], step === 'settleUpgrade' && moment === 'after');
      clock.advance(5 * 60_000);
      await runUpgrades();
      await assertUpgraded(one);
      const asked = step === 'keepTimeStamps' && moment === 'before' ? 2 : 1;
      assert.equal(stamps_given - given, asked, 'a time-stamp that was kept is not asked for again');
    });

test('a worker that dies on the way loses nothing: another takes up where it stopped', async () => {
  const one = await signedDeclaration();
  clock.advance(11 * 60_000);
  await stage.platform.mcs.lendDueUpgrades({ limit: 100, lease_s: 900 });
  await runUpgrades();
  assert.equal((await queueOf(one.id))['settled'], false);
  clock.advance(16 * 60_000);
  await Promise.all([runUpgrades(), runUpgrades()]);
  await assertUpgraded(one);
});

test('without time-stamps it waits, longer each time, and is done when they are back', async () => {
  const one = await signedDeclaration();
  clock.advance(11 * 60_000);
  stamps_are_down = true;
  await runUpgrades();
  clock.advance(60_000);
  await runUpgrades();
  stamps_are_down = false;
  assert.deepEqual(await queueOf(one.id), { level: null, refusal: null, attempts: 1, settled: false, time_stamps: 0 });
  clock.advance(2 * 60_000);
  await runUpgrades();
  await assertUpgraded(one);
});

test('a certificate that was revoked before the signature came is told, and nothing is stored in its name', async () => {
  const one = await signedDeclaration();
  await stage.authority.revoke(one.certificate, new Date(clock.now().getTime() - 60_000));
  clock.advance(11 * 60_000);
  await runUpgrades();
  const { refusal, settled } = await queueOf(one.id);
  assert.deepEqual({ refusal, settled }, { refusal: 'REVOKED_NO_POE', settled: true });
  assert.equal(await leavesOf(one.id), 0);
  await stage.platform.runJob('reconcile');
  const [run] = await stage.query('platform', 'select report from il.reconciliations order by started_at desc limit 1');
  const { findings } = run!['report'] as { findings: { kind: string; open_ids: string[] }[] };
  assert.deepEqual(findings.find(({ kind }) => kind === 'signature_refused')?.open_ids, [one.id], 'people are told');
  await assert.rejects(read(one.id, 'signed_content.upgraded'), { status: 404 });
  assert.deepEqual((await read(one.id, 'signed_content')).container, one.container);
});

test('a certificate that was revoked after the signature leaves it good', async () => {
  const one = await signedDeclaration();
  clock.advance(60_000);
  await stage.authority.revoke(one.certificate, clock.now());
  clock.advance(11 * 60_000);
  await runUpgrades();
  await assertUpgraded(one);
});

test('a patient who was forgotten meanwhile: the upgrade ends, nothing is stored', async () => {
  const one = await signedDeclaration();
  await stage.platform.mcs.erasePerson(one.person_id);
  clock.advance(11 * 60_000);
  await runUpgrades();
  const { refusal, settled } = await queueOf(one.id);
  assert.deepEqual({ refusal, settled }, { refusal: 'document_erased', settled: true });
});

test('what a doctor signed through the public API is upgraded as well, and a clinic’s registration', async () => {
  const country = generateCountry({ seed: 'upgrades', persons: 4096 });
  const clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
  const person = [...country.persons(0, 400)]
    .map((one) => one.person)
    .find((one) => one.birth_date < '2000-01-01' && one.authentication_methods[0]?.type === 'OTP')!;
  const { body } = await declare(stage, clinic, person);
  clock.advance(11 * 60_000);
  await runUpgrades();
  assert.equal((await queueOf(body.data.id))['level'], 'B-LT');
  assert.equal(await leavesOf(body.data.id), 1);
  const open = await stage.query(
    'platform',
    'select count(*)::int as open from mcs.container_upgrades where level is null and refusal is null',
  );
  assert.deepEqual(open, [{ open: 0 }]);
  await assertReceipts(clinic, body.data.id);
});

/** What the clinic can show of its containers: as received, and with their proofs. */
async function assertReceipts({ owner, doctor, legal_entity_id: id }: Clinic, declaration_id: string): Promise<void> {
  const policy = parsePolicy(Buffer.from(await (await fetch(`${stage.platform.address}/log/policy`)).text()));
  const receipts = [
    [`/api/legal_entities/${id}/registration_receipt?version=1`, 'document', 'receive', owner.token],
    [`/api/legal_entities/${id}/registration_receipt`, 'document', 'upgrade', owner.token],
    [`/api/declarations/${declaration_id}/container_receipt`, 'container', 'upgrade', doctor.token],
  ] as const;
  for (const [path, kind, op, token] of receipts) {
    const api_key = stage.sign_ins.mis.client_secret;
    const answer = await stage.api.call('GET', path, { token, api_key, headers: { prefer: 'wait=10' } });
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const { entry, body } = verifyRecordFile(Buffer.from(JSON.stringify(answer.body)), policy);
    assert.deepEqual([entry.k, entry.op, body['op']], [kind, op, op]);
  }
}

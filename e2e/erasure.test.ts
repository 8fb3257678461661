import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type DeclarationPerson, generateCountry, role_scopes } from '@zdravo/country-ua';
import type { Answer } from '@zdravo/dev/demo/api';
import { type Clinic, foundClinic, signInOfficer, signInVendor } from '@zdravo/dev/demo/clinics';
import { declare } from '@zdravo/dev/demo/declarations';
import type { Neighbours } from '@zdravo/dev/platform';
import { settableClock } from '@zdravo/kit/clock';
import { type Failure, failingCalls } from './failing-calls.ts';
import { startStage, type TestStage } from './stage.ts';

type Step = 'putErasure' | 'erasePerson';

let stage: TestStage;
let clinic: Clinic;
let officers: [string, string];
let failure: Failure<Step> | undefined;
/** Done once, just before Operations are given a declaration. */
let meanwhile: (() => Promise<unknown>) | undefined;
const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');
const country = generateCountry({ seed: 'erasures', persons: 4096 });
const people = [...country.persons(0, 900)]
  .map((one) => one.person)
  .filter((person) => person.birth_date < '2000-01-01' && person.authentication_methods[0]?.type === 'OTP');

const failing = failingCalls<Step>(() => failure);

function interpose({ mpi, ops, ...others }: Neighbours): Neighbours {
  return {
    ...others,
    mpi: { ...mpi, erasePerson: failing('erasePerson', mpi.erasePerson) },
    ops: {
      ...ops,
      putErasure: failing('putErasure', ops.putErasure),
      putDeclaration: async (...given: Parameters<typeof ops.putDeclaration>) => {
        const work = meanwhile;
        meanwhile = undefined;
        await work?.();
        return ops.putDeclaration(...given);
      },
    },
  };
}

before(async () => {
  stage = await startStage({ clock, interpose });
  clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
  officers = [await signInOfficer(stage), await secondOfficer()];
});
after(() => stage?.close());

async function secondOfficer(): Promise<string> {
  const { nhs_admin } = stage.sign_ins;
  const account = { ...nhs_admin, email: `${randomUUID()}@example.org`, password: 'A-second-officer-1' };
  const { auth } = stage.platform;
  const user = await auth.createUser({ ...account, second_factor_required: false });
  await auth.grantRole({ user_id: user.id, role: 'NHS ADMIN', client_id: nhs_admin.client_id });
  return stage.api.signIn({ ...account, scope: role_scopes['NHS ADMIN']!.join(' ') });
}

type Patient = { person: DeclarationPerson; person_id: string; declaration_id: string };

async function patient(): Promise<Patient> {
  const person = people.shift()!;
  const { body } = await declare(stage, clinic, person);
  const [head] = await stage.query('ops', 'select person_id from ops.declaration_heads where id = $1', [body.data.id]);
  return { person, person_id: head!['person_id'] as string, declaration_id: body.data.id };
}

const actor_id = randomUUID();
const end = ({ declaration_id }: Patient) =>
  stage.platform.ops.putTermination(
    { params: { id: declaration_id }, body: { actor_id, reason: 'manual' } },
    { request_id: 'e2e' },
  );

function order(person_id: string, given: object = {}): Promise<Answer> {
  const body = { person_id, ground: 'court_order', document_number: '42/26', document_date: '2026-01-20', ...given };
  return stage.api.call('POST', '/api/person_erasures', { token: officers[0], body });
}

function act(id: string, action: 'approve' | 'reject', officer = officers[1]): Promise<Answer> {
  return stage.api.call('PATCH', `/api/person_erasures/${id}/actions/${action}`, { token: officer });
}

async function eventually(isTrue: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('not within 10 s');
}

const containerIsGone = async ({ declaration_id }: Patient) =>
  stage.platform.mcs.readSignedContainer({ resource_type: 'declaration', resource_id: declaration_id }).then(
    () => false,
    (error: { status: number }) => error.status === 410,
  );

const isErased = async ({ person_id }: Patient) =>
  stage.platform.mpi.getPerson({ params: { id: person_id } }, { request_id: 'e2e', purpose: 'test' }).then(
    () => false,
    (error: { status: number }) => error.status === 410,
  );

test('nobody is erased while a declaration lives, nor before the records may go, nor by one officer alone', async () => {
  const one = await patient();
  const living = await order(one.person_id);
  assert.deepEqual([living.status, living.body.error.code], [409, 'declaration_lives']);
  await end(one);
  const kept = await order(one.person_id, { ground: 'patient_request' });
  assert.deepEqual([kept.status, kept.body.error.code], [409, 'retention']);
  const ordered = await order(one.person_id);
  assert.equal(ordered.status, 201, JSON.stringify(ordered.body));
  assert.equal((await order(one.person_id)).status, 409);
  const alone = await act(ordered.body.data.id, 'approve', officers[0]);
  assert.deepEqual([alone.status, alone.body.error.code], [403, 'four_eyes']);
  const rejected = await act(ordered.body.data.id, 'reject');
  assert.deepEqual([rejected.status, rejected.body.data.status], [200, 'REJECTED']);
  assert.equal((await act(ordered.body.data.id, 'approve')).status, 409);
  assert.equal(await isErased(one), false);
  assert.equal((await order(randomUUID())).status, 404);
  assert.equal((await order(one.person_id, { document_date: '2999-01-01' })).status, 422);
  assert.equal((await order(one.person_id, { ground: 'whim' })).status, 422);
});

test('a person is forgotten everywhere, the receipt still proves a leaf, and a new consent makes a new person', async () => {
  const one = await patient();
  await end(one);
  const token = clinic.doctor.token;
  const api_key = stage.sign_ins.mis.client_secret;
  const receipt = `/api/declarations/${one.declaration_id}/receipt`;
  await eventually(async () => (await stage.api.call('GET', receipt, { token, api_key })).body.data.receipt !== null);
  const before = (await stage.api.call('GET', receipt, { token, api_key })).body.data;
  assert.ok(before.record);
  const ordered = await order(one.person_id);
  const approved = await act(ordered.body.data.id, 'approve');
  assert.deepEqual([approved.status, approved.body.data.status], [200, 'DONE'], JSON.stringify(approved.body));
  assert.deepEqual((await act(ordered.body.data.id, 'approve')).body.data, approved.body.data);
  assert.ok(await isErased(one));
  const listed = await stage.api.call('GET', '/api/declarations?page_size=500', { token, api_key });
  const row = listed.body.data.find((other: { id: string }) => other.id === one.declaration_id);
  assert.equal(row.person, null, 'the declaration stays in the list without a name');
  await eventually(() => containerIsGone(one));
  const afterwards = (await stage.api.call('GET', receipt, { token, api_key })).body.data;
  assert.equal(afterwards.record, null);
  assert.equal(afterwards.entry, before.entry);

  const again = await declare(stage, clinic, one.person);
  assert.equal(again.status, 200, JSON.stringify(again.body));
  const [head] = await stage.query('ops', 'select person_id from ops.declaration_heads where id = $1', [
    again.body.data.id,
  ]);
  assert.notEqual(head!['person_id'], one.person_id);
});

for (const step of ['putErasure', 'erasePerson'] as const)
  for (const moment of ['before', 'after'] as const)
    test(`${step} fails ${moment} it happened: the worker carries the order out`, async () => {
      const one = await patient();
      await end(one);
      const { id } = (await order(one.person_id)).body.data;
      failure = { step, moment };
      assert.equal((await act(id, 'approve')).status, 500);
      await stage.platform.runJob('finish_person_erasures');
      failure = undefined;
      await stage.platform.runJob('finish_person_erasures');
      const { data } = (await stage.api.call('GET', `/api/person_erasures/${id}`, { token: officers[0] })).body;
      assert.equal(data.status, 'DONE');
      assert.ok(await isErased(one));
      const leaves = await stage.query(
        'ops',
        `select from (select record_id from ops.log_entries where kind = 'erasure' union all
           select record_id from ops.pending_leaves where kind = 'erasure') leaf where record_id = $1`,
        [one.person_id],
      );
      assert.equal(leaves.length, 1);
    });

test('a declaration signed between order and approval: nothing is erased, and the order says why', async () => {
  const one = await patient();
  await end(one);
  const { id } = (await order(one.person_id)).body.data;
  assert.equal((await declare(stage, clinic, one.person)).status, 200);
  const { data } = (await act(id, 'approve')).body;
  assert.deepEqual([data.status, data.refusal], ['REFUSED', 'declaration_lives']);
  assert.equal(await isErased(one), false);
});

test('a patient index restored to a moment before the erasure cannot read the person, and is told again', async () => {
  const one = await patient();
  await end(one);
  const tables = ['persons', 'person_versions', 'blind_indexes', 'identity_keys', 'person_facts', 'erasures'];
  for (const table of tables) await stage.query('mpi', `create table kept_${table} as table mpi.${table}`);
  const { id } = (await order(one.person_id)).body.data;
  assert.equal((await act(id, 'approve')).body.data.status, 'DONE');
  await stage.query('mpi', 'set session_replication_role = replica');
  await stage.query(
    'mpi',
    `update mpi.persons set status = kept.status, pseudonym = kept.pseudonym, erased_at = null from kept_persons kept
      where kept.id = mpi.persons.id and kept.id = $1`,
    [one.person_id],
  );
  await stage.query('mpi', 'delete from mpi.erasures where person_id = $1', [one.person_id]);
  await assert.rejects(
    stage.platform.mpi.getPerson({ params: { id: one.person_id } }, { request_id: 'e2e', purpose: 'test' }),
    (error: { status: number }) => error.status === 410 || error.status === 503,
  );
  await stage.platform.runJob('repeat_person_erasures');
  assert.ok(await isErased(one));
});

test('an erasure between the doctor’s signature and the declaration: the consent makes a new person', async () => {
  const one = await patient();
  await end(one);
  const { id } = (await order(one.person_id)).body.data;
  meanwhile = () => act(id, 'approve');
  const declared = await declare(stage, clinic, one.person);
  assert.equal(declared.status, 200, JSON.stringify(declared.body));
  assert.ok(await isErased(one));
  const [head] = await stage.query('ops', 'select person_id, status from ops.declaration_heads where id = $1', [
    declared.body.data.id,
  ]);
  assert.equal(head!['status'], 'active');
  assert.notEqual(head!['person_id'], one.person_id);
});

test('a clinic’s token sees and orders nothing', async () => {
  const token = clinic.owner.token;
  const api_key = stage.sign_ins.mis.client_secret;
  assert.equal((await stage.api.call('GET', '/api/person_erasures', { token, api_key })).status, 403);
  const body = { person_id: randomUUID(), ground: 'court_order', document_number: '1', document_date: '2026-01-01' };
  assert.equal((await stage.api.call('POST', '/api/person_erasures', { token, api_key, body })).status, 403);
  const listed = await stage.api.call('GET', '/api/person_erasures?status=DONE', { token: officers[0] });
  assert.ok(listed.body.data.length >= 5);
});

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type GeneratedClinic, generateCountry } from '@zdravo/country-ua';
import { findInvite, prepareRegistration, registerClinic, signed, signInVendor } from '@zdravo/dev/demo/clinics';
import type { Neighbours } from '@zdravo/dev/platform';
import { type Failure, failingCalls } from './failing-calls.ts';
import { callFrom } from './other-address.ts';
import { startStage, type TestStage } from './stage.ts';

// Registration of a clinic and acceptance of an invitation: each thing that they do fails here twice, failed and did not
// happen, failed but happened; then the client tries again.

type Step =
  | 'storeSignedContainer'
  | 'putSignedDocument'
  | 'putLegalEntity'
  | 'putClient'
  | 'enqueue'
  | 'findLegalEntity'
  | 'createUser'
  | 'putEmployment'
  | 'grantRole';

let stage: TestStage;
let vendor: string;
let failure: Failure<Step> | undefined;
let cut = 0;
const clinics = [...generateCountry({ seed: 'partner failures', persons: 40 * 4096 }).clinics()];

const failing = failingCalls<Step>(
  () => failure,
  () => {
    cut += 1;
  },
);

function interpose({ mcs, ops, prm, auth, messages, ...others }: Neighbours): Neighbours {
  return {
    ...others,
    mcs: { ...mcs, storeSignedContainer: failing('storeSignedContainer', mcs.storeSignedContainer) },
    ops: { ...ops, putSignedDocument: failing('putSignedDocument', ops.putSignedDocument) },
    prm: {
      ...prm,
      putLegalEntity: failing('putLegalEntity', prm.putLegalEntity),
      findLegalEntity: failing('findLegalEntity', prm.findLegalEntity),
      putEmployment: failing('putEmployment', prm.putEmployment),
    },
    auth: {
      ...auth,
      putClient: failing('putClient', auth.putClient),
      createUser: failing('createUser', auth.createUser),
      grantRole: failing('grantRole', auth.grantRole),
    },
    messages: { ...messages, enqueue: failing('enqueue', messages.enqueue) as typeof messages.enqueue },
  };
}

before(async () => {
  stage = await startStage({ interpose });
  vendor = await signInVendor(stage);
});
after(() => stage?.close());

/** Runs with a failure, and makes sure that it was met. */
async function withFailure<Result>(what: Failure<Step>, work: () => Promise<Result>): Promise<Result> {
  const before = cut;
  failure = what;
  try {
    return await work();
  } finally {
    failure = undefined;
    assert.equal(cut, before + 1, `${what.step} was called once`);
  }
}

/** All that a registration leaves behind, by the code of the clinic. */
async function leftOf(clinic: GeneratedClinic) {
  const [row] = await stage.query(
    'platform',
    `with entity as (select id from prm.legal_entities where edrpou = $1)
     select (select count(*)::int from entity) as entities,
       (select count(*)::int from auth.clients where id in (select id from entity)) as clients,
       (select count(*)::int from il.employee_requests where legal_entity_id in (select id from entity)) as invitations,
       (select count(*)::int from il.legal_entity_registrations where legal_entity_id in (select id from entity)) as registrations,
       (select count(*)::int from il.status_change_events where entity_id in (select id from entity)) as events`,
    [clinic.legal_entity.edrpou],
  );
  return row!;
}

const registered = { entities: 1, clients: 1, invitations: 1, registrations: 1, events: 1 };
const nothing = { entities: 0, clients: 0, invitations: 0, registrations: 0, events: 0 };

function put(container: string) {
  const body = { signed_legal_entity_request: container, signed_content_encoding: 'base64' };
  return stage.api.call('PUT', '/api/legal_entities', { token: vendor, body });
}

for (const step of ['storeSignedContainer', 'putSignedDocument', 'putLegalEntity', 'putClient', 'enqueue'] as const)
  for (const moment of ['before', 'after'] as const)
    test(`registration: ${step} fails ${moment} it happened: nothing is left, and the same container registers`, async () => {
      const clinic = clinics.shift()!;
      const { content, signer } = await prepareRegistration(stage, clinic);
      const container = signed(content, signer);
      assert.equal((await withFailure({ step, moment }, () => put(container))).status, 500);
      assert.deepEqual(await leftOf(clinic), nothing);
      const again = await put(container);
      assert.equal(again.status, 200, JSON.stringify(again.body));
      assert.ok(again.body.urgent.security.client_secret);
      assert.deepEqual(await leftOf(clinic), registered);
      const sha256 = hash('sha256', Buffer.from(container, 'base64'));
      const leaves = await stage.query(
        'ops',
        `select version from ops.signed_documents where convert_from(body, 'UTF8') like '%' || $1 || '%'`,
        [sha256],
      );
      assert.deepEqual(leaves, [{ version: 1 }], 'one leaf, however often');
    });

for (const moment of ['before', 'after'] as const)
  test(`registration: committed, but the answer is cut off ${moment} it is read: the same container gets the same clinic`, async () => {
    const clinic = clinics.shift()!;
    const { content, signer } = await prepareRegistration(stage, clinic);
    const container = signed(content, signer);
    assert.equal((await withFailure({ step: 'findLegalEntity', moment }, () => put(container))).status, 500);
    assert.deepEqual(await leftOf(clinic), registered);
    const again = await put(container);
    assert.equal(again.status, 200);
    assert.equal(again.body.data.edrpou, clinic.legal_entity.edrpou);
    assert.deepEqual(await leftOf(clinic), registered);
  });

test('sixteen different containers for one clinic code at once: one clinic, one client, its secret shown once', async () => {
  const clinic = clinics.shift()!;
  const { content, signer } = await prepareRegistration(stage, clinic);
  const containers = Array.from({ length: 16 }, (_, n) => signed({ ...content, short_name: `Назва ${n}` }, signer));
  const answers = await Promise.all(containers.map(put));
  for (const { status, body } of answers) assert.equal(status, 200, JSON.stringify(body));
  assert.equal(new Set(answers.map(({ body }) => body.data.id)).size, 1);
  assert.equal(answers.filter(({ body }) => body.urgent.security.client_secret !== undefined).length, 1);
  assert.deepEqual(await leftOf(clinic), { ...registered, invitations: 16, registrations: 16, events: 16 });
  const repeated = await Promise.all(containers.map(put));
  for (const [n, { status, body }] of repeated.entries()) {
    assert.equal(status, 200);
    assert.equal(body.urgent.employee_request_id, answers[n]!.body.urgent.employee_request_id);
  }
  assert.deepEqual(await leftOf(clinic), { ...registered, invitations: 16, registrations: 16, events: 16 });
});

const password = 'Invited-and-accepted-1';

/** Each visitor of an invitation comes from an address of its own. */
let visitors = 0;

/** An owner's invitation, opened. */
async function invited() {
  const clinic = clinics.shift()!;
  const { owner } = await registerClinic(stage, vendor, clinic);
  const invite = await findInvite(stage.outbox, owner.party.email);
  const { address } = stage.api;
  const invitation = await callFrom(visitors++, address, 'GET', `/api/invite/${invite}`);
  const alias = invitation.body.data.id as string;
  const makeUser = () =>
    callFrom(visitors++, address, 'POST', `/api/employee_requests/${alias}/user`, { body: { password } });
  const signIn = async () => {
    const { email } = owner.party;
    const client_id = stage.sign_ins.login_client_id;
    const token = { grant_type: 'password', email, password, client_id, scope: 'employee_request:approve' };
    return (await stage.api.expect('POST', '/oauth/tokens', { body: { token } })).body.data.value as string;
  };
  const accept = (token: string) =>
    stage.api.call('POST', `/api/employee_requests/${alias}/approve`, { token, body: {} });
  const left = async () => {
    const [row] = await stage.query(
      'platform',
      `with party as (select id from prm.parties where tax_id = $1), account as (select id from auth.users where email = $2)
       select (select count(*)::int from party) as parties,
         (select count(*)::int from prm.employees where party_id in (select id from party)) as employees,
         (select count(*)::int from prm.party_users where user_id in (select id from account)) as party_users,
         (select count(*)::int from account) as users,
         (select count(*)::int from auth.user_roles where user_id in (select id from account)) as roles,
         (select status from il.employee_requests where email = $2) as status`,
      [owner.party.tax_id, owner.party.email.toLowerCase()],
    );
    return row!;
  };
  return { makeUser, signIn, accept, left };
}

const accepted = { parties: 1, employees: 1, party_users: 1, users: 1, roles: 1, status: 'APPROVED' };
const waiting = { parties: 0, employees: 0, party_users: 0, users: 1, roles: 0, status: 'NEW' };

for (const moment of ['before', 'after'] as const)
  test(`an invited user: createUser fails ${moment} it happened: the invitation still serves`, async () => {
    const { makeUser, left } = await invited();
    assert.equal((await withFailure({ step: 'createUser', moment }, makeUser)).status, 500);
    assert.equal((await left())['users'], 0);
    assert.equal((await makeUser()).status, 201);
    assert.equal((await left())['users'], 1);
  });

for (const step of ['putEmployment', 'grantRole', 'findLegalEntity', 'enqueue'] as const)
  for (const moment of ['before', 'after'] as const)
    test(`acceptance: ${step} fails ${moment} it happened: nothing is left, and the same person accepts`, async () => {
      const { makeUser, signIn, accept, left } = await invited();
      await makeUser();
      const token = await signIn();
      assert.equal((await withFailure({ step, moment }, () => accept(token))).status, 500);
      assert.deepEqual(await left(), waiting);
      const again = await accept(token);
      assert.equal(again.status, 200, JSON.stringify(again.body));
      assert.deepEqual(await left(), accepted);
    });

test('an invitation that 64 clients open and accept at once makes one user and one employment', async () => {
  const { makeUser, signIn, accept, left } = await invited();
  const at_once = <Result>(work: () => Promise<Result>) => Promise.all(Array.from({ length: 64 }, work));
  const made = await at_once(makeUser);
  assert.equal(made.filter(({ status }) => status === 201).length, 1, JSON.stringify(made.map((one) => one.status)));
  assert.ok(made.every(({ status }) => [201, 404, 409].includes(status)));
  const token = await signIn();
  const answers = await at_once(() => accept(token));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.ok(
    answers.every(({ status }) => [200, 409].includes(status)),
    JSON.stringify(answers.map((one) => one.status)),
  );
  assert.deepEqual(await left(), accepted);
});

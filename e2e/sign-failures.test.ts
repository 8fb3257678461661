import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DeclarationPerson, generateCountry } from '@zdravo/country-ua';
import { type Clinic, foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { approveRequest, contentToSign, createRequest, provePhone, sendSigned } from '@zdravo/dev/demo/declarations';
import type { Neighbours } from '@zdravo/dev/platform';
import { settableClock } from '@zdravo/kit/clock';
import { type Failure, failingCalls } from './failing-calls.ts';
import { startStage, type TestStage } from './stage.ts';

// Everything that signing writes outside its own transaction fails here twice: failed and did not happen; failed but happened.

type Step = 'storeSignedContainer' | 'putPerson' | 'prepareAssignment' | 'putDeclaration' | 'assignPerson';

let stage: TestStage;
let clinic: Clinic;
let failure: Failure<Step> | undefined;
const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');
const country = generateCountry({ seed: 'failures', persons: 4096 });
const people = [...country.persons(0, 900)]
  .map((one) => one.person)
  .filter((person) => person.birth_date < '2000-01-01' && person.authentication_methods[0]?.type === 'OTP');

const failing = failingCalls<Step>(() => failure);

/** What happens once, while the signer is looked at. */
let meanwhile: (() => Promise<unknown>) | undefined;

function interpose({ mpi, ops, mcs, prm, ...others }: Neighbours): Neighbours {
  return {
    ...others,
    prm: {
      ...prm,
      findStanding: async (asked) => {
        const happening = meanwhile;
        meanwhile = undefined;
        await happening?.();
        return prm.findStanding(asked);
      },
    },
    mpi: { ...mpi, putPerson: failing('putPerson', mpi.putPerson) },
    ops: { ...ops, putDeclaration: failing('putDeclaration', ops.putDeclaration) },
    mcs: {
      ...mcs,
      storeSignedContainer: failing('storeSignedContainer', mcs.storeSignedContainer),
      prepareAssignment: failing('prepareAssignment', mcs.prepareAssignment),
      assignPerson: failing('assignPerson', mcs.assignPerson),
    },
  };
}

before(async () => {
  stage = await startStage({ clock, interpose });
  clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
});
after(() => stage?.close());

async function readyToSign(person: DeclarationPerson): Promise<{ id: string; content: unknown }> {
  const method = person.authentication_methods[0]!;
  await provePhone(stage, clinic, method.type === 'OTP' ? method.phone_number : '');
  const created = await createRequest(stage, clinic, person);
  assert.equal((await approveRequest(stage, clinic, created)).status, 200);
  const { id } = created.body.data;
  return { id, content: await contentToSign(stage, clinic, id) };
}

async function stateOf(id: string) {
  const [request] = await stage.query(
    'platform',
    'select status, sealed_data is null as wiped from il.declaration_requests where id = $1',
    [id],
  );
  const [heads] = await stage.query(
    'ops',
    "select count(*) filter (where status = 'active')::int as active, count(*)::int as all from ops.declaration_heads where declaration_request_id = $1",
    [id],
  );
  return { ...request, ...heads };
}

const done = { status: 'SIGNED', wiped: true, active: 1, all: 1 };
const steps: Step[] = ['storeSignedContainer', 'putPerson', 'prepareAssignment', 'putDeclaration', 'assignPerson'];

for (const step of steps)
  for (const moment of ['before', 'after'] as const) {
    test(`${step} fails ${moment} it happened: the client’s retry gets the declaration`, async () => {
      const { id, content } = await readyToSign(people.shift()!);
      failure = { step, moment };
      const failed = await sendSigned(stage, clinic, id, content);
      failure = undefined;
      assert.equal(failed.status, 500);
      const retried = await sendSigned(stage, clinic, id, content);
      assert.equal(retried.status, 200, JSON.stringify(retried.body));
      assert.deepEqual(await stateOf(id), done);
      assert.equal((await sendSigned(stage, clinic, id, content)).body.data.id, retried.body.data.id);
    });

    test(`${step} fails ${moment} it happened: the worker finishes without the client`, async () => {
      const { id, content } = await readyToSign(people.shift()!);
      failure = { step, moment };
      await sendSigned(stage, clinic, id, content);
      await stage.platform.runJob('finish_signings');
      failure = undefined;
      clock.advance(60_000);
      await stage.platform.runJob('finish_signings');
      assert.deepEqual(await stateOf(id), done);
      assert.equal((await sendSigned(stage, clinic, id, content)).status, 200);
    });
  }

test('once the doctor’s intent is stored, another content is refused even while the steps fail', async () => {
  const { id, content } = await readyToSign(people.shift()!);
  failure = { step: 'putDeclaration', moment: 'before' };
  await sendSigned(stage, clinic, id, content);
  const other = await sendSigned(stage, clinic, id, { ...(content as object), scope: 'another' });
  failure = undefined;
  assert.equal(other.status, 409);
  assert.equal((await sendSigned(stage, clinic, id, content)).status, 200);
});

test('a request that is rejected while its signature is looked at is not signed: its status says why', async () => {
  const { id, content } = await readyToSign(people.shift()!);
  const as_doctor = { token: clinic.doctor.token, api_key: stage.sign_ins.mis.client_secret };
  meanwhile = () => stage.api.expect('PATCH', `/api/declaration_requests/${id}/actions/reject`, as_doctor);
  for (const time of ['at once', 'again']) {
    const refused = await sendSigned(stage, clinic, id, content);
    assert.deepEqual([refused.status, refused.body.error.invalid[0].entry], [422, '$.status'], time);
  }
  assert.deepEqual(await stateOf(id), { status: 'REJECTED', wiped: true, active: 0, all: 0 });
});

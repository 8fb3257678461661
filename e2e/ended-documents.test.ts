import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import { foundClinic, signInVendor } from '@zdravo/dev/demo/clinics';
import { approveRequest, createRequest } from '@zdravo/dev/demo/declarations';
import { settableClock } from '@zdravo/kit/clock';
import { adultsWithScans } from './people.ts';
import { startStage, type TestStage } from './stage.ts';

// Scans of somebody's papers do not outlive a request that no declaration came of.

const clock = settableClock(new Date().toISOString(), 'Europe/Kyiv');
let stage: TestStage;
before(async () => {
  stage = await startStage({ clock });
});
after(() => stage?.close());

test('the documents of a rejected request are forgotten a day later, those of one that is open are kept', async () => {
  const country = generateCountry({ seed: 'ended documents', persons: 4096 });
  const clinic = await foundClinic(stage, await signInVendor(stage), country.clinic(0), 'FAMILY_DOCTOR');
  const [one, other] = adultsWithScans(country);
  const as_doctor = { token: clinic.doctor.token, api_key: stage.sign_ins.mis.client_secret };
  const approved = [];
  for (const person of [one!, other!]) {
    const created = await createRequest(stage, clinic, person);
    assert.equal((await approveRequest(stage, clinic, created)).status, 200);
    approved.push(created.body.data.id as string);
  }
  const [rejected, open] = approved as [string, string];
  const documents = (resource_id: string) =>
    stage.platform.mcs.listDocuments({ resource_type: 'declaration_request', resource_id });
  assert.ok((await documents(rejected)).length > 0);
  await stage.api.expect('PATCH', `/api/declaration_requests/${rejected}/actions/reject`, as_doctor);
  await stage.platform.runJob('forget_documents_of_ended_requests');
  assert.ok((await documents(rejected)).length > 0, 'not on the same day');

  clock.advance(49 * 3_600_000);
  await stage.platform.runJob('expire_quarantine');
  await stage.platform.runJob('forget_documents_of_ended_requests');
  assert.deepEqual(await documents(rejected), []);
  assert.ok((await documents(open)).length > 0);
  const [key] = await stage.query('mcs_keys', 'select bytes is null as dropped from wrapped_keys where owner_id = $1', [
    rejected,
  ]);
  assert.equal(key?.['dropped'], true);
});

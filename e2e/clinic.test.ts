import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { generateCountry } from '@zdravo/country-ua';
import {
  foundClinic,
  prepareRegistration,
  registerClinic,
  signed,
  signInOfficer,
  signInVendor,
} from '@zdravo/dev/demo/clinics';
import { importMountainFlags, openImporter } from '@zdravo/il';
import { testLogger } from '@zdravo/kit/testing';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let mis_token: string;
const clinics = [...generateCountry({ seed: 'clinic story', persons: 8 * 4096 }).clinics()];

before(async () => {
  stage = await startStage();
  mis_token = await signInVendor(stage);
});
after(() => stage?.close());

test('a clinic registers, its owner and doctor accept their invitations and work behind the vendor’s key', async () => {
  const clinic = await foundClinic(stage, mis_token, clinics[0]!);
  const api_key = stage.sign_ins.mis.client_secret;
  const staff = await stage.api.expect('GET', '/api/employees', { token: clinic.owner.token, api_key });
  assert.deepEqual(staff.body.data.map((one: { employee_type: string }) => one.employee_type).sort(), [
    'DOCTOR',
    'OWNER',
  ]);
  const doctor = await stage.api.expect('GET', `/api/employees/${clinic.doctor.employee_id}`, {
    token: clinic.doctor.token,
    api_key,
  });
  assert.equal(doctor.body.data.doctor.specialities.length > 0, true);
  assert.equal(doctor.body.data.legal_entity.edrpou, clinic.edrpou);
  const without_key = await stage.api.call('GET', '/api/employees', { token: clinic.owner.token });
  assert.equal(without_key.status, 401);
});

test('a place takes the mountain flag of its settlement, also when an import changes it', async () => {
  const { division_id, owner } = await foundClinic(stage, mis_token, clinics[7]!);
  const as = { token: owner.token, api_key: stage.sign_ins.mis.client_secret };
  const read = async () => (await stage.api.expect('GET', `/api/divisions/${division_id}`, as)).body.data;
  const { addresses, mountain_group } = await read();
  const { settlement_id } = addresses.find((one: { type: string }) => one.type === 'RESIDENCE');
  const importer = openImporter({ database_url: stage.platform.database_urls.platform, log: testLogger() });
  await importMountainFlags(importer.db, [{ settlement_id, katottg: '', mountain_group: !mountain_group }]);
  await importer.close();
  await stage.platform.runJob('copy_mountain_flags');
  assert.equal((await read()).mountain_group, !mountain_group);
});

test('the same container again changes nothing and shows no secret; another one updates in place', async () => {
  const { answer, content, signer } = await registerClinic(stage, mis_token, clinics[1]!);
  const { client_id, client_secret } = answer.body.urgent.security;
  assert.ok(client_secret);
  const container = signed({ ...content, short_name: 'Нова назва' }, signer);
  const body = { signed_legal_entity_request: container, signed_content_encoding: 'base64' };
  const updates = await Promise.all(
    Array.from({ length: 16 }, () => stage.api.call('PUT', '/api/legal_entities', { token: mis_token, body })),
  );
  for (const update of updates) {
    assert.equal(update.status, 200, JSON.stringify(update.body));
    assert.equal(update.body.data.id, client_id);
    assert.equal(update.body.urgent.security.client_secret, undefined);
    assert.equal(update.body.data.short_name, 'Нова назва');
  }
  assert.equal(new Set(updates.map((one) => one.body.urgent.employee_request_id)).size, 1);
});

test('a registration is refused with the place of what is wrong', async () => {
  const { content, signer } = await registerClinic(stage, mis_token, clinics[2]!);
  const put = (changed: unknown, by = signer) =>
    stage.api.call('PUT', '/api/legal_entities', {
      token: mis_token,
      body: { signed_legal_entity_request: signed(changed, by), signed_content_encoding: 'base64' },
    });
  const { security: _security, ...insecure } = content;
  const cases: [unknown, string][] = [
    [insecure, '$.security'],
    [{ ...content, edrpou: '1234' }, '$.edrpou'],
    [{ ...content, kveds: ['86.22'] }, '$.kveds'],
    [{ ...content, owner: { ...content.owner, tax_id: '1234567890' } }, '$.owner.tax_id'],
    [{ ...content, owner: { ...content.owner, position: 'P7' } }, '$.owner.position'],
    [{ ...content, addresses: [{ ...content.addresses[0]!, area: 'Атлантида' }] }, '$.addresses[0].area'],
    [{ ...content, phones: [content.phones[0]!, content.phones[0]!] }, '$.phones[1].type'],
    [{ ...content, is_nice: true }, '$.is_nice'],
    ['just a text', '$.signed_legal_entity_request'],
  ];
  for (const [changed, entry] of cases) {
    const answer = await put(changed);
    assert.equal(answer.status, 422, `${entry}: ${JSON.stringify(answer.body)}`);
    assert.ok(
      answer.body.error.invalid.some((one: { entry: string }) => one.entry === entry),
      `${entry}: ${JSON.stringify(answer.body.error)}`,
    );
  }
  const stranger = await stage.authority.issueSigner('stranger', {
    common_name: 'Хтось',
    drfo: '3126509816',
    edrpou: '12345678',
  });
  assert.equal((await put(content, stranger.files)).body.error.invalid[0].entry, '$.edrpou');
  const tampered = Buffer.from(signed(content, signer), 'base64');
  tampered[tampered.length - 1]! ^= 1;
  const body = { signed_legal_entity_request: tampered.toString('base64'), signed_content_encoding: 'base64' };
  assert.equal((await stage.api.call('PUT', '/api/legal_entities', { token: mis_token, body })).status, 422);
});

test('a document signed by a revoked certificate is refused with its reason, and nothing of it is kept', async () => {
  const clinic = clinics[6]!;
  const { content, signer } = await prepareRegistration(stage, clinic);
  await stage.authority.revoke(signer.certificate);
  const body = { signed_legal_entity_request: signed(content, signer), signed_content_encoding: 'base64' };
  const answer = await stage.api.call('PUT', '/api/legal_entities', { token: mis_token, body });
  assert.equal(answer.status, 422, JSON.stringify(answer.body));
  assert.deepEqual(answer.body.error.invalid, [
    {
      entry: '$.signed_legal_entity_request',
      entry_type: 'json_data_property',
      rules: [{ rule: 'invalid', params: ['REVOKED_NO_POE'], description: 'certificate revoked' }],
    },
  ]);
  const kept = await stage.query('platform', 'select 1 from prm.legal_entities where edrpou = $1', [content.edrpou]);
  assert.deepEqual(kept, []);
});

test('the payer verifies once and closes: staff is dismissed, the client ends, another’s clinic is not seen', async () => {
  const closed = await foundClinic(stage, mis_token, clinics[3]!);
  const other = await foundClinic(stage, mis_token, clinics[4]!);
  const api_key = stage.sign_ins.mis.client_secret;
  const officer = await signInOfficer(stage);
  const path = `/api/legal_entities/${closed.legal_entity_id}`;
  assert.equal((await stage.api.call('GET', path, { token: other.owner.token, api_key })).status, 404);
  assert.equal((await stage.api.call('PATCH', `${path}/actions/nhs_verify`, { token: officer })).status, 200);
  assert.equal((await stage.api.call('PATCH', `${path}/actions/nhs_verify`, { token: officer })).status, 409);
  assert.equal(
    (await stage.api.call('PATCH', `${path}/actions/deactivate`, { token: other.owner.token, api_key })).status,
    403,
  );
  const foreign = `/api/employees/${closed.doctor.employee_id}/actions/deactivate`;
  assert.equal((await stage.api.call('PATCH', foreign, { token: other.owner.token, api_key })).status, 403);
  const answer = await stage.api.expect('PATCH', `${path}/actions/deactivate`, { token: officer });
  assert.equal(answer.body.data.status, 'CLOSED');
  const rows = await stage.query('platform', 'select distinct status from prm.employees where legal_entity_id = $1', [
    closed.legal_entity_id,
  ]);
  assert.deepEqual(rows, [{ status: 'DISMISSED' }]);
  const after_all = await stage.api.call('GET', '/api/employees', { token: closed.owner.token, api_key });
  assert.equal(after_all.status, 401);
  for (const [action, token] of [
    ['nhs_verify', officer],
    ['mis_verify', mis_token],
    ['deactivate', officer],
  ] as const) {
    const refused = await stage.api.call('PATCH', `${path}/actions/${action}`, { token });
    assert.equal(refused.status, 409, action);
    assert.equal(refused.body.error.message, 'Legal entity is not ACTIVE and cannot be updated', action);
  }
});

test('an owner cannot be dismissed, a doctor can, once; an invitation is accepted by its person only, once', async () => {
  const clinic = await foundClinic(stage, mis_token, clinics[5]!);
  const api_key = stage.sign_ins.mis.client_secret;
  const as_owner = { token: clinic.owner.token, api_key };
  const dismiss = (id: string) => stage.api.call('PATCH', `/api/employees/${id}/actions/deactivate`, as_owner);
  assert.equal((await dismiss(clinic.owner.employee_id)).status, 409);
  const requests = await stage.api.expect('GET', '/api/employee_requests?status=APPROVED', as_owner);
  assert.equal(requests.body.data.length, 2);
  const named = async (name: string) =>
    (await stage.api.expect('GET', `/api/employee_requests?legal_entity_name=${encodeURIComponent(name)}`, as_owner))
      .body.paging.total_entries;
  assert.equal(await named(clinics[5]!.legal_entity.name.slice(3, 30).toUpperCase()), 2);
  assert.equal(await named('немає такого закладу'), 0);
  const again = await stage.api.call('POST', `/api/employee_requests/${requests.body.data[0].id}/approve`, as_owner);
  assert.ok([403, 409].includes(again.status));
  const division = await stage.api.call('PATCH', `/api/divisions/${clinic.division_id}/actions/deactivate`, as_owner);
  assert.equal(division.status, 200);
  assert.equal(
    (await stage.api.call('PATCH', `/api/divisions/${clinic.division_id}/actions/deactivate`, as_owner)).status,
    409,
  );
  assert.equal((await dismiss(clinic.doctor.employee_id)).body.data.status, 'DISMISSED');
  assert.equal((await dismiss(clinic.doctor.employee_id)).status, 409);
  const ended = await stage.api.call('GET', '/api/employees', { token: clinic.doctor.token, api_key });
  assert.equal(ended.status, 401);
});

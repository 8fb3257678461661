import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { signInOfficer } from '@zdravo/dev/demo/clinics';
import { startStage, type TestStage } from './stage.ts';

let stage: TestStage;
let token: string;
let doctor: { employee_id: string; division_id: string; legal_entity_id: string };

before(async () => {
  stage = await startStage({ with_country: true });
  token = await signInOfficer(stage);
  const [row] = await stage.query(
    'platform',
    `select e.id as employee_id, e.division_id, e.legal_entity_id from prm.employees e where employee_type = 'DOCTOR' limit 1`,
  );
  doctor = row as typeof doctor;
});
after(() => stage?.close());

test('an officer stores, finds and ends a contract, and the month pays what it says', async () => {
  const { legal_entity_id, ...place } = doctor;
  const path = `/api/contracts/${randomUUID()}`;
  const body = {
    contract_number: '0000-AB12-CD34',
    contractor_legal_entity_id: legal_entity_id,
    start_date: '2020-01-01',
    end_date: '2099-12-31',
    contract_employees: [{ ...place, staff_units: 1, declaration_limit: 2, start_date: '2020-01-01' }],
  };
  const stored = await stage.api.expect('PUT', path, { token, body });
  assert.equal(stored.body.data.contract_employees[0].declaration_limit, 2);
  const again = await stage.api.expect('PUT', path, { token, body });
  assert.equal(again.body.data.id, stored.body.data.id);
  const { body: list } = await stage.api.expect('GET', `/api/contracts?contractor_legal_entity_id=${legal_entity_id}`, {
    token,
  });
  assert.deepEqual(
    list.data.map(({ contract_number }: { contract_number: string }) => contract_number),
    ['0000-AB12-CD34'],
  );
  await untilReplicated();
  await stage.platform.runJob('run_monthly_capitation');
  const details = await stage.api.expect('GET', `/api/capitation_report_details?legal_entity_id=${legal_entity_id}`, {
    token,
  });
  const counted = details.body.data.map((line: { declaration_count: number }) => line.declaration_count);
  assert.equal(
    counted.reduce((sum: number, count: number) => sum + count, 0),
    2,
  );
  const ended = await stage.api.expect('PATCH', `${path}/actions/terminate`, {
    token,
    body: { terminated_on: '2030-01-01' },
  });
  assert.equal(ended.body.data.terminated_on, '2030-01-01');
  const twice = await stage.api.call('PATCH', `${path}/actions/terminate`, {
    token,
    body: { terminated_on: '2030-01-02' },
  });
  assert.equal(twice.status, 409);
  assert.equal((await stage.api.call('GET', `/api/contracts/${randomUUID()}`, { token })).status, 404);
});

async function untilReplicated(): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const [row] = await stage.query('reports', 'select count(*)::int as n from prm.contract_employees');
    if (row!['n'] === 1) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the contract did not arrive in the replica within 10 s');
}

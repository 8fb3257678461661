import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import {
  addClinic,
  addDeclaration,
  type Clinic,
  httpOf,
  type ReportsUnderTest,
  startReportsForTest,
} from '../testing.ts';
import { explainDeclaration } from './explain.ts';
import { reproduceRun } from './reproduce.ts';
import { runCapitation } from './run.ts';

let under: ReportsUnderTest;
let limited: Clinic;
let expired: Clinic;
let suspended: Clinic;
let free: Clinic;
let ids: string[];
let contract_id: string;
const month = '2026-11-01';

before(async () => {
  under = await startReportsForTest();
  [limited, expired, suspended, free] = (await Promise.all([1, 2, 3, 4].map(() => addClinic(under)))) as [
    Clinic,
    Clinic,
    Clinic,
    Clinic,
  ];
  contract_id = await addContract(limited, { limit: 3 });
  await addContract(limited, { start_date: '2025-01-01', end_date: '2025-12-31', limit: 1 });
  await addContract(expired, { end_date: '2026-10-31', limit: 100 });
  await addContract(suspended, { suspended_from: '2026-10-15', limit: 100 });
  // Five patients of one doctor, the latest first; one at a place that the contract does not name; others unlimited.
  ids = [];
  for (let day = 5; day >= 1; day--)
    ids.push(
      await addDeclaration(under, {
        clinic: limited,
        birth_date: '1990-01-01',
        active_from: `2026-03-0${day}T10:00:00Z`,
      }),
    );
  ids.push(await addDeclaration(under, { clinic: limited, birth_date: '1990-01-01', mountain: true }));
  ids.push(await addDeclaration(under, { clinic: limited, birth_date: '1990-01-01', deceased_on: '2026-05-05' }));
  for (const clinic of [expired, suspended, free])
    ids.push(await addDeclaration(under, { clinic, birth_date: '1990-01-01' }));
  await under.caughtUp();
});
after(() => under?.close());

type ContractDates = { start_date?: string; end_date?: string; suspended_from?: string; limit: number };

async function addContract(clinic: Clinic, given: ContractDates): Promise<string> {
  const { start_date = '2026-01-01', end_date = '2026-12-31', suspended_from = null, limit } = given;
  const id = randomUUID();
  const number = `0000-${id.slice(0, 4).toUpperCase()}-${id.slice(4, 8).toUpperCase()}`;
  const { platform } = under.source;
  await platform.query(
    `insert into prm.contracts (id, contract_number, contractor_legal_entity_id, start_date, end_date, suspended_from, inserted_by, updated_by)
     values ($1, $2, $3, $4, $5, $6, $1, $1)`,
    [id, number, clinic.legal_entity_id, start_date, end_date, suspended_from],
  );
  await platform.query(
    `insert into prm.contract_employees (id, contract_id, employee_id, division_id, staff_units, declaration_limit, start_date)
     values (gen_random_uuid(), $1, $2, $3, 1, $4, $5)`,
    [id, clinic.employee_id, clinic.division_id, limit, start_date],
  );
  return id;
}

test('a contract pays the first of each doctor’s patients up to its limit; everything else keeps its reason', async () => {
  const { deps } = under.reports;
  const run = await runCapitation(deps, month);
  const reasons = await Promise.all(ids.map((id) => explainDeclaration(deps.db, run.id, id)));
  assert.deepEqual(
    reasons.map(({ counts, reason }) => (counts ? 'counts' : reason)),
    [
      'over_contract_limit',
      'over_contract_limit',
      'counts',
      'counts',
      'counts',
      'employee_not_in_contract',
      'person_deceased',
      'contract_not_in_force',
      'contract_not_in_force',
      'counts',
    ],
  );
  for (const { counts, text } of reasons) if (!counts) assert.match(text, /\w/);
  const again = await reproduceRun(deps, run.id);
  assert.ok(again.same_lines && again.files.every(({ same }) => same));
});

test('the lines name the contract that pays them, and nothing is dropped in silence', async () => {
  const http = await httpOf(under);
  const { body } = await http.call('GET', '/api/capitation_report_details');
  const lines = body.data as { legal_entity_id: string; contract_id: string | null; declaration_count: number }[];
  assert.deepEqual(
    new Map(lines.map((line) => [line.legal_entity_id, [line.contract_id, line.declaration_count]])),
    new Map<string, unknown>([
      [limited.legal_entity_id, [contract_id, 3]],
      [free.legal_entity_id, [null, 1]],
    ]),
  );
  const { rows } = await under.replica.query('select code from reports.capitation_errors order by 1');
  assert.equal(rows.length + 4, ids.length);
  await http.close();
});

test('a contract that is raised afterwards is a correction of the closed month, not a change of it', async () => {
  await under.source.platform.query('update prm.contract_employees set declaration_limit = 4 where contract_id = $1', [
    contract_id,
  ]);
  await under.caughtUp();
  under.clock.set('2026-12-02T10:00:00Z');
  const run = await runCapitation(under.reports.deps, '2026-12-01');
  const lines = await under.reports.deps.db
    .selectFrom('reports.capitation_lines')
    .selectAll()
    .where('run_id', '=', run.id)
    .where('kind', '=', 'correction')
    .execute();
  assert.deepEqual(
    lines.map((line) => [line.for_month, line.legal_entity_id, line.declaration_count, line.amount_minor]),
    [[month, limited.legal_entity_id, 1, 3083]],
  );
});

import { declarationHistories, generateCountry, stableId } from '@zdravo/country-ua';
import { type BinaryRows, copyRows, createBinaryRows } from '@zdravo/kit/db';
import { birthMonth } from '@zdravo/reports/testing';
import pg from 'pg';
import { type LoadOrder, last_day } from './replica-data.ts';

// A process that makes a slice of a generated country and sends it into a replica by COPY: facts of persons, heads of declarations
// and their histories, each as the publications give them.

const batch_size = 20_000;
const targets = {
  facts: 'mpi.person_facts (pseudonym, birth_month, gender, deceased_on, phone_fanout)',
  heads: `ops.declaration_heads (id, version, status, pseudonym, legal_entity_id, division_id, employee_id, start_date,
    end_date, inserted_at, updated_at)`,
  history: 'ops.declaration_status_history (declaration_id, version, status, changed_at)',
};

const order = JSON.parse(process.argv[2]!) as LoadOrder & { from: number; to: number };
const client = new pg.Client({ connectionString: order.url });
await client.connect();
const rows = { facts: createBinaryRows(), heads: createBinaryRows(), history: createBinaryRows() };
const historyOf = declarationHistories({ seed: order.country.seed!, last_day });
let count = 0;
for (const one of generateCountry(order.country).persons(order.from, order.to)) {
  addPerson(one);
  count += 1;
  if (count % batch_size === 0) await send();
}
await send();
await client.end();

type Person = Parameters<typeof historyOf>[0];

function addPerson(one: Person): void {
  const { id, person, declaration } = one;
  const { changes, deceased_on } = historyOf(one);
  const pseudonym = stableId(`${order.country.seed} pseudonym ${id}`);
  rows.facts.row(5).uuid(pseudonym).date(birthMonth(person.birth_date)).text(person.gender).date(deceased_on).int4(1);
  const [first, last] = [changes[0]!, changes.at(-1)!];
  rows.heads.row(11).uuid(declaration.id).int4(changes.length).text(last.status).uuid(pseudonym);
  rows.heads.uuid(declaration.legal_entity_id).uuid(declaration.division_id).uuid(declaration.employee_id);
  rows.heads.date(declaration.start_date).date('2040-01-01').instant(first.changed_at).instant(last.changed_at);
  for (const [i, { status, changed_at }] of changes.entries())
    rows.history
      .row(4)
      .uuid(declaration.id)
      .int4(i + 1)
      .text(status)
      .instant(changed_at);
}

async function send(): Promise<void> {
  for (const [name, target] of Object.entries(targets))
    await copyRows(client as unknown as pg.PoolClient, target, (rows[name as keyof typeof rows] as BinaryRows).take());
}

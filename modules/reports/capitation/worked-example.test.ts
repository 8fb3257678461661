import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { addClinic, addDeclaration, type ReportsUnderTest, startReportsForTest } from '../testing.ts';
import { hryvnias, sumMinor } from './amounts.ts';
import { explainDeclaration } from './explain.ts';
import { runCapitation } from './run.ts';

let under: ReportsUnderTest;
before(async () => {
  under = await startReportsForTest();
});
after(() => under?.close());

test('docs/capitation.md is true: its patients give its lines and its sum', async () => {
  const page = await readFile(join(import.meta.dirname, '../../../docs/capitation.md'), 'utf8');
  const patients = tableAfter(page, '| patient | born |');
  const expected = tableAfter(page, '| mountains | age group |');
  assert.deepEqual([patients.length, expected.length], [10, 4]);
  const clinic = await addClinic(under);
  const ids = new Map<string, string>();
  for (const [name, birth_date, mountains, began, ended] of patients as [string, string, string, string, string][]) {
    const ended_at = ended ? { ended_at: instant(ended) } : {};
    const given = {
      clinic,
      birth_date,
      mountain: mountains === 'yes',
      active_from: instant(began),
      ...ended_at,
    };
    ids.set(name, await addDeclaration(under, given));
  }
  await under.caughtUp();
  const { deps } = under.reports;
  const run = await runCapitation(deps, '2026-11-01');
  for (const [name, , , , , age, counts] of patients as string[][]) {
    const explained = await explainDeclaration(deps.db, run.id, ids.get(name!)!);
    const [expected_counts, expected_age] = [counts!.startsWith('yes'), Number(age)];
    assert.equal(explained.counts, expected_counts, `${name}`);
    if (expected_counts) assert.equal(explained.age, expected_age, `${name}`);
  }
  const lines = await deps.db
    .selectFrom('reports.capitation_lines')
    .selectAll()
    .where('run_id', '=', run.id)
    .orderBy('number')
    .execute();
  const computed = lines.map((line) => [
    line.mountain_group ? 'yes' : 'no',
    line.age_group,
    String(line.declaration_count),
    hryvnias(line.amount_minor),
  ]);
  assert.deepEqual(
    computed,
    expected.map(([mountains, group, count, , money]) => [mountains, group, count, money]),
  );
  assert.match(page, new RegExp(`Together ${hryvnias(sumMinor(lines.map((line) => line.amount_minor)))} UAH`));
});

function tableAfter(page: string, header: string): string[][] {
  const rows = page.slice(page.indexOf(header)).split('\n\n')[0]!.split('\n').slice(2);
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

/** Kyiv is at UTC+2 in winter, UTC+3 in summer; the page has instants of both. */
function instant(local: string): string {
  for (const offset of ['+02:00', '+03:00']) {
    const at = new Date(`${local.replace(' ', 'T')}:00${offset}`);
    const back = at.toLocaleString('sv-SE', { timeZone: 'Europe/Kyiv' }).slice(0, 16);
    if (back === local) return at.toISOString();
  }
  throw new Error(`${local} is no time of Kyiv`);
}

import { type DecisionModel, exportDmn, importDmn, type Revision, type TestCase } from '@zdravo/decisions';
import { isUniqueViolation, type TransactionOf } from '@zdravo/kit/db';
import { conflict, notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { Tables } from '../tables.ts';

type Db = TransactionOf<Tables>;
export type TableRow = { id: string; key: string; title: string; inserted_at: string; inserted_by: string };
type RevisionRow = Tables['reports.decision_revisions'];

/** @throws Problem 404. */
export async function getTable(db: Db, id: string): Promise<TableRow> {
  const row = await db.selectFrom('reports.decision_tables').selectAll().where('id', '=', id).executeTakeFirst();
  if (!row) throw notFound('There is no such decision table.', 'decision_table_not_found');
  return row as TableRow;
}

export async function findTableByKey(db: Db, key: string): Promise<TableRow | undefined> {
  const row = await db.selectFrom('reports.decision_tables').selectAll().where('key', '=', key).executeTakeFirst();
  return row as TableRow | undefined;
}

export async function insertTable(db: Db, row: Omit<TableRow, 'inserted_at'>): Promise<void> {
  try {
    await db.insertInto('reports.decision_tables').values(row).execute();
  } catch (error) {
    if (isUniqueViolation(error)) throw conflict('A decision table with this key exists.', 'decision_table_exists');
    throw error;
  }
}

/** Every revision, oldest first, as the library knows them. */
export async function listRevisions(db: Db, table_id: string): Promise<Revision[]> {
  const rows = await db
    .selectFrom('reports.decision_revisions')
    .selectAll()
    .where('table_id', '=', table_id)
    .orderBy('number')
    .execute();
  return rows.map((row) => revisionOf(row as unknown as RevisionRow & Record<string, never>));
}

/** Serialises the writers of one table's revisions; numbers and states are read after it. */
export async function lockTable(db: Db, table_id: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${table_id}, 0))`.execute(db);
}

export async function saveRevision(db: Db, table_id: string, revision: Revision): Promise<void> {
  const row = {
    table_id,
    number: revision.number,
    state: revision.state,
    dmn: exportDmn(revision.model),
    digest: revision.digest,
    drafted_by: revision.drafted.by,
    drafted_at: revision.drafted.at,
    tested_by: revision.tested?.by ?? null,
    tested_at: revision.tested?.at ?? null,
    tested_cases: revision.tested?.cases ?? null,
    published_by: revision.published?.by ?? null,
    published_at: revision.published?.at ?? null,
    effective_from: revision.published?.effective_from ?? null,
    reason: revision.published?.reason ?? null,
    restores: revision.restores ?? null,
  };
  await db
    .insertInto('reports.decision_revisions')
    .values(row)
    .onConflict((on) => on.columns(['table_id', 'number']).doUpdateSet(row))
    .execute();
}

export async function listTestCases(db: Db, table_id: string): Promise<TestCase[]> {
  const rows = await db
    .selectFrom('reports.decision_test_cases')
    .select(['name', 'decision', 'inputs', 'expected'])
    .where('table_id', '=', table_id)
    .orderBy('name')
    .execute();
  return rows as unknown as TestCase[];
}

/** Replaces the table's test cases. */
export async function saveTestCases(db: Db, table_id: string, cases: readonly TestCase[]): Promise<void> {
  await db.deleteFrom('reports.decision_test_cases').where('table_id', '=', table_id).execute();
  if (cases.length === 0) return;
  const rows = cases.map(({ name, decision, inputs, expected }) => ({
    table_id,
    name,
    decision,
    inputs: JSON.stringify(inputs),
    expected: JSON.stringify(expected),
  }));
  await db.insertInto('reports.decision_test_cases').values(rows).execute();
}

function revisionOf(row: RevisionRow & Record<string, never>): Revision {
  const plain = row as unknown as Record<string, string & number>;
  const act = (name: string) => ({ by: plain[`${name}_by`]!, at: plain[`${name}_at`]! });
  const { model } = importDmn(plain['dmn']!) as { model: DecisionModel };
  return {
    number: plain['number']!,
    state: plain['state'] as unknown as Revision['state'],
    model,
    digest: plain['digest']!,
    drafted: act('drafted'),
    ...(plain['tested_at']
      ? { tested: { ...act('tested'), digest: plain['digest']!, cases: plain['tested_cases']! } }
      : {}),
    ...(plain['published_at']
      ? {
          published: {
            ...act('published'),
            effective_from: plain['effective_from']!,
            ...(plain['reason'] ? { reason: plain['reason'] } : {}),
          },
        }
      : {}),
    ...(plain['restores'] ? { restores: plain['restores'] } : {}),
  };
}

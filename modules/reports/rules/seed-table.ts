import { randomUUID } from 'node:crypto';
import {
  type DecisionModel,
  draftRevision,
  publishRevision,
  recordTests,
  runTestCases,
  type TestCase,
} from '@zdravo/decisions';
import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import { findTableByKey, insertTable, lockTable, saveRevision, saveTestCases } from './revision-store.ts';

/** Who wrote and who checked what the platform ships with: two fixed ids, neither of them a user. */
const author = '00000000-0000-4000-8000-000000000001';
const checker = '00000000-0000-4000-8000-000000000002';

export type SeedTable = {
  key: string;
  title: string;
  model: DecisionModel;
  test_cases: TestCase[];
  effective_from: string;
  reason: string;
};

/** Puts a table that the platform ships with into force, once; what analysts made of it since stays. */
export async function seedTable(db: Kysely<Tables>, seed: SeedTable, now: Date, today: string): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await lockTable(transaction, seed.key);
    if (await findTableByKey(transaction, seed.key)) return;
    const id = randomUUID();
    const at = now.toISOString();
    await insertTable(transaction, { id, key: seed.key, title: seed.title, inserted_by: author });
    await saveTestCases(transaction, id, seed.test_cases);
    const draft = draftRevision([], seed.model, { by: author, at });
    const tested = recordTests(draft, runTestCases(seed.model, seed.test_cases), { by: author, at });
    const { effective_from, reason } = seed;
    await saveRevision(transaction, id, publishRevision(tested, { by: checker, at, effective_from, today, reason }));
  });
}

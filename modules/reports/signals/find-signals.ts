import { randomUUID } from 'node:crypto';
import {
  compareDecimals,
  compileModel,
  decimal,
  type Explanation,
  explain,
  explanationText,
  revisionInForce,
} from '@zdravo/decisions';
import { conflict, type Problem } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { ReportsDeps } from '../deps.ts';
import { requireReplica } from '../replica/readiness.ts';
import { findTableByKey, listRevisions } from '../rules/revision-store.ts';
import { fact_queries } from './facts.ts';
import { signal_kinds } from './model.ts';

/**
 * Scores what the replica shows by the tables in force and keeps every subject with a score. A signal that is known gets
 * its new score; what people decided about it stays. @returns how many signals were found.
 */
export async function findSignals(deps: ReportsDeps): Promise<number> {
  await requireReplica(deps.db);
  const table = await findTableByKey(deps.db, 'fraud_signals');
  const revision = revisionInForce(table ? await listRevisions(deps.db, table.id) : [], deps.clock.today());
  const model = compileModel(revision.model);
  let found = 0;
  for (const kind of signal_kinds) {
    const { subject_type, query } = fact_queries[kind];
    const { rows } = await query.execute(deps.long_db);
    for (const { subject_id, legal_entity_id, facts } of rows) {
      const explanation = explain(model, kind, facts);
      if (explanation.error) throw signalsFailed(kind, explanation);
      const score = String(explanation.verdict?.output ?? '0');
      if (compareDecimals(decimal(score), decimal(0)) <= 0) continue;
      const text = explanationText(explanation);
      await keep(deps, {
        kind,
        subject_type,
        subject_id,
        legal_entity_id,
        score,
        facts,
        text,
        revision: revision.number,
      });
      found += 1;
    }
  }
  return found;
}

/** A table that cannot decide would hide its signals: what is wrong is said, with the cells, and what was found stays. */
function signalsFailed(kind: string, explanation: Explanation): Problem {
  const text = explanationText(explanation);
  return conflict(`The scores in force do not decide ${kind}. ${text}`, 'signals_failed');
}

type Found = {
  kind: string;
  subject_type: string;
  subject_id: string;
  legal_entity_id: string | null;
  score: string;
  facts: Record<string, number | boolean>;
  text: string;
  revision: number;
};

async function keep({ db }: ReportsDeps, one: Found): Promise<void> {
  await sql`
    insert into reports.signals (id, kind, subject_type, subject_id, legal_entity_id, score, facts, explanation, table_revision)
    values (${randomUUID()}, ${one.kind}, ${one.subject_type}, ${one.subject_id}, ${one.legal_entity_id}, ${one.score},
      ${JSON.stringify(one.facts)}, ${one.text}, ${one.revision})
    on conflict (kind, subject_id) do update set score = excluded.score, facts = excluded.facts,
      explanation = excluded.explanation, table_revision = excluded.table_revision`.execute(db);
}

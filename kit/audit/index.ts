export { type AuditRotation, auditMigrations, auditRotation, default_audit_months } from './rotation.ts';

import { type Kysely, sql } from 'kysely';
import { createTurns, reading_turns } from '../groups/index.ts';

/** Who read what of whom, and why. Thin: no bodies, no names. */
export type ReadAuditRow = {
  request_id: string;
  actor_id: string | null;
  client_id: string | null;
  action: string;
  resource: string;
  resource_id: string | null;
  purpose: string | null;
};

export type ReadAudit = {
  /** Resolves when the row is durable; only then may the answer leave. */
  record(row: ReadAuditRow): Promise<void>;
};

type Waiting = { row: ReadAuditRow; resolve: () => void; reject: (error: unknown) => void };

/**
 * Group commit: while one batch is being written, the rows that arrive gather and go out together with the next. A
 * lone row waits for nobody.
 */
export function createReadAudit<Tables>(db: Kysely<Tables>, schema: string, batch_limit = 500): ReadAudit {
  const table = sql.raw(`"${schema}".read_audit`);
  let waiting: Waiting[] = [];
  const turns = createTurns({ waiting: () => waiting.length, setOut }, reading_turns);

  async function writeBatch(batch: Waiting[]): Promise<void> {
    const rows = batch.map((one) => one.row);
    const column = (name: keyof ReadAuditRow) => rows.map((row) => row[name]);
    await sql`
      insert into ${table} (request_id, actor_id, client_id, action, resource, resource_id, purpose)
      select * from unnest(${column('request_id')}::text[], ${column('actor_id')}::uuid[], ${column('client_id')}::uuid[],
        ${column('action')}::text[], ${column('resource')}::text[], ${column('resource_id')}::uuid[], ${column('purpose')}::text[])`.execute(
      db,
    );
  }

  async function setOut(): Promise<void> {
    const batch = waiting.slice(0, batch_limit);
    waiting = waiting.slice(batch_limit);
    try {
      await writeBatch(batch);
      for (const one of batch) one.resolve();
    } catch (error) {
      for (const one of batch) one.reject(error);
    }
  }

  return {
    record: (row) =>
      new Promise((resolve, reject) => {
        waiting.push({ row, resolve, reject });
        turns.came();
      }),
  };
}

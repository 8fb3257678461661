import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import type { Migrations } from '../db/index.ts';
import type { Job } from '../jobs/index.ts';

/** Of the database that audit tables stand in; once per database. */
export const auditMigrations: Migrations = { module: 'audit', directory: join(import.meta.dirname, 'migrations') };

/** Three years and the running month: as long as the claims that an audit may have to answer (Civil Code of Ukraine, art. 257). */
export const default_audit_months = 36;

export type AuditRotation<Tables> = {
  db: Kysely<Tables>;
  /** Of the module; the job is called `rotate_SCHEMA_audit`. */
  schema: string;
  tables: readonly ('audit_log' | 'read_audit')[];
  /** At least 12. */
  keep_months?: number;
  /** Crontab pattern in UTC. */
  schedule: string;
};

/** The timer that makes a module's audit partitions ahead and drops the old ones. The session's role must write the tables. */
export function auditRotation<Tables>(rotation: AuditRotation<Tables>): Job {
  const { db, schema, tables, keep_months = default_audit_months, schedule } = rotation;
  return {
    name: `rotate_${schema}_audit`,
    schedule,
    run: async () => {
      for (const table of tables)
        await sql`select audit.rotate(${`${schema}.${table}`}::regclass, ${keep_months})`.execute(db);
    },
  };
}

import { join } from 'node:path';
import { type Migrations, openDatabase } from '@zdravo/kit/db';
import type { Job } from '@zdravo/kit/jobs';
import type { Logger } from '@zdravo/kit/log';
import { counter, type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import { sql } from 'kysely';
import { createIdempotency, default_idempotency, type Idempotency, type IdempotencyOptions } from './idempotency.ts';
import { createRequestRecord, type RequestRecord } from './request-record.ts';
import type { Tables } from './tables.ts';

export const migrations: Migrations = { module: 'gateway', directory: join(import.meta.dirname, 'migrations') };

export type GatewayStore = {
  idempotency: Idempotency;
  record: RequestRecord;
  jobs: Job[];
  figures: readonly FigureSource[];
  close(): Promise<void>;
};

export type GatewayStoreOptions = {
  database_url: string;
  log: Logger;
  pool_size?: number;
  idempotency?: Partial<IdempotencyOptions>;
  /** How long answers are kept for retries; at least 24. */
  answer_hours?: number;
  /** How long the request record is kept. */
  record_days?: number;
};

/** What the gateway remembers in the database: answers for retries, and the record of requests. */
export async function createGatewayStore(options: GatewayStoreOptions): Promise<GatewayStore> {
  const { database_url: url, log, pool_size = 6 } = options;
  const database = openDatabase<Tables>({ url, role: 'zdravo_gateway', application_name: 'gateway', log, pool_size });
  const { db } = database;
  const record = createRequestRecord(db, log);
  const answer_hours = Math.max(24, options.answer_hours ?? 25);
  const keepPartitions = async () => {
    await sql`select gateway.maintain_request_record(${options.record_days ?? 90})`.execute(db);
  };
  const deleteAnswers = async () => {
    await sql`delete from gateway.idempotent_answers
      where inserted_at < now() - make_interval(hours => ${answer_hours})`.execute(db);
  };
  await keepPartitions();
  return {
    idempotency: createIdempotency(db, { ...default_idempotency, ...options.idempotency }),
    record,
    jobs: [
      { name: 'maintain_request_record', schedule: '20 1 * * *', run: keepPartitions },
      { name: 'delete_old_idempotent_answers', schedule: '40 * * * *', run: deleteAnswers },
    ],
    figures: [poolFigures('gateway', [database.pool]), recordFigures(record)],
    close: async () => {
      await record.stop();
      await database.close();
    },
  };
}

function recordFigures(record: RequestRecord): FigureSource {
  const lost = () => counter('request_record_lost_rows_total', 'Rows of the request record given up', record.lost());
  return { name: 'request record', read: () => [lost()] };
}

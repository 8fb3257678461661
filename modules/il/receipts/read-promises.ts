import { openDatabase } from '@zdravo/kit/db';
import type { Logger } from '@zdravo/kit/log';
import { sql } from 'kysely';
import type { Tables } from '../tables.ts';

export type KeptPromiseRow = { record_id: string; version: number; note: string };
export type PromiseReader = {
  /** Promises that were kept at `since` or later, a page at a time, in the order of their coming. */
  read(since: string | undefined): AsyncGenerator<KeptPromiseRow[]>;
  close(): Promise<void>;
};

const page_size = 5000;

/** The promises that the platform kept, for the auditor: with a role that reads them and nothing else. */
export function openPromiseReader({ database_url: url, log }: { database_url: string; log: Logger }): PromiseReader {
  const role = 'zdravo_il_auditor';
  const { db, close } = openDatabase<Tables>({ url, role, application_name: 'auditor', log, pool_size: 1 });
  return {
    close,
    read: async function* (since = '1970-01-01T00:00:00Z') {
      let after = { received_at: since, record_id: '00000000-0000-0000-0000-000000000000', version: 0 };
      for (;;) {
        const { rows } = await sql<KeptPromiseRow & { received_at: string }>`
          select declaration_id as record_id, version, note, received_at from il.kept_promises
          where (received_at, declaration_id, version) > (${after.received_at}, ${after.record_id}, ${after.version})
          order by received_at, declaration_id, version limit ${page_size}`.execute(db);
        if (rows.length > 0) yield rows.map(({ record_id, version, note }) => ({ record_id, version, note }));
        if (rows.length < page_size) return;
        after = rows.at(-1)!;
      }
    },
  };
}

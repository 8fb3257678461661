import { openDatabase } from '@zdravo/kit/db';
import type { BulkSlotOptions } from '../slots/bulk-slots.ts';
import type { Tables } from '../tables.ts';
import { hash_key_name, keyedHash, phoneHash } from '../verifications/codes.ts';
import { contentHash } from './content-hash.ts';

export type BulkRequest = {
  id: string;
  legal_entity_id: string;
  division_id: string;
  employee_id: string;
  party_id: string;
  person_id: string;
  /** The telephone by which the patient consented. */
  phone_number: string | undefined;
  start_date: string;
  end_date: string;
  declaration_id: string;
  declaration_number: string;
  /** What the doctor signed, the hash of the container that holds it, and who signed when under which head of the log. */
  content: Record<string, unknown>;
  container_sha256: string;
  seed: string;
  signed_by: string;
  signed_at: string;
};

const rows_at_once = 1_000;

/**
 * Keeps the requests of many declarations that are signed already, as they are once their personal data are wiped: all of them,
 * or none when it is broken off.
 */
export async function bulkKeepRequests(options: BulkSlotOptions, requests: Iterable<BulkRequest>): Promise<void> {
  const { database_url: url, key_provider, log } = options;
  const deps = { hash_key: await key_provider.derive(hash_key_name.purpose, hash_key_name.generation) };
  const role = 'zdravo_il';
  const database = openDatabase<Tables>({ url, role, application_name: 'il-bulk-load', log, pool_size: 1 });
  try {
    await database.db.transaction().execute(async (transaction) => {
      const store = async (rows: ReturnType<typeof rowOf>[]) => {
        if (rows.length > 0) await transaction.insertInto('il.declaration_requests').values(rows).execute();
      };
      let rows: ReturnType<typeof rowOf>[] = [];
      for (const request of requests) {
        rows.push(rowOf(deps, request));
        if (rows.length < rows_at_once) continue;
        await store(rows);
        rows = [];
      }
      await store(rows);
    });
  } finally {
    await database.close();
  }
}

function rowOf(deps: { hash_key: Uint8Array }, { person_id, phone_number, content, ...request }: BulkRequest) {
  const { signed_by, signed_at } = request;
  return {
    ...request,
    status: 'SIGNED',
    person_hmac: keyedHash(deps, 'person', person_id),
    phone_hmac: phone_number === undefined ? null : phoneHash(deps, phone_number),
    content_hmac: contentHash(deps, content),
    method: phone_number === undefined ? 'NA' : 'OTP',
    seed_size: 0,
    new_person_id: person_id,
    inserted_by: signed_by,
    inserted_at: signed_at,
    updated_by: signed_by,
    updated_at: signed_at,
  };
}

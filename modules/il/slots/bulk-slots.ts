import { copyRows, createBinaryRows, inLongTransaction, openDatabase } from '@zdravo/kit/db';
import type { KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import { hash_key_name, keyedHash } from '../verifications/codes.ts';

export type BulkSlotOptions = { database_url: string; key_provider: KeyProvider; log: Logger };
export type BulkSlot = {
  party_id: string;
  person_id: string;
  /** The telephone by which the patient consented. */
  phone_number: string | undefined;
  employee_id: string;
  declaration_request_id: string;
  declaration_id: string;
};

/**
 * Takes the slots of many declarations that are signed already, through COPY; no limit is looked at.
 * @throws the database's error when a declaration has its slot already.
 */
export async function bulkTakeSlots(options: BulkSlotOptions, slots: Iterable<BulkSlot>): Promise<void> {
  const { database_url: url, key_provider, log } = options;
  const deps = { hash_key: await key_provider.derive(hash_key_name.purpose, hash_key_name.generation) };
  const rows = createBinaryRows();
  for (const slot of slots) {
    const row = rows
      .row(6)
      .uuid(slot.party_id)
      .bytes(keyedHash(deps, 'person', slot.person_id));
    const phone_hmac = slot.phone_number === undefined ? null : keyedHash(deps, 'phone', slot.phone_number);
    row.bytes(phone_hmac).uuid(slot.employee_id).uuid(slot.declaration_request_id).uuid(slot.declaration_id);
  }
  const database = openDatabase({ url, role: 'zdravo_il', application_name: 'il-bulk-load', log, pool_size: 1 });
  try {
    const target =
      'il.declaration_slots (party_id, person_hmac, phone_hmac, employee_id, declaration_request_id, declaration_id)';
    await inLongTransaction(database.pool, (client) => copyRows(client, target, rows.take()));
  } finally {
    await database.close();
  }
}

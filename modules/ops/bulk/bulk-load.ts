import { type KeyObject, randomBytes } from 'node:crypto';
import { type BinaryRows, copyRows, createBinaryRows, inLongTransaction, openDatabase } from '@zdravo/kit/db';
import type { KeyProvider } from '@zdravo/kit/keys';
import type { Logger } from '@zdravo/kit/log';
import type { Pool, PoolClient } from 'pg';
import type { NewDeclaration } from '../contract.ts';
import { firstVersion } from '../declarations.ts';
import { deriveHandleKey, seed_scope } from '../key-names.ts';
import { sealVersion, type VersionBody } from '../versions.ts';

export type DeclarationLoadOptions = {
  database_url: string;
  keys_database_url: string;
  key_provider: KeyProvider;
  log: Logger;
  /** When the declarations were stored, an instant. */
  stored_at: string;
  /** Declarations sent at a time. */
  batch_size?: number;
  /** Called after every batch with the declarations sent so far. */
  onProgress?: (declarations: number) => void;
};

export type BulkDeclaration = NewDeclaration & { id: string };

/**
 * Loads many new declarations through COPY, sealed and committed to as `putDeclaration` does it, in one transaction: all or
 * none. Ids, requests and persons must be new here, and a person may come once. Their leaves wait for the sequencer like any
 * others. There are no events; one audit row tells of the whole load.
 * @throws the database's error for what is there already.
 */
export async function bulkLoadDeclarations(
  options: DeclarationLoadOptions,
  declarations: Iterable<BulkDeclaration>,
): Promise<{ declarations: number }> {
  const common = { application_name: 'ops-bulk-load', log: options.log, pool_size: 1 };
  const main = openDatabase({ url: options.database_url, role: 'zdravo_ops', ...common });
  const keys = openDatabase({ url: options.keys_database_url, role: 'zdravo_keys', ...common });
  try {
    return await inLongTransaction(main.pool, async (client) => {
      const count = await sendAll(client, keys.pool, options, declarations);
      await client.query(
        `insert into ops.audit_log (request_id, action, resource, detail)
         values ('bulk-load', 'declaration.bulk_load', 'declaration', jsonb_build_object('declarations', $1::bigint))`,
        [count],
      );
      return { declarations: count };
    });
  } finally {
    await Promise.all([main.close(), keys.close()]);
  }
}

/** Seals the next batch while the server takes the last one in. */
async function sendAll(
  client: PoolClient,
  keys_pool: Pool,
  options: DeclarationLoadOptions,
  declarations: Iterable<BulkDeclaration>,
): Promise<number> {
  const { batch_size = 2000, onProgress, key_provider, stored_at } = options;
  const handle_key = await deriveHandleKey(key_provider);
  const rows = createRows();
  let count = 0;
  let sending: Promise<void> = Promise.resolve();
  const flush = async () => {
    await sending;
    const batch = takeAll(rows);
    sending = send(client, keys_pool, batch);
    // The failure is seen at the next flush; until then it must not count as unhandled.
    sending.catch(() => {});
    onProgress?.(count);
  };
  for (const declaration of declarations) {
    await addDeclaration(rows, firstVersion(declaration, stored_at), { key_provider, handle_key });
    count += 1;
    if (count % batch_size === 0) await flush();
  }
  await flush();
  await sending;
  return count;
}

/** Each table that a load fills, in the order in which its rows refer to each other. */
const copy_targets = {
  versions: 'ops.declaration_versions (declaration_id, version, op, status, body, sealed_seed, leaf_hash, recorded_at)',
  history: 'ops.declaration_status_history (declaration_id, version, status, changed_at)',
  heads: `ops.declaration_heads (id, version, status, person_id, pseudonym, legal_entity_id, division_id, employee_id,
    declaration_request_id, signed_content_sha256, start_date, end_date, inserted_at, updated_at)`,
  leaves: 'ops.pending_leaves (record_id, version, entry)',
} as const;
const keys_target = 'wrapped_keys (purpose, owner_id, key_id, bytes)';

type Table = keyof typeof copy_targets | 'keys';
type Rows = Record<Table, BinaryRows>;

function createRows(): Rows {
  const rows = () => createBinaryRows();
  return { versions: rows(), history: rows(), heads: rows(), leaves: rows(), keys: rows() };
}

function takeAll(rows: Rows): Record<Table, Buffer> {
  return Object.fromEntries(Object.entries(rows).map(([name, table]) => [name, table.take()])) as Record<Table, Buffer>;
}

/** Keys first: a key without a declaration harms nobody, a declaration without a key could not be verified. */
async function send(client: PoolClient, keys_pool: Pool, batch: Record<Table, Buffer>): Promise<void> {
  await inLongTransaction(keys_pool, (keys_client) => copyRows(keys_client, keys_target, batch.keys));
  for (const table of ['versions', 'history', 'heads', 'leaves'] as const)
    await copyRows(client, copy_targets[table], batch[table]);
}

async function addDeclaration(
  rows: Rows,
  body: VersionBody,
  { key_provider, handle_key }: { key_provider: KeyProvider; handle_key: KeyObject },
): Promise<void> {
  const person_key = randomBytes(32);
  const wrapped = await key_provider.wrap(person_key, { ...seed_scope, owner_id: body.person_id });
  rows.keys.row(4).text(seed_scope.purpose).uuid(body.person_id).text(wrapped.key_id).bytes(wrapped.bytes);
  const sealed = sealVersion(body, { person_key, handle_key });
  const { id, version, op, status, updated_at } = body;
  const record = rows.versions.row(8).uuid(id).int4(version).text(op).text(status);
  record.bytes(sealed.body).bytes(sealed.sealed_seed).bytes(sealed.leaf_hash).instant(updated_at);
  rows.history.row(4).uuid(id).int4(version).text(status).instant(updated_at);
  addHead(rows.heads, body);
  rows.leaves.row(3).uuid(id).int4(version).bytes(sealed.entry);
}

function addHead(heads: BinaryRows, body: VersionBody): void {
  heads.row(14).uuid(body.id).int4(body.version).text(body.status).uuid(body.person_id).uuid(body.pseudonym);
  heads.uuid(body.legal_entity_id).uuid(body.division_id).uuid(body.employee_id).uuid(body.declaration_request_id);
  heads.text(body.evidence.signed_content_sha256).date(body.start_date).date(body.end_date);
  heads.instant(body.inserted_at).instant(body.updated_at);
}

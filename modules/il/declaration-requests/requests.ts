import { createGroupedLookup, type GroupedLookup } from '@zdravo/kit/groups';
import { openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import { type Selectable, sql } from 'kysely';
import type { IlDatabase, IlDeps, IlTransaction } from '../deps.ts';
import type { Tables } from '../tables.ts';
import type { Person } from './check-request.ts';

/**
 * Said in the statement, not given to it: a plan that is made once for all values uses a partial index only where the statement
 * itself says the index's condition.
 */
export const open_statuses = [sql.lit('NEW'), sql.lit('APPROVED')];
export const signing_status = sql.lit('SIGNING');

export type StoredRequest = Selectable<Tables['il.declaration_requests']>;

/** What is to be signed, but for `id`, `status` and `seed`. Lives sealed in the request's row. */
export type RequestData = {
  start_date: string;
  end_date: string;
  scope: string;
  person: Person;
  employee: Record<string, unknown> & { party: { tax_id: string } };
  division: Record<string, unknown>;
  legal_entity: Record<string, unknown>;
  /** The print form, HTML. */
  content: string;
};

/** Seals data or container under the request's own key. */
export function sealForRequest(key: Uint8Array, id: string, bytes: Uint8Array): Buffer {
  return sealEnvelope(key, bytes, Buffer.from(`declaration request ${id}`));
}

/** @throws KeyError when key or bytes were altered. */
export function openForRequest(key: Uint8Array, id: string, sealed: Uint8Array): Buffer {
  return openEnvelope(key, sealed, Buffer.from(`declaration request ${id}`));
}

/** A request's key with what it opens; undefined when the data were wiped. */
export async function openRequest(deps: IlDeps, request: StoredRequest): Promise<OpenRequest | undefined> {
  if (!request.sealed_data) return undefined;
  const key = await deps.request_keys.find(request.id);
  if (!key) return undefined;
  return { key, data: JSON.parse(openForRequest(key, request.id, request.sealed_data).toString()) as RequestData };
}

export type OpenRequest = { key: Uint8Array; data: RequestData };

/** The personal data of an open request; undefined when they were wiped. */
export async function readData(deps: IlDeps, request: StoredRequest): Promise<RequestData | undefined> {
  return (await openRequest(deps, request))?.data;
}

/** The same of many, in one round trip for their keys. */
export async function readManyData(
  deps: IlDeps,
  requests: readonly StoredRequest[],
): Promise<Map<string, RequestData>> {
  const open = requests.filter((request) => request.sealed_data !== null);
  if (open.length === 0) return new Map();
  const keys = await deps.request_keys.findMany(open.map((request) => request.id));
  return new Map(
    open.flatMap((request) => {
      const key = keys.get(request.id);
      if (!key) return [];
      const text = openForRequest(key, request.id, request.sealed_data!).toString();
      return [[request.id, JSON.parse(text) as RequestData] as const];
    }),
  );
}

export type RequestLookup = GroupedLookup<StoredRequest>;

/** By name, never `*`: a statement that names its columns can be prepared. */
const columns = Object.keys({
  id: true,
  status: true,
  legal_entity_id: true,
  division_id: true,
  employee_id: true,
  party_id: true,
  person_hmac: true,
  phone_hmac: true,
  method: true,
  masked_number: true,
  document_types: true,
  start_date: true,
  end_date: true,
  seed_size: true,
  declaration_id: true,
  declaration_number: true,
  new_person_id: true,
  sealed_data: true,
  sealed_container: true,
  container_sha256: true,
  content_hmac: true,
  verification_id: true,
  documents: true,
  signed_by: true,
  signed_at: true,
  seed: true,
  inserted_by: true,
  inserted_at: true,
  updated_by: true,
  updated_at: true,
} satisfies Record<keyof StoredRequest, true>) as (keyof StoredRequest)[];

export function createRequestLookup(db: IlDatabase): RequestLookup {
  return createGroupedLookup(async (ids) => {
    const rows = await db
      .selectFrom('il.declaration_requests')
      .select(columns)
      .where(sql<boolean>`id = any(${ids}::uuid[])`)
      .execute();
    return new Map(rows.map((row) => [row.id, row as StoredRequest]));
  });
}

/** The request, held for this transaction. */
export function lockRequest(transaction: IlTransaction, id: string): Promise<StoredRequest | undefined> {
  return transaction
    .selectFrom('il.declaration_requests')
    .selectAll()
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
}

/** While the steps of a signature run, the request is still shown as what it was. */
export function publicStatus({ status }: Pick<StoredRequest, 'status'>): string {
  return status === 'SIGNING' ? 'APPROVED' : status;
}

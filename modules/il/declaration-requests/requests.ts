import { openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import type { Selectable } from 'kysely';
import type { IlDatabase, IlDeps, IlTransaction } from '../deps.ts';
import type { Tables } from '../tables.ts';
import type { Person } from './check-request.ts';

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

/** The personal data of an open request; undefined when they were wiped. */
export async function readData(deps: IlDeps, request: StoredRequest): Promise<RequestData | undefined> {
  return (await readManyData(deps, [request])).get(request.id);
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

export function findRequest(db: IlDatabase, id: string): Promise<StoredRequest | undefined> {
  return db.selectFrom('il.declaration_requests').selectAll().where('id', '=', id).executeTakeFirst();
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

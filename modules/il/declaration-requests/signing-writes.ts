import { byteArray, retryOnConflict } from '@zdravo/kit/db';
import { createGroupCommit, type GroupCommit } from '@zdravo/kit/groups';
import type { CallContext } from '@zdravo/kit/http';
import { sql } from 'kysely';
import type { IlDatabase } from '../deps.ts';
import { createDepartures, type Departures } from './cohorts.ts';

/** APPROVED → SIGNING: what must be on record before the first step. */
export type Intent = {
  id: string;
  sealed_container: Buffer;
  container_sha256: string;
  content_hmac: Buffer;
  signed_by: string;
  signed_at: string;
  seed: string;
  context: CallContext;
};
/** The moment of the signature as it was stored; nothing when another intent was first. */
export type Intended = { signed_at: string } | undefined;

/** SIGNING → SIGNED. */
export type Result = { id: string; signed_by: string; at: string };

/** The two ends of a signature; those that come at once are written together, in one durable statement each. */
export type SigningWrites = Departures & {
  intents: GroupCommit<Intent, Intended>;
  results: GroupCommit<Result, undefined>;
  /** Whether somebody signed within the last second: what can wait lets them go first. */
  isBusy(): boolean;
};

export function createSigningWrites(db: IlDatabase): SigningWrites {
  const keysOf = ({ id }: { id: string }) => [id];
  let signed_at = Number.NEGATIVE_INFINITY;
  return {
    together: createDepartures().together,
    isBusy: () => performance.now() - signed_at < 1_000,
    intents: createGroupCommit<Intent, Intended>({
      write: (intents) => {
        signed_at = performance.now();
        return retryOnConflict(() => writeIntents(db, intents));
      },
      keysOf,
    }),
    results: createGroupCommit<Result, undefined>({
      write: (results) => retryOnConflict(() => writeResults(db, results)),
      keysOf,
    }),
  };
}

/** As values: said in the statements, they would lead PostgreSQL to the indexes of all open requests, once for each signature. */
const statuses = { before: 'APPROVED', between: 'SIGNING' };

async function writeIntents(db: IlDatabase, intents: readonly Intent[]): Promise<Intended[]> {
  const column = <Name extends keyof Intent>(name: Name) => intents.map((intent) => intent[name]);
  const context = (name: 'request_id' | 'actor_id' | 'client_id') => intents.map((one) => one.context[name] ?? null);
  const { rows } = await sql<{ id: string; signed_at: string }>`
    with given as materialized (
      select * from unnest(${column('id')}::uuid[], ${byteArray(column('sealed_container'))}::bytea[], ${column('container_sha256')}::text[],
        ${byteArray(column('content_hmac'))}::bytea[], ${column('signed_by')}::uuid[], ${column('signed_at')}::timestamptz[],
        ${column('seed')}::text[], ${context('request_id')}::text[], ${context('actor_id')}::uuid[], ${context('client_id')}::uuid[])
        as given (id, sealed_container, container_sha256, content_hmac, signed_by, signed_at, seed, request_id, actor_id, client_id)
    ), intended as (
      update il.declaration_requests request set status = 'SIGNING', sealed_container = given.sealed_container,
        container_sha256 = given.container_sha256, content_hmac = given.content_hmac, signed_by = given.signed_by,
        signed_at = given.signed_at, seed = given.seed, updated_by = given.signed_by, updated_at = given.signed_at
      from given where request.id = given.id and request.status = ${statuses.before}
      returning request.id, request.signed_at
    ), audited as (
      insert into il.audit_log (request_id, actor_id, client_id, action, resource, resource_id)
      select request_id, actor_id, client_id, 'sign', 'declaration_request', given.id
      from given join intended on intended.id = given.id
    )
    select id, signed_at from intended`.execute(db);
  const intended = new Map(rows.map((row) => [row.id, { signed_at: row.signed_at }]));
  return intents.map(({ id }) => intended.get(id));
}

/** With the result the personal data go, and the vendors hear of it; once, however often it is written. */
async function writeResults(db: IlDatabase, results: readonly Result[]): Promise<undefined[]> {
  const column = (name: keyof Result) => results.map((result) => result[name]);
  await sql`
    with given as materialized (
      select * from unnest(${column('id')}::uuid[], ${column('signed_by')}::uuid[], ${column('at')}::timestamptz[])
        as given (id, signed_by, at)
    ), done as (
      update il.declaration_requests request
      set status = 'SIGNED', sealed_data = null, sealed_container = null, updated_at = given.at
      from given where request.id = given.id and request.status = ${statuses.between}
      returning request.id
    )
    insert into il.status_change_events (entity_type, entity_id, properties, changed_by)
    select 'DeclarationRequest', given.id, '{"status":{"new_value":"SIGNED"}}', given.signed_by
    from given join done on done.id = given.id`.execute(db);
  return results.map(() => undefined);
}

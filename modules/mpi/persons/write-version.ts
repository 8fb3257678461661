import { sql } from 'kysely';
import type { Person, PersonWritten } from '../contract.ts';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import { canonicalPerson } from '../vault/seal.ts';
import type { LivingHead } from './heads.ts';
import type { HeldLocks } from './locks.ts';
import { refreshPhoneFanout } from './phone-fanout.ts';
import { storeVersions } from './store-version.ts';

export type Source = { type: string; id: string };

export type NewVersion = {
  person: Person;
  /** The process that brought the data; the same source with the same data is the same write. */
  source: Source;
  /** The id that the caller used. */
  written_as: string;
  asker: Asker;
};

/** What a write needs beside its transaction. */
export type WriteContext = {
  deps: MpiDeps;
  transaction: MpiTransaction;
  generations: LiveGenerations;
  held: HeldLocks;
};

/** A version to append to a person whose head is locked or new. */
export type Writing = {
  /** As it is before; `version` 0 for somebody new. */
  head: Pick<LivingHead, 'id' | 'pseudonym' | 'version'>;
  written: NewVersion;
  created: boolean;
  /** When it is known beforehand; it is counted afterwards otherwise. */
  phone_fanout?: number;
};

/**
 * Appends versions to different persons, with everything that must be true together with them: index rows, identity keys,
 * facts, events, audit rows. Telephones that come or go must be locked.
 */
export async function writeVersions(
  context: WriteContext,
  writings: readonly Writing[],
): Promise<Map<Writing, PersonWritten>> {
  if (writings.length === 0) return new Map();
  const { transaction, generations, held } = context;
  const changes = await storeVersions(context, writings);
  held.require(changes.map(({ token }) => token));
  const uncounted = new Set(
    writings.flatMap(({ head, phone_fanout }) => (phone_fanout === undefined ? [head.id] : [])),
  );
  const tokens = changes.flatMap(({ person_id, token }) => (uncounted.has(person_id) ? [token] : []));
  const person_ids = changes.flatMap(({ person_id }) => (uncounted.has(person_id) ? [person_id] : []));
  if (tokens.length > 0) await refreshPhoneFanout(transaction, generations.serving.key_id, { person_ids, tokens });
  return new Map(writings.map((writing) => [writing, writtenAs(writing)]));
}

/** The same for one, who is there already. */
export async function writeVersion(
  context: WriteContext,
  head: Pick<LivingHead, 'id' | 'pseudonym' | 'version'>,
  written: NewVersion,
): Promise<PersonWritten> {
  const writing = { head, written, created: false };
  return (await writeVersions(context, [writing])).get(writing)!;
}

/** What is answered for it once it is written. */
export function writtenAs(writing: Writing): PersonWritten {
  return { ...answerOf(writing), version: writing.head.version + 1 };
}

const answerOf = ({ head, created }: Writing) => ({ id: head.id, pseudonym: head.pseudonym, created });

/** The writes that the same source made before with the same data. */
export async function findRepeated(
  { transaction, generations }: WriteContext,
  writings: readonly Writing[],
): Promise<Map<Writing, PersonWritten>> {
  const asked = writings
    .filter(({ created }) => !created)
    .flatMap((writing) => {
      const canonical = canonicalPerson(writing.written.person);
      return generations.written.map((maker) => ({ writing, mac: maker.contentMac(writing.head.id, canonical) }));
    });
  if (asked.length === 0) return new Map();
  const { rows } = await sql<{ person_id: string; version: number; written_as: string | null }>`
    select distinct on (row.person_id) row.person_id, row.version, row.written_as
    from unnest(${asked.map(({ writing }) => writing.head.id)}::uuid[],
      ${asked.map(({ writing }) => writing.written.source.type)}::text[],
      ${asked.map(({ writing }) => writing.written.source.id)}::uuid[],
      ${asked.map(({ mac }) => mac)}::bytea[]) as asked (person_id, source_type, source_id, mac)
    join mpi.person_versions row on row.person_id = asked.person_id and row.source_type = asked.source_type
      and row.source_id = asked.source_id and row.content_mac = asked.mac
    order by row.person_id, row.version desc`.execute(transaction);
  const found = new Map(rows.map((row) => [row.person_id, row]));
  return new Map(
    writings.flatMap((writing) => {
      const row = writing.created ? undefined : found.get(writing.head.id);
      if (!row) return [];
      const created = row.version === 1 && row.written_as === writing.written.written_as;
      return [[writing, { ...answerOf(writing), created, version: row.version }] as const];
    }),
  );
}

/** An audit row in the transaction of what it witnesses: ids and words, never data of the person. */
export async function writeAudit(
  transaction: MpiTransaction,
  asker: Asker,
  action: string,
  resource_id: string,
  detail: Record<string, unknown>,
): Promise<void> {
  const { request_id, actor_id, client_id, purpose } = asker;
  const row = { request_id, actor_id, client_id, action, resource: 'person', resource_id };
  const all = { ...detail, ...(purpose === null ? {} : { purpose }) };
  await transaction
    .insertInto('mpi.audit_log')
    .values({ ...row, detail: JSON.stringify(all) })
    .execute();
}

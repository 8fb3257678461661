import { appendEvents } from '@zdravo/kit/events';
import { sql } from 'kysely';
import type { Person, PersonWritten } from '../contract.ts';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import { addIndexRows, tokensOfPerson, writeIndexRows } from '../indexes/index-rows.ts';
import { canonicalPerson, sealPerson } from '../vault/seal.ts';
import { factsOf } from './facts.ts';
import type { LivingHead } from './heads.ts';
import type { HeldLocks } from './locks.ts';
import { phone_index, refreshPhoneFanout } from './phone-fanout.ts';

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

/**
 * Appends a version to a person whose head is locked or new, with everything that must be true together with it: index
 * rows, facts, event, audit row.
 * @param created whether the head was made in this transaction, with version 1.
 */
export async function writeVersion(
  context: WriteContext,
  head: Pick<LivingHead, 'id' | 'pseudonym' | 'version'>,
  written: NewVersion,
  created: boolean,
): Promise<PersonWritten> {
  const version = created ? 1 : head.version + 1;
  if (!created) await raiseVersion(context.transaction, head.id, version);
  await insertVersion(context, { person_id: head.id, version }, written);
  await writeFacts(context.transaction, head.pseudonym, written.person);
  await replaceIndexRows(context, head.id, written.person, created);
  await witness(context.transaction, { ...head, version }, written, created);
  return { id: head.id, pseudonym: head.pseudonym, created, version };
}

/** The write that the same source made before with the same data, if it did. */
export async function findRepeated(
  { transaction, generations }: WriteContext,
  head: LivingHead,
  written: NewVersion,
): Promise<PersonWritten | undefined> {
  const canonical = canonicalPerson(written.person);
  const macs = generations.written.map((maker) => maker.contentMac(head.id, canonical));
  const row = await transaction
    .selectFrom('mpi.person_versions')
    .select(['version', 'written_as'])
    .where('person_id', '=', head.id)
    .where('source_type', '=', written.source.type)
    .where('source_id', '=', written.source.id)
    .where('content_mac', 'in', macs)
    .orderBy('version', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (!row) return undefined;
  const created = row.version === 1 && row.written_as === written.written_as;
  return { id: head.id, pseudonym: head.pseudonym, created, version: row.version };
}

async function raiseVersion(transaction: MpiTransaction, id: string, version: number): Promise<void> {
  await transaction.updateTable('mpi.persons').set({ version, updated_at: sql`now()` }).where('id', '=', id).execute();
}

async function insertVersion(
  { deps, transaction, generations }: WriteContext,
  place: { person_id: string; version: number },
  { person, source, written_as }: NewVersion,
): Promise<void> {
  const canonical = canonicalPerson(person);
  const key = await deps.keys.getOrCreate(place.person_id);
  await transaction
    .insertInto('mpi.person_versions')
    .values({
      ...place,
      ...sealPerson(key, place, canonical),
      content_mac: generations.serving.contentMac(place.person_id, canonical),
      written_as,
      source_type: source.type,
      source_id: source.id,
    })
    .execute();
}

async function writeFacts(transaction: MpiTransaction, pseudonym: string, person: Person): Promise<void> {
  const facts = factsOf(person);
  await transaction
    .insertInto('mpi.person_facts')
    .values({ pseudonym, ...facts })
    .onConflict((conflict) => conflict.column('pseudonym').doUpdateSet(facts))
    .execute();
}

async function replaceIndexRows(
  { transaction, generations, held }: WriteContext,
  person_id: string,
  person: Person,
  created: boolean,
): Promise<void> {
  const { key_id } = generations.serving;
  const before = created ? [] : await tokensOfPerson(transaction, { person_id, index_id: phone_index, key_id });
  if (created) await addIndexRows(transaction, generations, person_id, person);
  else await writeIndexRows(transaction, generations, person_id, person);
  const after = generations.serving.indexTokens(person).filter((row) => row.index_id === phone_index);
  const tokens = after.map((row) => row.token);
  const changed = [...new Set(before).symmetricDifference(new Set(tokens))];
  if (changed.length === 0) return;
  held.require(changed);
  await refreshPhoneFanout(transaction, key_id, { person_id, tokens: changed });
}

async function witness(
  transaction: MpiTransaction,
  head: { id: string; pseudonym: string; version: number },
  { source, asker }: NewVersion,
  created: boolean,
): Promise<void> {
  const type = created ? 'person.created' : 'person.updated';
  const { id: object_id, pseudonym, version } = head;
  await appendEvents(transaction, 'mpi', [{ type, object_type: 'person', object_id, payload: { pseudonym, version } }]);
  await writeAudit(transaction, asker, type, object_id, { version, source });
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

import type { Person, PersonWritten } from '../contract.ts';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import { canonicalPerson } from '../vault/seal.ts';
import type { LivingHead } from './heads.ts';
import type { HeldLocks } from './locks.ts';
import { refreshPhoneFanout } from './phone-fanout.ts';
import { storeVersion } from './store-version.ts';

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

/** Whether the person is new in this write, and if so `phone_fanout` when it is known. */
export type Creation = { created: boolean; phone_fanout?: number };

/**
 * Appends a version to a person whose head is locked or new, with everything that must be true together with it: index
 * rows, identity keys, facts, event, audit row.
 */
export async function writeVersion(
  context: WriteContext,
  head: Pick<LivingHead, 'id' | 'pseudonym' | 'version'>,
  written: NewVersion,
  { created, phone_fanout }: Creation,
): Promise<PersonWritten> {
  const { transaction, generations, held } = context;
  const { id, pseudonym } = head;
  const version = created ? 1 : head.version + 1;
  const tokens = await storeVersion(context, { head, version, written, created, phone_fanout });
  held.require(tokens);
  if (tokens.length > 0 && phone_fanout === undefined)
    await refreshPhoneFanout(transaction, generations.serving.key_id, { person_id: id, tokens });
  return { id, pseudonym, created, version };
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

import { randomUUID } from 'node:crypto';
import { retryOnConflict } from '@zdravo/kit/db';
import { conflict } from '@zdravo/kit/problem';
import type { Person, PersonWritten } from '../contract.ts';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import { taxIds } from '../indexes/composites.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import { readable } from '../vault/unreadable.ts';
import { acceptPerson } from './accept-person.ts';
import { type Head, type LivingHead, living, lockHead } from './heads.ts';
import { type Claim, identify } from './identify.ts';
import { idLock, type Lock, withLocks } from './locks.ts';
import { phoneTokensOf } from './phone-fanout.ts';
import { askAboutDuplicates } from './possible-duplicates.ts';
import { readSituation, type Situation } from './situation.ts';
import {
  type Creation,
  findRepeated,
  type NewVersion,
  type Source,
  type WriteContext,
  writeVersion,
} from './write-version.ts';

/** With the pseudonym of the person, should this write be the first. */
type PutPerson = NewVersion & { pseudonym: string };

/**
 * Creates a person under the caller's id, or updates the one who lives there or who is known by the same identity
 * keys. Sixty-four callers with sixty-four ids for one new person leave one person.
 * @throws Problem 422 for impossible data, 409 when the person was erased.
 */
export async function putPerson(
  deps: MpiDeps,
  id: string,
  body: { person: Person; source: Source; pseudonym?: string },
  asker: Asker,
): Promise<PersonWritten> {
  const person = acceptPerson(body.person, deps.clock);
  const { source, pseudonym = randomUUID() } = body;
  const written: PutPerson = { person, source, pseudonym, written_as: id, asker };
  return readable(deps, () =>
    retryOnConflict(() =>
      withLocks(
        deps,
        (generations) => locksFor(generations, id, person),
        (transaction, generations, held) => put({ deps, transaction, generations, held }, id, written),
      ),
    ),
  );
}

/** The id and all that the data say. Telephones that somebody loses by the write are learnt when they are met. */
async function locksFor(generations: LiveGenerations, id: string, person: Person): Promise<Lock[]> {
  const tokens = generations.written.flatMap((maker) => [
    ...maker.identityTokens(person),
    ...maker.indexTokens(person),
  ]);
  return [idLock(id), ...tokens.map(({ token }) => token)];
}

async function put(context: WriteContext, id: string, written: PutPerson): Promise<PersonWritten> {
  const { transaction, generations, held } = context;
  const keys = generations.serving.identityTokens(written.person);
  const phone_tokens = phoneTokensOf(generations.serving, written.person);
  const identity_tokens = keys.map((key) => key.token);
  const tax_tokens = taxIds(written.person).map((tax_id) => generations.serving.token('tax_id', [tax_id]));
  const asked = { id, identity_tokens, tax_tokens, phone_tokens };
  const situation = await readSituation(transaction, generations, asked);
  held.confirm(situation.generations);
  const answer = await putInto(context, id, written, { situation, keys, alone: phone_tokens.length > 0 ? 1 : 0 });
  await askAboutDuplicates(transaction, answer.id, situation);
  return answer;
}

type Found = { situation: Situation; keys: { token: string; strength: Claim['strength'] }[]; alone: number };

async function putInto(
  context: WriteContext,
  id: string,
  written: PutPerson,
  { situation, keys, alone }: Found,
): Promise<PersonWritten> {
  if (situation.known) return update(context, (await lockHead(context.transaction, id))!, written);
  const strengths = new Map(keys.map((key) => [key.token, key.strength]));
  const claims = situation.owners.map(({ token, person_id }) => ({ strength: strengths.get(token)!, person_id }));
  const { person_id } = identify(claims);
  if (person_id !== undefined) return updateAs(context, id, person_id, written);
  const creation = situation.shares_phone ? { created: true } : { created: true, phone_fanout: alone };
  return create(context, id, written, creation);
}

/** Somebody who is known under another id: the caller's becomes an alias. */
async function updateAs(context: WriteContext, id: string, person_id: string, written: NewVersion) {
  const head = living(await lockHead(context.transaction, person_id));
  await context.transaction.insertInto('mpi.person_aliases').values({ id, person_id: head.id }).execute();
  return update(context, head, written);
}

async function create(
  context: WriteContext,
  id: string,
  written: PutPerson,
  creation: Creation,
): Promise<PersonWritten> {
  const head = { id, pseudonym: written.pseudonym, version: 1 };
  return writeVersion(context, head, written, creation);
}

async function update(context: WriteContext, head: Head, written: NewVersion): Promise<PersonWritten> {
  if (head.status === 'erased') throw conflict('This person was erased.', 'person_erased');
  const living_head = head as LivingHead;
  const person = await keepDeath(context.transaction, living_head, written.person);
  const kept = { ...written, person };
  const repeated = await findRepeated(context, living_head, kept);
  if (repeated) return repeated;
  return writeVersion(context, living_head, kept, { created: false });
}

/** A declaration does not know of deaths: what it leaves unsaid stays as it was. */
async function keepDeath(transaction: MpiTransaction, head: LivingHead, person: Person): Promise<Person> {
  if (person.death_date) return person;
  const facts = await transaction
    .selectFrom('mpi.person_facts')
    .select('deceased_on')
    .where('pseudonym', '=', head.pseudonym)
    .executeTakeFirst();
  return facts?.deceased_on ? { ...person, death_date: facts.deceased_on } : person;
}

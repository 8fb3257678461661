import { randomUUID } from 'node:crypto';
import { retryOnConflict } from '@zdravo/kit/db';
import { conflict } from '@zdravo/kit/problem';
import type { Person, PersonWritten } from '../contract.ts';
import type { Asker, MpiDeps, MpiTransaction } from '../deps.ts';
import { taxIds } from '../indexes/composites.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import { claimIdentityKeys } from '../indexes/index-rows.ts';
import { lookUp } from '../indexes/look-ups.ts';
import { askForReview } from '../linking/review-items.ts';
import { readable } from '../vault/unreadable.ts';
import { acceptPerson } from './accept-person.ts';
import { type Head, type LivingHead, living, lockHead, ownersOf } from './heads.ts';
import { identify } from './identify.ts';
import { idLock, type Lock, withLocks } from './locks.ts';
import { phoneTokensAround } from './phone-fanout.ts';
import { findRepeated, type NewVersion, type Source, type WriteContext, writeVersion } from './write-version.ts';

/** A mistyped tax number may meet many; people need not look at more pairs at once. */
const most_compared = 5;

/**
 * Creates a person under the caller's id, or updates the one who lives there or who is known by the same identity
 * keys. Sixty-four callers with sixty-four ids for one new person leave one person.
 * @throws Problem 422 for impossible data, 409 when the person was erased.
 */
export async function putPerson(
  deps: MpiDeps,
  id: string,
  body: { person: Person; source: Source },
  asker: Asker,
): Promise<PersonWritten> {
  const person = acceptPerson(body.person, deps.clock);
  const written: NewVersion = { person, source: body.source, written_as: id, asker };
  const locksOf = (generations: LiveGenerations) => locksFor(deps, generations, id, person);
  return readable(deps, () =>
    retryOnConflict(() =>
      withLocks(deps, locksOf, (transaction, generations, held) =>
        put({ deps, transaction, generations, held }, id, written),
      ),
    ),
  );
}

/** The id, what the data say, and the telephones that whoever is there already may lose. */
async function locksFor(deps: MpiDeps, generations: LiveGenerations, id: string, person: Person): Promise<Lock[]> {
  const tokens = generations.written.flatMap((maker) => [
    ...maker.identityTokens(person),
    ...maker.indexTokens(person),
  ]);
  const { serving } = generations;
  const owners = await ownersOf(
    deps.db,
    serving.key_id,
    serving.identityTokens(person).map(({ token }) => token),
  );
  const ids = [id, ...owners.map(({ person_id }) => person_id)];
  const phones = await phoneTokensAround(deps.db, serving.key_id, ids);
  return [idLock(id), ...tokens.map(({ token }) => token), ...phones];
}

async function put(context: WriteContext, id: string, written: NewVersion): Promise<PersonWritten> {
  const known = await lockHead(context.transaction, id);
  if (known) return update(context, known, written);
  const person_id = await identifyNewcomer(context, written.person);
  if (person_id === undefined) return create(context, id, written);
  const head = await lockHead(context.transaction, person_id);
  await context.transaction
    .insertInto('mpi.person_aliases')
    .values({ id, person_id: living(head).id })
    .execute();
  return update(context, head!, written);
}

async function identifyNewcomer({ transaction, generations: { serving } }: WriteContext, person: Person) {
  const keys = serving.identityTokens(person);
  const owners = await ownersOf(
    transaction,
    serving.key_id,
    keys.map((key) => key.token),
  );
  const strengths = new Map(keys.map((key) => [key.token, key.strength]));
  return identify(owners.map(({ token, person_id }) => ({ strength: strengths.get(token)!, person_id }))).person_id;
}

async function create(context: WriteContext, id: string, written: NewVersion): Promise<PersonWritten> {
  const head = { id, pseudonym: randomUUID(), version: 1 };
  await context.transaction
    .insertInto('mpi.persons')
    .values({ ...head, status: 'active' })
    .execute();
  const answer = await writeVersion(context, head, written, true);
  await claimAndCompare(context, id, written.person);
  return answer;
}

async function update(context: WriteContext, head: Head, written: NewVersion): Promise<PersonWritten> {
  if (head.status === 'erased') throw conflict('This person was erased.', 'person_erased');
  const living_head = head as LivingHead;
  const person = await keepDeath(context.transaction, living_head, written.person);
  const kept = { ...written, person };
  const repeated = await findRepeated(context, living_head, kept);
  if (repeated) return repeated;
  const answer = await writeVersion(context, living_head, kept, false);
  await claimAndCompare(context, head.id, person);
  return answer;
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

/** Claims the identity keys; whoever else owns one, or bears the same tax number, may be the same person twice. */
async function claimAndCompare(context: WriteContext, id: string, person: Person): Promise<void> {
  const { transaction, generations } = context;
  const contested = await claimIdentityKeys(transaction, generations, id, person);
  await askForReview(
    transaction,
    'identity_contested',
    contested.map((other) => [id, other]),
  );
  const sharing = await bearersOfTaxNumber(context, id, person);
  const unasked = sharing.filter((other) => !contested.includes(other));
  await askForReview(
    transaction,
    'identifier_shared',
    unasked.map((other) => [id, other]),
  );
}

async function bearersOfTaxNumber({ transaction, generations }: WriteContext, id: string, person: Person) {
  const found = await Promise.all(
    taxIds(person).map((tax_id) =>
      lookUp(transaction, generations.serving, [{ index: 'tax_id', composite: [tax_id] }], most_compared),
    ),
  );
  return found.flat().filter((other) => other !== id);
}

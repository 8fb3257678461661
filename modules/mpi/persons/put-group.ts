import { conflict, Problem } from '@zdravo/kit/problem';
import { type RawBuilder, sql } from 'kysely';
import type { Person, PersonWritten } from '../contract.ts';
import type { MpiDeps, MpiTransaction } from '../deps.ts';
import type { Token, TokenMaker } from '../indexes/tokens.ts';
import { type DecidingTokens, decidingTokens } from './deciding-tokens.ts';
import { erased, type Head, type LivingHead, lockHeads } from './heads.ts';
import { identify } from './identify.ts';
import type { UnderLocks } from './locks.ts';
import { askAboutDuplicates } from './possible-duplicates.ts';
import { type Situation, situationOf } from './situation.ts';
import { storingOf } from './store-version.ts';
import {
  findRepeated,
  type NewVersion,
  type WriteContext,
  type Writing,
  writeVersions,
  writtenAs,
} from './write-version.ts';

/** With the pseudonym of the person, should this write be the first. */
export type Putting = NewVersion & { pseudonym: string };

/** One of the group: under which id its person is looked for, none for somebody new. */
type Placed = { put: Putting; tokens: DecidingTokens; known_as: string | undefined };
type Decision = { answer: PersonWritten | Problem } | { writing: Writing };

/** What has to be known before anything is decided. */
export function situationQuery(maker: TokenMaker, puts: readonly Putting[]): RawBuilder<Situation> {
  const tokens = puts.map(({ person }) => decidingTokens(maker, person));
  return situationOf(maker.key_id, { ids: puts.map((put) => put.written_as), tokens });
}

/**
 * Writes persons of whom no two share an id, an identity key, a tax number or a telephone; their locks are held.
 * @param situation as found under the locks.
 * @returns for each, in the order given, what was written or why it is refused.
 */
export async function putGroup(
  { deps, trips, generations, held }: UnderLocks & { deps: MpiDeps },
  puts: readonly Putting[],
  situation: Situation,
): Promise<(PersonWritten | Problem)[]> {
  held.confirm(situation.generations);
  if (isNewToAll(situation)) return putNew({ deps, trips, generations }, puts);
  return putWithCare({ deps, transaction: await trips.oneByOne(), generations, held }, puts, situation);
}

/** Nobody lives under these ids or is like these persons, and nobody has their telephones. */
function isNewToAll({ known, owners, tax_bearers, known_phones }: Situation): boolean {
  return [known, owners, tax_bearers, known_phones].every(({ length }) => length === 0);
}

/** The usual case: there is nothing to look at any more, so one statement and the commit go together. */
async function putNew(
  { deps, trips, generations }: Pick<UnderLocks, 'trips' | 'generations'> & { deps: MpiDeps },
  puts: readonly Putting[],
): Promise<PersonWritten[]> {
  const writings = puts.map((put) => creation(put, decidingTokens(generations.serving, put.person), []));
  const statement = await storingOf({ deps, generations }, writings);
  await trips.finish([statement.compile(deps.db)]);
  return writings.map((writing) => writtenAs(writing));
}

async function putWithCare(
  context: WriteContext,
  puts: readonly Putting[],
  situation: Situation,
): Promise<(PersonWritten | Problem)[]> {
  const { transaction, generations } = context;
  const known = new Set(situation.known);
  const placed = puts.map((put) => {
    const tokens = decidingTokens(generations.serving, put.person);
    return { put, tokens, known_as: placeOf(put, tokens, situation) };
  });
  const heads = await lockHeads(
    transaction,
    placed.flatMap(({ known_as }) => known_as ?? []),
  );
  refuseMeeting(placed, heads);
  const deaths = await deathsOf(transaction, [...heads.values()]);
  const decided = placed.map((one) => decide(one, { heads, deaths, known, situation }));
  const repeated = await findRepeated(context, writingsOf(decided));
  const writings = writingsOf(decided).filter((writing) => !repeated.has(writing));
  await rememberAliases(transaction, placed, { known, heads });
  const written = await writeVersions(context, writings);
  const answers = decided.map((one) =>
    'answer' in one ? one.answer : (repeated.get(one.writing) ?? written.get(one.writing)!),
  );
  await askAboutDuplicates(transaction, concerned(placed, answers), situation);
  return answers;
}

function placeOf({ written_as }: Putting, { identity }: DecidingTokens, { known, owners }: Situation) {
  if (known.includes(written_as)) return written_as;
  const strengths = new Map(identity.map((key) => [key.token, key.strength]));
  const claims = owners.flatMap(({ token, person_id }) => {
    const strength = strengths.get(token);
    return strength === undefined ? [] : [{ strength, person_id }];
  });
  return identify(claims).person_id;
}

/** Two who turn out to be one person would write one version twice. The group is then written one by one. */
function refuseMeeting(placed: readonly Placed[], heads: ReadonlyMap<string, Head>): void {
  const persons = placed.flatMap(({ known_as }) => (known_as === undefined ? [] : [heads.get(known_as)!.id]));
  if (new Set(persons).size < persons.length) throw new Error('Two writes of one group are of one person.');
}

type Found = {
  heads: ReadonlyMap<string, Head>;
  deaths: ReadonlyMap<string, string>;
  known: ReadonlySet<string>;
  situation: Situation;
};

function decide({ put, tokens, known_as }: Placed, { heads, deaths, known, situation }: Found): Decision {
  if (known_as === undefined) return { writing: creation(put, tokens, situation.known_phones) };
  const head = heads.get(known_as)!;
  if (head.status === 'erased')
    return { answer: known.has(put.written_as) ? conflict('This person was erased.', 'person_erased') : erased() };
  const person = keepDeath(put.person, deaths.get(head.pseudonym!));
  return { writing: { head: head as LivingHead, written: { ...put, person }, created: false } };
}

/** Whoever has telephones that nobody else has is counted beforehand. */
function creation(put: Putting, { phones }: DecidingTokens, known_phones: readonly Token[]): Writing {
  const head = { id: put.written_as, pseudonym: put.pseudonym, version: 0 };
  if (phones.some((phone) => known_phones.includes(phone))) return { head, written: put, created: true };
  return { head, written: put, created: true, phone_fanout: phones.length > 0 ? 1 : 0 };
}

/** A declaration does not know of deaths: what it leaves unsaid stays as it was. */
function keepDeath(person: Person, death_date: string | undefined): Person {
  return person.death_date || death_date === undefined ? person : { ...person, death_date };
}

async function deathsOf(transaction: MpiTransaction, heads: readonly Head[]): Promise<Map<string, string>> {
  if (heads.length === 0) return new Map();
  const { rows } = await sql<{ pseudonym: string; deceased_on: string }>`
    select pseudonym, deceased_on from mpi.person_facts
    where pseudonym = any(${heads.flatMap(({ pseudonym }) => pseudonym ?? [])}::uuid[]) and deceased_on is not null`.execute(
    transaction,
  );
  return new Map(rows.map(({ pseudonym, deceased_on }) => [pseudonym, deceased_on]));
}

const writingsOf = (decided: readonly Decision[]) => decided.flatMap((one) => ('writing' in one ? [one.writing] : []));

/** Somebody who is known under another id: the caller's becomes an alias. */
async function rememberAliases(
  transaction: MpiTransaction,
  placed: readonly Placed[],
  { known, heads }: Pick<Found, 'known' | 'heads'>,
): Promise<void> {
  const aliases = placed.flatMap(({ put, known_as }) => {
    const head = known_as === undefined || known.has(put.written_as) ? undefined : heads.get(known_as)!;
    return head === undefined || head.status === 'erased' ? [] : [{ id: put.written_as, person_id: head.id }];
  });
  if (aliases.length > 0) await transaction.insertInto('mpi.person_aliases').values(aliases).execute();
}

function concerned(placed: readonly Placed[], answers: readonly (PersonWritten | Problem)[]) {
  return placed.flatMap(({ tokens }, at) => {
    const answer = answers[at]!;
    return answer instanceof Problem ? [] : [{ id: answer.id, tokens }];
  });
}

import { createHmac } from 'node:crypto';
import { type Problem, tooManyRequests } from '@zdravo/kit/problem';
import { type RawBuilder, sql } from 'kysely';
import type { Asker, MpiDatabase, MpiDeps, MpiTransaction } from '../deps.ts';
import type { SearchQuery } from './contract.ts';
import { lockActor, lockOrganisation } from './locks.ts';
import type { Searcher } from './searcher.ts';
import { missing_share, unused_days, unused_share } from './settings.ts';

/** What a step of a dialogue adds to the day of its actor and organisation. */
export type Use = Partial<Record<Counter, number>>;
type Counter = 'queries' | 'found' | 'unused' | 'missed' | 'unanswered' | 'wrong';
type Day = Record<Counter, number>;

/**
 * Counts a search and lets it pass, before anything is looked up: who is locked or has used up the day gets 429, whatever
 * they ask for. The count is durable first, so that many at once do not pass together.
 * @throws Problem 429 `search_locked`, `search_budget_spent`.
 */
export async function admit(deps: MpiDeps, searcher: Searcher, query?: SearchQuery): Promise<void> {
  const now = deps.clock.now();
  const { locked_until, is_within, questions } = await count(deps, searcher, query, now);
  if (locked_until !== null) throw locked(locked_until, now);
  if (!is_within)
    throw tooManyRequests('The searches of this day are used up.', secondsLeft(now), 'search_budget_spent');
  if (questions !== null && questions >= deps.search.settings.sweep) {
    await deps.db.transaction().execute((transaction) => lockActor(deps, transaction, searcher, 'sweep'));
    const { rows } = await sql<{ until: string | null }>`${lockOf(searcher, now)}`.execute(deps.db);
    if (rows[0]!.until !== null) throw locked(rows[0]!.until, now);
  }
}

type Counted = {
  locked_until: string | null;
  /** Null for who is locked. */
  is_within: boolean | null;
  /** Different questions that the actor asked today about this name; null without a query, or when it is not let in. */
  questions: number | null;
};

/**
 * One statement, for each one is a commit that the searcher waits for. Actor first, so that two at once wait and never
 * block each other; nothing is counted for who is locked.
 */
async function count(
  { db, rules, search }: MpiDeps,
  searcher: Searcher,
  query: SearchQuery | undefined,
  now: Date,
): Promise<Counted> {
  const { actor_id, client_id } = searcher;
  const { queries_of_actor, queries_of_client, found_by_actor, sweep } = search.settings;
  const question = query ? questionOf({ rules, search }, query) : { name_mac: null, query_mac: null };
  const { rows } = await sql<Counted>`
    with locked as (${lockOf(searcher, now)}), counted as (
      insert into mpi.search_budgets as day (subject_id, subject_type, window_start, queries)
      select subject.id, subject.type, ${startOfDay(now)}, 1
      from (values (${actor_id}::uuid, 'actor'), (${client_id}::uuid, 'client')) as subject (id, type), locked
      where locked.until is null order by subject.type
      on conflict (subject_id, subject_type, window_start) do update set queries = day.queries + 1
      returning subject_type, queries, found
    ), budget as (
      select bool_and(case subject_type when 'actor' then queries <= ${queries_of_actor} and found < ${found_by_actor}
        else queries <= ${queries_of_client} end) as is_within from counted
    ), asked as (
      insert into mpi.search_sweeps as swept (actor_id, name_mac, window_start, query_macs)
      select ${actor_id}::uuid, ${question.name_mac}::bigint, ${startOfDay(now)}::timestamptz, array[${question.query_mac}::bigint]
      from budget where is_within and ${query !== undefined}
      on conflict (actor_id, name_mac, window_start) do update set query_macs =
        case when swept.query_macs @> excluded.query_macs or cardinality(swept.query_macs) >= ${sweep}
          then swept.query_macs else swept.query_macs || excluded.query_macs end
      returning cardinality(query_macs) as questions
    )
    select locked.until as locked_until, budget.is_within, (select questions from asked) from locked, budget`.execute(
    db,
  );
  return rows[0]!;
}

/** What the searcher's and the organisation's day and month have come to. */
type Standing = Day & { subject_type: string; month_found: number; month_unused: number };

/**
 * Adds to the day of both and keeps what is to be kept of the answer: one statement, actor first, so that two at once wait
 * and never block each other.
 */
async function countUse(
  db: MpiDatabase,
  { actor_id, client_id }: Searcher,
  { use, now, stored = sql`select` }: { use: Use; now: Date; stored?: RawBuilder<unknown> | undefined },
): Promise<Record<'actor' | 'client', Standing>> {
  const { queries = 0, found = 0, unused = 0, missed = 0, unanswered = 0, wrong = 0 } = use;
  const counts = sql`${queries}::int, ${found}::int, ${unused}::int, ${missed}::int, ${unanswered}::int, ${wrong}::int`;
  const today = startOfDay(now);
  const { rows } = await sql<Standing>`
    with stored as (${stored}), day as (
      insert into mpi.search_budgets as day (subject_id, subject_type, window_start, queries, found, unused, missed, unanswered, wrong)
      values (${actor_id}::uuid, 'actor', ${today}::timestamptz, ${counts}), (${client_id}::uuid, 'client', ${today}::timestamptz, ${counts})
      on conflict (subject_id, subject_type, window_start) do update set
        queries = day.queries + excluded.queries, found = day.found + excluded.found,
        unused = greatest(day.unused + excluded.unused, 0), missed = day.missed + excluded.missed,
        unanswered = greatest(day.unanswered + excluded.unanswered, 0), wrong = day.wrong + excluded.wrong
      returning *
    )
    select day.subject_type, day.queries, day.found, day.unused, day.missed, day.unanswered, day.wrong,
      day.found + earlier.found as month_found, day.unused + earlier.unused as month_unused
    from day cross join lateral (
      select coalesce(sum(found), 0)::int as found, coalesce(sum(unused), 0)::int as unused from mpi.search_budgets earlier
      where earlier.subject_id = day.subject_id and earlier.subject_type = day.subject_type
        and earlier.window_start > ${daysBefore(now, unused_days)} and earlier.window_start < ${today}
    ) earlier`.execute(db);
  return { actor: rows.find(isOf('actor'))!, client: rows.find(isOf('client'))! };
}

/** Adds what a search came to, and locks the actor whose day has become that of one who browses. */
export async function settleUse(deps: MpiDeps, searcher: Searcher, use: Use): Promise<void> {
  await deps.db.transaction().execute((transaction) => addUse(deps, transaction, searcher, use));
}

/** The same within a transaction. @param stored a statement that keeps something of the answer, in the same round trip. */
export async function addUse(
  deps: MpiDeps,
  transaction: MpiTransaction,
  searcher: Searcher,
  use: Use,
  stored?: RawBuilder<unknown>,
): Promise<void> {
  const { actor, client } = await countUse(transaction, searcher, { use, now: deps.clock.now(), stored });
  const { settings } = deps.search;
  const suspicion = suspicionOf(deps.search, actor);
  if (suspicion) await lockActor(deps, transaction, searcher, suspicion);
  if (!use.unused) return;
  if (areLeft(actor, settings.unused)) await lockActor(deps, transaction, searcher, 'unused_results');
  if (areLeft(client, settings.unused_of_client)) await lockOrganisation(deps, transaction, searcher, 'unused_results');
}

/** Found and left, by far more than by accident: over a month, so that a little every day is no way round. */
function areLeft({ month_found, month_unused }: Standing, limit: number): boolean {
  return month_unused >= limit && month_unused >= unused_share * month_found;
}

/** Whoever reads or registers a person whom they found has found them for a reason. */
export async function creditUse(
  db: MpiDatabase,
  { actor_id, client_id }: Pick<Asker, 'actor_id' | 'client_id'>,
  now: Date,
): Promise<void> {
  if (actor_id === null) return;
  // Actor first, as everywhere: two at once wait and never block each other.
  await sql`
    with day as (
      select subject_id, subject_type, window_start from mpi.search_budgets
      where unused > 0 and window_start = ${startOfDay(now)}
        and ((subject_id = ${actor_id} and subject_type = 'actor') or (subject_id = ${client_id} and subject_type = 'client'))
      order by subject_type for update
    )
    update mpi.search_budgets budget set unused = unused - 1 from day
    where (budget.subject_id, budget.subject_type, budget.window_start) = (day.subject_id, day.subject_type, day.window_start)`.execute(
    db,
  );
}

/** Why this day is that of one who browses, if it is. */
function suspicionOf({ settings }: MpiDeps['search'], day: Day): 'wrong_answers' | 'misses' | undefined {
  if (day.wrong >= settings.wrong_answers) return 'wrong_answers';
  const without_result = day.missed + day.unanswered;
  if (without_result >= settings.misses && without_result >= missing_share * day.queries) return 'misses';
  return undefined;
}

/** Until when the searcher or the organisation is locked; null for who is not. */
function lockOf({ actor_id, client_id }: Searcher, now: Date) {
  return sql`
    select max(locked_until) as until from mpi.search_locks where locked_until > ${now.toISOString()}
      and ((subject_id = ${actor_id} and subject_type = 'actor') or (subject_id = ${client_id} and subject_type = 'client'))`;
}

/** One that an officer must lift has no end to name. */
function locked(until: string, now: Date): Problem {
  const seconds = Math.min(Math.ceil((Date.parse(until) - now.getTime()) / 1000), 86_400);
  return tooManyRequests('Searching is locked for this user or organisation.', seconds, 'search_locked');
}

/** The name and the whole of what is asked, as keyed hashes, so that no name is kept. */
function questionOf({ rules, search }: Pick<MpiDeps, 'rules' | 'search'>, query: SearchQuery) {
  const { first_name, last_name, ...rest } = query;
  const names = [rules.family_name(last_name), rules.given_name(first_name)].sort();
  const asked = [...names, JSON.stringify(rest, Object.keys(rest).sort())];
  return { name_mac: mark(search.keys.marks, names), query_mac: mark(search.keys.marks, asked) };
}

/** 64 bits of a keyed hash, as PostgreSQL's bigint. */
export function mark(key: Uint8Array, parts: readonly string[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest().readBigInt64BE(0).toString();
}

function isOf(type: 'actor' | 'client') {
  return (row: { subject_type: string }) => row.subject_type === type;
}

function startOfDay(now: Date): string {
  return `${now.toISOString().slice(0, 10)}T00:00:00Z`;
}

function daysBefore(now: Date, days: number): string {
  return new Date(now.getTime() - days * 86_400_000).toISOString();
}

function secondsLeft(now: Date): number {
  return Math.ceil((Date.parse(startOfDay(now)) + 86_400_000 - now.getTime()) / 1000);
}

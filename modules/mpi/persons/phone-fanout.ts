import { sql } from 'kysely';
import type { MpiDatabase, MpiTransaction } from '../deps.ts';
import { index_definitions } from '../indexes/composites.ts';
import type { Token } from '../indexes/tokens.ts';

/** Counted up to here: 100 means 100 or more, so that no telephone costs more than a hundred rows to keep right. */
export const most_counted = 100;
export const phone_index = index_definitions.find(({ name }) => name === 'phone')!.id;

/** Index rows looked at per telephone; beyond, all who share it stay at the limit. */
const most_rows = 400;

/**
 * Brings `phone_fanout` up to date for all who share one of these telephones, and for the given persons. Exact under
 * concurrency: whoever changes a telephone holds its lock; the facts are locked before they are counted anew.
 */
export async function refreshPhoneFanout(
  transaction: MpiTransaction,
  key_id: string,
  { person_ids, tokens }: { person_ids: readonly string[]; tokens: readonly Token[] },
): Promise<void> {
  const sharing = await personsSharing(transaction, key_id, tokens);
  const persons = [...new Set([...person_ids, ...sharing])];
  await sql`
    select from mpi.person_facts fact join mpi.persons head on head.pseudonym = fact.pseudonym
    where head.id = any(${persons}::uuid[]) order by fact.pseudonym for update of fact`.execute(transaction);
  await sql`
    update mpi.person_facts fact set phone_fanout = counted.persons
    from (
      select head.pseudonym, coalesce(max(sharing.persons), 0) as persons
      from mpi.persons head
      left join mpi.persons record on record.id = head.id or record.parent_id = head.id
      left join mpi.blind_indexes own on own.person_id = record.id and own.index_id = ${phone_index} and own.key_id = ${key_id}
      left join lateral (${countSharing(key_id)}) sharing on true
      where head.id = any(${persons}::uuid[]) and head.status = 'active'
      group by head.pseudonym
    ) counted
    where fact.pseudonym = counted.pseudonym and fact.phone_fanout <> counted.persons`.execute(transaction);
}

function countSharing(key_id: string) {
  return sql`
    select least(count(distinct coalesce(other.parent_id, other.id)), ${most_counted})::int as persons
    from (
      select person_id from mpi.blind_indexes
      where token = own.token and index_id = ${phone_index} and key_id = ${key_id} limit ${most_rows}
    ) row
    join mpi.persons other on other.id = row.person_id`;
}

/** Those whose figure may change; whoever shares a telephone with more than a hundred others stays at the limit. */
async function personsSharing(
  transaction: MpiTransaction,
  key_id: string,
  tokens: readonly Token[],
): Promise<string[]> {
  if (tokens.length === 0) return [];
  const { rows } = await sql<{ persons: string[] }>`
    select array_agg(distinct coalesce(head.parent_id, head.id)) as persons
    from unnest(${tokens}::bigint[]) as phone (token)
    cross join lateral (
      select person_id from mpi.blind_indexes
      where token = phone.token and index_id = ${phone_index} and key_id = ${key_id} limit ${most_rows}
    ) row
    join mpi.persons head on head.id = row.person_id
    group by phone.token`.execute(transaction);
  return rows.flatMap(({ persons }) => (persons.length > most_counted + 1 ? [] : persons));
}

/**
 * The telephones, as tokens, of these persons with everybody who is one person with them: whoever changes one of them
 * has to lock these.
 */
export async function phoneTokensAround(db: MpiDatabase, key_id: string, ids: readonly string[]): Promise<Token[]> {
  if (ids.length === 0) return [];
  const { rows } = await sql<{ token: Token }>`
    with root as (
      select distinct coalesce(asked.parent_id, asked.id) as id
      from mpi.persons asked
      where asked.id = any(${ids}::uuid[]) or asked.id in (select person_id from mpi.person_aliases where id = any(${ids}::uuid[]))
    )
    select distinct row.token::text
    from root join mpi.persons member on member.id = root.id or member.parent_id = root.id
    join mpi.blind_indexes row on row.person_id = member.id and row.index_id = ${phone_index} and row.key_id = ${key_id}`.execute(
    db,
  );
  return rows.map((row) => row.token);
}

import { type RawBuilder, sql } from 'kysely';
import type { Token } from '../indexes/tokens.ts';
import { type DecidingTokens, tax_index } from './deciding-tokens.ts';
import { phone_index } from './phone-fanout.ts';

/** What a group of writes finds under its locks, told by one query. No two of the group share a token. */
export type Situation = {
  /** The generations of index keys, for `HeldLocks.confirm`. */
  generations: string;
  /** The ids under which somebody lives, or lived. */
  known: string[];
  /** Who has the identity keys, parents in place of merged ones. */
  owners: { token: Token; person_id: string }[];
  /** Who bears the tax numbers, parents in place of merged ones; some of them when they are many. */
  tax_bearers: { token: Token; person_ids: string[] }[];
  /** The telephones that somebody has. */
  known_phones: Token[];
};

/** A number that clerks made up may meet many; people need not look at more pairs at once. */
const most_compared = 5;

/** A query that answers one row. Each limit makes PostgreSQL look up one token after the other, whatever it believes of the tables' sizes. */
export function situationOf(
  key_id: string,
  { ids, tokens }: { ids: readonly string[]; tokens: readonly DecidingTokens[] },
): RawBuilder<Situation> {
  const identity_tokens = tokens.flatMap(({ identity }) => identity.map(({ token }) => token));
  return sql<Situation>`
    select
      (select string_agg(key_id || ' ' || state, ',' order by key_id) from mpi.index_generations where state <> 'retiring')
        as generations,
      coalesce((
        select jsonb_agg(id) from (
          select id from mpi.persons where id = any(${ids}::uuid[])
          union select id from mpi.person_aliases where id = any(${ids}::uuid[])
        ) lived), '[]') as known,
      coalesce((
        select jsonb_agg(jsonb_build_object('token', asked.token::text, 'person_id', coalesce(head.parent_id, head.id)))
        from unnest(${identity_tokens}::bigint[]) as asked (token)
        cross join lateral (select person_id from mpi.identity_keys where token = asked.token and key_id = ${key_id} limit 1) key
        join mpi.persons head on head.id = key.person_id), '[]') as owners,
      coalesce((
        select jsonb_agg(jsonb_build_object('token', asked.token::text, 'person_ids', bearers.ids))
        from unnest(${tokens.flatMap((one) => one.tax_ids)}::bigint[]) as asked (token)
        cross join lateral (
          select array_agg(distinct coalesce(head.parent_id, head.id)) as ids
          from (
            select person_id from mpi.blind_indexes
            where token = asked.token and index_id = ${tax_index} and key_id = ${key_id} limit ${most_compared + 1}
          ) row join mpi.persons head on head.id = row.person_id
        ) bearers
        where bearers.ids is not null), '[]') as tax_bearers,
      coalesce((
        select jsonb_agg(asked.token::text)
        from unnest(${tokens.flatMap((one) => one.phones)}::bigint[]) as asked (token)
        cross join lateral (
          select from mpi.blind_indexes
          where token = asked.token and index_id = ${phone_index} and key_id = ${key_id} limit 1
        ) known), '[]') as known_phones`;
}

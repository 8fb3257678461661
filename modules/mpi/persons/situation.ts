import { sql } from 'kysely';
import type { MpiTransaction } from '../deps.ts';
import { index_definitions } from '../indexes/composites.ts';
import type { LiveGenerations } from '../indexes/generations.ts';
import type { Token } from '../indexes/tokens.ts';
import { phone_index } from './phone-fanout.ts';

/** What a write finds under its locks, told by one query. */
export type Situation = {
  /** The generations of index keys, for `HeldLocks.confirm`. */
  generations: string;
  /** Whether somebody lives, or lived, under the id. */
  known: boolean;
  /** Who has the identity keys, parents in place of merged ones. */
  owners: { token: Token; person_id: string }[];
  /** Who bears the tax number, parents in place of merged ones; some of them when they are many. */
  tax_bearers: string[];
  /** Whether anybody has one of the telephones. */
  shares_phone: boolean;
};

/** A number that clerks made up may meet many; people need not look at more pairs at once. */
const most_compared = 5;
const tax_index = index_definitions.find(({ name }) => name === 'tax_id')!.id;

export async function readSituation(
  transaction: MpiTransaction,
  { serving }: LiveGenerations,
  asked: { id: string; identity_tokens: Token[]; tax_tokens: Token[]; phone_tokens: Token[] },
): Promise<Situation> {
  const { rows } = await sql<Situation>`
    select
      (select string_agg(key_id || ' ' || state, ',' order by key_id) from mpi.index_generations where state <> 'retiring')
        as generations,
      exists (select from mpi.persons where id = ${asked.id}::uuid)
        or exists (select from mpi.person_aliases where id = ${asked.id}::uuid) as known,
      coalesce((
        select jsonb_agg(jsonb_build_object('token', key.token::text, 'person_id', coalesce(head.parent_id, head.id)))
        from mpi.identity_keys key join mpi.persons head on head.id = key.person_id
        where key.key_id = ${serving.key_id} and key.token = any(${asked.identity_tokens}::bigint[])), '[]') as owners,
      coalesce((
        select jsonb_agg(distinct coalesce(head.parent_id, head.id))
        from (
          select person_id from mpi.blind_indexes
          where token = any(${asked.tax_tokens}::bigint[]) and index_id = ${tax_index} and key_id = ${serving.key_id}
          limit ${most_compared + 1}
        ) row join mpi.persons head on head.id = row.person_id), '[]') as tax_bearers,
      exists (
        select from mpi.blind_indexes
        where token = any(${asked.phone_tokens}::bigint[]) and index_id = ${phone_index} and key_id = ${serving.key_id}
      ) as shares_phone`.execute(transaction);
  return rows[0]!;
}

import { sql } from 'kysely';
import type { Person } from '../contract.ts';
import type { MpiTransaction } from '../deps.ts';
import type { LiveGenerations } from './generations.ts';
import type { TokenMaker } from './tokens.ts';

/** Adds the rows of these data and leaves the others. */
export async function addIndexRows(
  transaction: MpiTransaction,
  generations: LiveGenerations,
  person_id: string,
  person: Person,
): Promise<void> {
  const rows = generations.written.flatMap((maker) => rowsOf(maker, person));
  await sql`
    insert into mpi.blind_indexes (token, index_id, key_id, person_id)
    select token, index_id, key_id, ${person_id}::uuid
    from unnest(${rows.map((row) => row.token)}::bigint[], ${rows.map((row) => row.index_id)}::smallint[],
      ${rows.map((row) => row.key_id)}::text[]) as row (token, index_id, key_id)
    on conflict do nothing`.execute(transaction);
}

function rowsOf(maker: TokenMaker, person: Person) {
  return maker.indexTokens(person).map((row) => ({ ...row, key_id: maker.key_id }));
}

/**
 * Claims the identity keys of the data for a person. Claims are never taken back but by erasure: an old passport keeps
 * pointing to its bearer. Keys that another person owns stay theirs.
 * @returns those other persons, parents in place of merged ones.
 */
export async function claimIdentityKeys(
  transaction: MpiTransaction,
  generations: LiveGenerations,
  person_id: string,
  person: Person,
): Promise<string[]> {
  const keys = generations.written.flatMap((maker) =>
    maker.identityTokens(person).map(({ token }) => ({ token, key_id: maker.key_id })),
  );
  if (keys.length === 0) return [];
  const tokens = keys.map((key) => key.token);
  const key_ids = keys.map((key) => key.key_id);
  await sql`
    insert into mpi.identity_keys (token, key_id, person_id)
    select token, key_id, ${person_id}::uuid from unnest(${tokens}::bigint[], ${key_ids}::text[]) as key (token, key_id)
    order by token
    on conflict on constraint identity_keys_one_owner do nothing`.execute(transaction);
  const { rows } = await sql<{ owner: string }>`
    select distinct coalesce(head.parent_id, head.id) as owner
    from mpi.identity_keys key join mpi.persons head on head.id = key.person_id
    where key.token = any(${tokens}::bigint[]) and key.key_id = any(${key_ids})
      and coalesce(head.parent_id, head.id) <> ${person_id}::uuid`.execute(transaction);
  return rows.map((row) => row.owner);
}

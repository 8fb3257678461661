import { sql } from 'kysely';
import type { MpiDatabase } from '../deps.ts';
import { type IndexName, index_definitions } from './composites.ts';
import type { TokenMaker } from './tokens.ts';

export type LookUp = { index: IndexName; composite: readonly string[] };

/**
 * Persons, parents in place of merged ones, who match every look-up; each look-up may match by the data of the parent or
 * of somebody merged into them. At most `limit`, so that many cost what few do.
 */
export async function lookUp(
  db: MpiDatabase,
  maker: TokenMaker,
  look_ups: readonly LookUp[],
  limit: number,
): Promise<string[]> {
  const [first, ...others] = look_ups.map((one) => matching(maker, one));
  if (!first) return [];
  const conditions = others.map(
    (other) => sql`and exists (
      select from (${other}) row join mpi.persons merged on merged.id = row.person_id
      where coalesce(merged.parent_id, merged.id) = coalesce(head.parent_id, head.id))`,
  );
  const { rows } = await sql<{ id: string }>`
    select distinct coalesce(head.parent_id, head.id) as id
    from (${first}) row join mpi.persons head on head.id = row.person_id
    where true ${sql.join(conditions, sql` `)}
    order by id limit ${limit}`.execute(db);
  return rows.map((row) => row.id);
}

/** The same for several look-ups by themselves, in one query. @returns for each, in the order given, whom it matches. */
export async function lookUpEach(
  db: MpiDatabase,
  maker: TokenMaker,
  look_ups: readonly LookUp[],
  limit: number,
): Promise<string[][]> {
  const { rows } = await sql<{ ids: string[] }>`
    select array(
      select distinct coalesce(head.parent_id, head.id) as id
      from mpi.blind_indexes row join mpi.persons head on head.id = row.person_id
      where row.token = asked.token and row.index_id = asked.index_id and row.key_id = ${maker.key_id}
      order by id limit ${limit}
    ) as ids
    from unnest(${look_ups.map(({ index, composite }) => maker.token(index, composite))}::bigint[],
      ${look_ups.map(({ index }) => indexId(index))}::smallint[]) with ordinality as asked (token, index_id, at)
    order by asked.at`.execute(db);
  return rows.map(({ ids }) => ids);
}

function matching(maker: TokenMaker, { index, composite }: LookUp) {
  return sql`
    select person_id from mpi.blind_indexes
    where token = ${maker.token(index, composite)}::bigint and index_id = ${indexId(index)} and key_id = ${maker.key_id}`;
}

function indexId(index: IndexName): number {
  return index_definitions.find(({ name }) => name === index)!.id;
}

import { sql } from 'kysely';
import type { PersonState } from '../contract.ts';
import type { MpiDatabase } from '../deps.ts';

/**
 * Who lives under these ids, and whether a version of that person, or of one merged into them, came from the given source.
 * Names nobody: no row is opened.
 */
export async function findPersonStates(
  db: MpiDatabase,
  persons: readonly { id: string; source_id: string }[],
): Promise<PersonState[]> {
  if (persons.length === 0) return [];
  const { rows } = await sql<PersonState>`
    select asked.id, asked.source_id, head.id as person_id, head.status, head.pseudonym,
      exists (
        select from mpi.person_versions version
        join mpi.persons owner on owner.id = version.person_id
        where (owner.id = head.id or owner.parent_id = head.id) and version.source_id = asked.source_id
      ) as knows_source
    from unnest(${persons.map((one) => one.id)}::uuid[], ${persons.map((one) => one.source_id)}::uuid[]) as asked (id, source_id)
    left join mpi.person_aliases alias on alias.id = asked.id
    join mpi.persons own on own.id = coalesce(alias.person_id, asked.id)
    join mpi.persons head on head.id = coalesce(own.parent_id, own.id)`.execute(db);
  return rows;
}

import { createGroupedLookup, type GroupedLookup } from '@zdravo/kit/groups';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import type { SealedPerson } from '../vault/seal.ts';
import type { Head } from './heads.ts';

/** Who lives under an id now, with the ids merged into them and the present version, still sealed. */
export type FoundPerson = Head & { merged_ids: string[] } & (SealedPerson | { [Name in keyof SealedPerson]: null });

/** Persons by the id that was asked for: a parent's, a merged person's, or an alias. */
export type PersonLookup = GroupedLookup<FoundPerson>;

/** What is asked for at once is read together, in one statement that sees head and version at one moment. */
export function createPersonLookup(db: Kysely<Tables>): PersonLookup {
  return createGroupedLookup(async (ids) => {
    const { rows } = await sql<FoundPerson & { asked_id: string }>`
      select wanted.id as asked_id, head.id, head.status, head.version, head.pseudonym, head.erased_at,
        row.schema_version, row.data_key, row.ciphertext,
        array(select merged.id from mpi.persons merged where merged.parent_id = head.id order by merged.id) as merged_ids
      from unnest(${ids}::uuid[]) wanted (id)
      left join mpi.person_aliases alias on alias.id = wanted.id
      join mpi.persons asked on asked.id = coalesce(alias.person_id, wanted.id)
      join mpi.persons head on head.id = coalesce(asked.parent_id, asked.id)
      left join mpi.person_versions row
        on row.person_id = head.id and row.version = head.version and head.status = 'active'`.execute(db);
    return new Map(rows.map(({ asked_id, ...found }) => [asked_id, found as FoundPerson]));
  });
}

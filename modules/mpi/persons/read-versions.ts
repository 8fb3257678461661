import type { Person } from '../contract.ts';
import type { MpiDatabase, MpiDeps } from '../deps.ts';
import { openPerson } from '../vault/seal.ts';
import { keyMissing } from '../vault/unreadable.ts';

/**
 * The present data of living persons, opened. Ids are those of parents; others are left out.
 * @throws KeyError for a ciphertext or key that does not open; Problem 503 for a key that is gone.
 */
export async function openPersons(
  deps: Pick<MpiDeps, 'keys' | 'log'>,
  db: MpiDatabase,
  ids: readonly string[],
): Promise<Map<string, Person>> {
  if (ids.length === 0) return new Map();
  const [rows, keys] = await Promise.all([presentVersions(db, ids), deps.keys.findMany(ids)]);
  return new Map(
    rows.map((row) => {
      const key = keys.get(row.person_id);
      if (!key) throw keyMissing(deps, row.person_id);
      return [row.person_id, openPerson(key, row, row)];
    }),
  );
}

function presentVersions(db: MpiDatabase, ids: readonly string[]) {
  return db
    .selectFrom('mpi.persons as head')
    .innerJoin('mpi.person_versions as row', (join) =>
      join.onRef('row.person_id', '=', 'head.id').onRef('row.version', '=', 'head.version'),
    )
    .select(['row.person_id', 'row.version', 'row.schema_version', 'row.data_key', 'row.ciphertext'])
    .where('head.id', 'in', [...ids])
    .where('head.status', '=', 'active')
    .execute();
}

import { KeyError } from '@zdravo/kit/keys';
import type { Person } from '../contract.ts';
import type { MpiDatabase, MpiDeps } from '../deps.ts';
import { openPerson } from '../vault/seal.ts';

/**
 * The present data of living persons, opened. Ids are those of parents; others are left out.
 * @throws KeyError for a ciphertext or key that does not open or is gone.
 */
export async function openPersons(
  deps: Pick<MpiDeps, 'keys'>,
  db: MpiDatabase,
  ids: readonly string[],
): Promise<Map<string, Person>> {
  if (ids.length === 0) return new Map();
  const [rows, keys] = await Promise.all([presentVersions(db, ids), deps.keys.findMany(ids)]);
  return new Map(rows.map((row) => [row.person_id, openPerson(present(keys.get(row.person_id)), row, row)]));
}

export type OpenedVersion = {
  version: number;
  written_as: string | null;
  source_type: string;
  source_id: string;
  recorded_at: string;
  person: Person;
};

/** Every version of one person in order, opened. @throws KeyError */
export async function versionsOf(
  deps: Pick<MpiDeps, 'keys'>,
  db: MpiDatabase,
  person_id: string,
): Promise<OpenedVersion[]> {
  const key = present(await deps.keys.find(person_id));
  const rows = await db
    .selectFrom('mpi.person_versions')
    .selectAll()
    .where('person_id', '=', person_id)
    .orderBy('version')
    .execute();
  return rows.map((row) => ({ ...row, person: openPerson(key, row, row) }));
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

/** @throws KeyError when a living person has no key. */
export function present(key: Uint8Array | undefined): Uint8Array {
  if (key) return key;
  throw new KeyError(
    'key_unknown',
    'The data key of a living person is gone.',
    'Restore the key database from its latest backup; nobody erased this person.',
  );
}

import pg from 'pg';

/** Of the patient index: tables with many rows for each person, whose keys no other table refers to. */
const bulky = ['blind_indexes', 'linkage_blocks', 'linkage_sketches', 'person_versions'];

type Index = { drop: string; make: string };

/** Loads without the indexes of the bulkiest tables and makes them at the end: sorted once, not entered at random places. */
export async function withIndexesAfterwards<Result>(
  database_url: string,
  load: () => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: database_url });
  await client.connect();
  try {
    const { rows } = await client.query<Index>(indexes, [bulky]);
    for (const { drop } of rows) await client.query(drop);
    const result = await load();
    await client.query(`set maintenance_work_mem = '1GB'; set max_parallel_maintenance_workers = 2`);
    for (const { make } of rows) await client.query(make);
    return result;
  } finally {
    await client.end();
  }
}

const indexes = `
  select case when key.oid is null then format('drop index %s', index.indexrelid::regclass)
      else format('alter table %s drop constraint %I', index.indrelid::regclass, key.conname) end as drop,
    case when key.oid is null then pg_get_indexdef(index.indexrelid)
      else format('alter table %s add constraint %I %s', index.indrelid::regclass, key.conname, pg_get_constraintdef(key.oid))
      end as make
  from pg_index index left join pg_constraint key on key.conindid = index.indexrelid and key.contype in ('p', 'u')
  where index.indrelid = any(select format('mpi.%I', name)::regclass from unnest($1::text[]) name)`;

import { type RawBuilder, sql } from 'kysely';

/**
 * SHA-256 of a stored version, all its columns, in PostgreSQL's binary form of a row: their number, then type, length and
 * bytes of each (length −1 for null). Computed where the bytes lie, which spares sending them.
 * @param row the alias of `mpi.person_versions` in the query.
 */
export function digestOf(row: string): RawBuilder<Buffer> {
  const columns = digested_columns.map((column) => sql.ref(`${row}.${column}`));
  return sql<Buffer>`pg_catalog.sha256(pg_catalog.record_send(row(${sql.join(columns)})))`;
}

/** In this order, for good: another column of the table is not covered until a new kind of batch says so. */
export const digested_columns = [
  'person_id',
  'version',
  'schema_version',
  'data_key',
  'source_type',
  'source_id',
  'written_as',
  'recorded_at',
  'content_mac',
  'ciphertext',
] as const;

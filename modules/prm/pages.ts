import { type RawBuilder, sql } from 'kysely';

/** `and`-joined equalities of the named columns that are given; other members of `conditions` are no conditions. */
export function equalities(
  alias: string,
  columns: readonly string[],
  conditions: Record<string, unknown>,
): RawBuilder<boolean> {
  const given = columns.filter((name) => conditions[name] !== undefined);
  const tests = given.map((name) => sql<boolean>`${sql.ref(`${alias}.${name}`)} = ${conditions[name]}`);
  return sql<boolean>`${sql.join([sql`true`, ...tests], sql` and `)}`;
}

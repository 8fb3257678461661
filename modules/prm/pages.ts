import { type RawBuilder, sql } from 'kysely';

/** `and`-joined equalities of the members that are given. */
export function equalities(alias: string, conditions: Record<string, unknown>): RawBuilder<boolean> {
  const given = Object.entries(conditions).filter(([, value]) => value !== undefined);
  const tests = given.map(([name, value]) => sql<boolean>`${sql.ref(`${alias}.${name}`)} = ${value}`);
  return sql<boolean>`${sql.join([sql`true`, ...tests], sql` and `)}`;
}

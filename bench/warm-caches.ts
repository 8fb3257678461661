import pg from 'pg';

/**
 * Brings every index, and these tables, into memory: there they are on a server that has served for a while, and `pg_prewarm`
 * brings them back after a restart.
 */
export async function warmCaches(database_urls: readonly string[], tables: readonly string[] = []): Promise<void> {
  for (const connectionString of database_urls) {
    const client = new pg.Client({ connectionString });
    await client.connect();
    await client.query('create extension if not exists pg_prewarm');
    await client.query(`select pg_prewarm(oid::regclass) from pg_class where relkind = 'i' and relpersistence = 'p'`);
    await client.query(
      `select pg_prewarm(oid::regclass, 'read') from pg_class where relkind = 'r' and relname = any($1)`,
      [tables],
    );
    await client.end();
  }
}

import { setTimeout } from 'node:timers/promises';
import { connectionUrl } from '@zdravo/kit/db';
import pg from 'pg';
import { feed_role, type Source } from './sources.ts';

export type SlotState = 'missing' | 'usable' | 'lost';

/**
 * Prepares a source, as its migrator: the feed's role may read exactly the published columns, and the role that
 * reports run under may not even connect.
 */
export async function prepareSource(client: pg.Client, source: Source, password: string): Promise<void> {
  await inLock(client, async () => {
    await createFeedRole(client, password);
    await client.query(`
      do $$ begin execute format('revoke connect on database %I from public', current_database()); end $$;
      do $$ declare one text; begin
        for one in select rolname from pg_roles where rolname like 'zdravo\\_%' and rolname not in ('zdravo_reports') loop
          execute format('grant connect on database %I to %I', current_database(), one);
        end loop;
      end $$`);
    await grantPublished(client, source);
  });
}

export async function slotState(client: pg.Client, slot: string): Promise<SlotState> {
  const { rows } = await client.query<{ lost: boolean }>(
    `select coalesce(wal_status = 'lost', false) as lost from pg_replication_slots where slot_name = $1 and database = current_database()`,
    [slot],
  );
  if (!rows[0]) return 'missing';
  return rows[0].lost ? 'lost' : 'usable';
}

export async function createSlot(client: pg.Client, slot: string): Promise<void> {
  await client.query(`select pg_create_logical_replication_slot($1, 'pgoutput')`, [slot]);
}

export async function dropSlot(client: pg.Client, slot: string): Promise<void> {
  await client.query('select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = $1', [
    slot,
  ]);
}

/** How a subscription reaches the source: as the feed's role. */
export function feedConnection(source: Source, password: string): string {
  return connectionUrl(source.url, { user: feed_role, password });
}

export async function connect(url: string, name: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  client.on('error', () => {});
  await client.connect();
  return client;
}

/** A role belongs to the server, the lock only to one database: whoever prepares another source may alter it at once. */
async function createFeedRole(client: pg.Client, password: string): Promise<void> {
  const secret = client.escapeLiteral(password);
  for (let attempt = 1; ; attempt++) {
    try {
      await client.query(`
        do $$ begin create role ${feed_role} login replication; exception when duplicate_object or unique_violation then null; end $$;
        alter role ${feed_role} login replication password ${secret}`);
      return;
    } catch (error) {
      if (attempt >= 50 || !isConcurrentUpdate(error)) throw error;
      await setTimeout(20 + Math.random() * 40);
    }
  }
}

/** PostgreSQL has no code of its own for two who alter one row of a catalogue at once ("tuple concurrently updated"). */
function isConcurrentUpdate(error: unknown): boolean {
  const { code, routine } = error as pg.DatabaseError;
  return code === 'XX000' && (routine === 'simple_heap_update' || routine === 'simple_heap_delete');
}

/** Column by column: a column that is added to a table without being published stays out of the feed's reach. */
async function grantPublished(client: pg.Client, source: Source): Promise<void> {
  const { rows } = await client.query<{ schemaname: string; tablename: string; columns: string[] }>(
    `select schemaname, tablename, attnames::text[] as columns from pg_publication_tables where pubname = any($1)`,
    [source.publications],
  );
  const missing = source.publications.length > 0 && rows.length === 0;
  if (missing) throw new Error(`The source ${source.name} has no publication ${source.publications.join(', ')}.`);
  for (const { schemaname, tablename, columns } of rows) {
    const name = (text: string) => client.escapeIdentifier(text);
    const list = columns.map(name).join(', ');
    await client.query(`
      grant usage on schema ${name(schemaname)} to ${feed_role};
      grant select (${list}) on ${name(schemaname)}.${name(tablename)} to ${feed_role}`);
  }
}

/** Two processes that prepare one source at once must not both grant: PostgreSQL refuses concurrent updates of a catalogue row. */
async function inLock(client: pg.Client, work: () => Promise<void>): Promise<void> {
  await client.query('select pg_advisory_lock(7202612)');
  try {
    await work();
  } finally {
    await client.query('select pg_advisory_unlock(7202612)');
  }
}

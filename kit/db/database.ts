import { Kysely, type Transaction as KyselyTransaction, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { Logger } from '../log/index.ts';
import { createStatementNames, namingClient } from './named-statements.ts';

export type Database<Tables> = {
  db: Kysely<Tables>;
  /** For COPY and LISTEN, which Kysely does not speak. */
  pool: pg.Pool;
  close(): Promise<void>;
};

export type Transaction<Tables> = KyselyTransaction<Tables>;
/** A connection or a transaction: what a query function takes. */
export type TransactionOf<Tables> = Kysely<Tables> | KyselyTransaction<Tables>;

export type DatabaseOptions = {
  url: string;
  /** The role that the sessions run as; the login role must be a member of it. */
  role?: string;
  pool_size?: number;
  statement_timeout_ms?: number;
  /**
   * For a module whose statements all find few rows by keys or in the order of an index: what is prepared is planned once, not
   * again for the values of each call, and by the indexes also while the tables are small: they grow, and plans are kept.
   */
  plans_once?: boolean;
  application_name: string;
  log?: Logger;
};

/**
 * Opens a pool whose sessions run in UTC, under `role`, with limits on statements and idle transactions. What is asked again
 * and again is prepared once per connection: a pooler between must keep prepared statements (PgBouncer from 1.21 on).
 */
export function openDatabase<Tables>(options: DatabaseOptions): Database<Tables> {
  const pool = new pg.Pool({
    Client: namingClient(createStatementNames()),
    connectionString: options.url,
    max: options.pool_size ?? 10,
    application_name: options.application_name,
    options: sessionOptions(options),
    types: { getTypeParser },
  });
  // The pool reports its end before its last sockets are closed: a server that stops then is no news.
  let closing = false;
  const lost = (what: string) => (error: Error) => {
    if (!closing) options.log?.warn({ err: error }, what);
  };
  // Without a listener, a connection that the server closes while idle kills the process.
  pool.on('error', lost('an idle database connection was lost'));
  // The pool's listener covers idle connections only: one that is lost while a transaction pauses would do the same.
  pool.on('connect', (client) => client.on('error', lost('a database connection was lost')));
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  const close = () => {
    closing = true;
    return db.destroy();
  };
  return { db, pool, close };
}

/** Whatever reads a table from end to end is refused, where an index can do; before PostgreSQL 18 that looked costly enough to compile. */
const plans_for_keys = [
  ['plan_cache_mode', 'force_generic_plan'],
  ...['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin', 'enable_material', 'jit'].map((name) => [name, 'off']),
];

function sessionOptions(options: DatabaseOptions): string {
  const settings = [
    ['TimeZone', 'UTC'],
    ['statement_timeout', String(options.statement_timeout_ms ?? 10_000)],
    ['idle_in_transaction_session_timeout', '30000'],
    ...(options.plans_once ? plans_for_keys : []),
    ...(options.role ? [['role', options.role]] : []),
  ];
  return settings.map(([name, value]) => `-c ${name}=${value}`).join(' ');
}

const { builtins } = pg.types;

/** Dates stay text (a birth date is not an instant); instants are ISO text in UTC with their microseconds. */
function getTypeParser(oid: number, format?: 'text' | 'binary') {
  if (format !== 'binary') {
    if (oid === builtins.DATE || oid === builtins.NUMERIC) return (text: string) => text;
    if (oid === builtins.TIMESTAMPTZ) return isoInstant;
    if (oid === builtins.INT8) return safeInteger;
    if (oid === date_array_oid) return pg.types.getTypeParser(text_array_oid, 'text');
  }
  return pg.types.getTypeParser(oid, format);
}

const text_array_oid = 1009 as number;
const date_array_oid = 1182 as number;

/** `2026-11-23 10:00:00.5+00` → `2026-11-23T10:00:00.500000Z`. */
function isoInstant(text: string): string {
  const [date, time] = text.split(' ') as [string, string];
  const [clock, fraction = ''] = time.slice(0, time.lastIndexOf('+')).split('.') as [string, string?];
  return `${date}T${clock}.${fraction.padEnd(6, '0')}Z`;
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('an int8 is beyond the safe integers');
  return value;
}

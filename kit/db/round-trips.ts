import { type CompiledQuery, Kysely, PostgresDialect } from 'kysely';
import type pg from 'pg';
import type { Transaction } from './database.ts';

/** A transaction whose statements leave together where none has to wait for the answer to another. */
export type FewRoundTrips<Tables> = {
  /**
   * Sends all at once, the first time behind `begin`. Each sees what was committed before it began, so also what a lock before
   * it waited for. @returns the rows of each. @throws the first error.
   */
  send(statements: readonly CompiledQuery[]): Promise<unknown[][]>;
  /** The same with `commit` behind it; nothing follows. */
  finish(statements: readonly CompiledQuery[]): Promise<unknown[][]>;
  /** For what has to wait: the same transaction, one statement after the other. */
  oneByOne(): Promise<Transaction<Tables>>;
};

/**
 * Runs a transaction in as few round trips as its work allows; on a busy server each costs more than what it carries. It is
 * committed when the work ends, unless that did so itself.
 * @throws what the work throws. Nothing has happened then, unless `finish` lost the connection: whoever writes by this can repeat it.
 */
export async function inFewRoundTrips<Tables, Result>(
  pool: pg.Pool,
  work: (trips: FewRoundTrips<Tables>) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  const is = { begun: false, ended: false };
  const send = async (statements: readonly CompiledQuery[], is_last: boolean) => {
    const opening = is.begun ? [] : ['begin'];
    Object.assign(is, { begun: true, ended: is_last });
    const rows = await sendTogether(client, [...opening, ...statements, ...(is_last ? ['commit'] : [])]);
    return rows.slice(opening.length, opening.length + statements.length);
  };
  try {
    const result = await work({
      send: (statements) => send(statements, false),
      finish: (statements) => send(statements, true),
      oneByOne: async () => {
        if (!is.begun) await send([], false);
        return transactionOn<Tables>(client);
      },
    });
    if (is.begun && !is.ended) await client.query('commit');
    return result;
  } catch (error) {
    if (client.getTransactionStatus() !== 'I') await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release(client.getTransactionStatus() !== 'I');
  }
}

/** A whole transaction in one round trip. @returns the rows of each statement. @throws as `inFewRoundTrips`. */
export function inOneRoundTrip(pool: pg.Pool, statements: readonly CompiledQuery[]): Promise<unknown[][]> {
  return inFewRoundTrips(pool, ({ finish }) => finish(statements));
}

/** Sending without waiting is for these times only: a connection that always does could not COPY. */
type Wire = { pipeline: boolean; connection: { stream: { cork(): void; uncork(): void } } };

async function sendTogether(client: pg.PoolClient, statements: readonly (CompiledQuery | string)[]) {
  const wire = client as unknown as Wire;
  const { stream } = wire.connection;
  wire.pipeline = true;
  stream.cork();
  let sent: Promise<pg.QueryResult>[];
  try {
    sent = statements.map((one) =>
      typeof one === 'string' ? client.query(one) : client.query(one.sql, [...one.parameters]),
    );
  } finally {
    stream.uncork();
  }
  const outcomes = await Promise.allSettled(sent);
  wire.pipeline = false;
  return outcomes.map((outcome): unknown[] => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value.rows;
  });
}

/** What has begun on a connection, as Kysely knows it; who began it ends it. */
function transactionOn<Tables>(client: pg.PoolClient): Promise<Transaction<Tables>> {
  const begun = { rows: [], rowCount: 0, command: 'BEGIN' };
  const connection = {
    query: (text: string, values: unknown[]) =>
      text === 'begin' ? Promise.resolve(begun) : client.query(text, values),
    release: () => undefined,
  };
  const pool = { connect: async () => connection, end: async () => undefined };
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool: pool as never }) }).startTransaction().execute();
}

import type { CompiledQuery } from 'kysely';
import type pg from 'pg';

/** Sending without waiting is for this one time: a connection that always does could not COPY. */
type Wire = { pipeline: boolean; connection: { stream: { cork(): void; uncork(): void } } };

/**
 * Runs statements in one transaction and one round trip: all leave at once, from `begin` to `commit`. Each sees what was
 * committed before it began, so also what a lock before it waited for.
 * @returns the rows of each. @throws the first error. Nothing has happened then, unless it was the connection that was lost: whoever
 * writes by this can repeat it.
 */
export async function inOneRoundTrip(pool: pg.Pool, statements: readonly CompiledQuery[]): Promise<unknown[][]> {
  const client = await pool.connect();
  const wire = client as unknown as Wire;
  wire.pipeline = true;
  const outcomes = await Promise.allSettled(sendTogether(client, wire, statements));
  wire.pipeline = false;
  client.release(client.getTransactionStatus() !== 'I');
  const results = outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value.rows;
  });
  return results.slice(1, -1);
}

function sendTogether(client: pg.PoolClient, wire: Wire, statements: readonly CompiledQuery[]) {
  const { stream } = wire.connection;
  stream.cork();
  try {
    return [
      client.query('begin'),
      ...statements.map(({ sql, parameters }) => client.query(sql, [...parameters])),
      client.query('commit'),
    ];
  } finally {
    stream.uncork();
  }
}

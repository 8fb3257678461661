import pg from 'pg';

const patience_ms = 10_000;

/** Why a database cannot be used, for an operator and without its URL, which holds a password; nothing when it answers. */
export async function withinReach(url: string): Promise<string | undefined> {
  let client: pg.Client;
  try {
    client = new pg.Client({ connectionString: url, connectionTimeoutMillis: patience_ms });
  } catch {
    return 'it is no URL of a database';
  }
  // An idle connection that breaks tells so beside the call that waits for it.
  client.on('error', () => {});
  try {
    await client.connect();
    await client.end();
    return undefined;
  } catch (error) {
    const { message, code } = error as Error & { code?: string };
    return `the database does not let this program in (${message || code})`;
  }
}

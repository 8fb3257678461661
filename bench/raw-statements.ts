import pg from 'pg';

// What the same PostgreSQL does when nobody asks for anything but rows: the baseline of `sign` and `read`.

const seven_tables = [1, 2, 3, 4, 5, 6, 7].map((number) => `raw_${number}`);

/** Seven inserts in one durable transaction, from `clients` connections for some seconds. @returns transactions a second. */
export async function rawTransactionsPerSecond(url: string, clients: number, seconds: number): Promise<number> {
  const each = (statement: (table: string) => string) => once(url, seven_tables.map(statement).join(';'));
  // What is measured after it shall not share the machine with the vacuum of these.
  await each(
    (table) =>
      `drop table if exists ${table}; create table ${table} (id uuid primary key, body jsonb) with (autovacuum_enabled = off)`,
  );
  const body = JSON.stringify({ text: 'x'.repeat(600) });
  const transaction = async (client: pg.Client) => {
    await client.query('begin');
    for (const table of seven_tables)
      await client.query({ name: table, text: `insert into ${table} values (gen_random_uuid(), $1)`, values: [body] });
    await client.query('commit');
  };
  try {
    return await perSecond(url, clients, seconds, transaction);
  } finally {
    await each((table) => `drop table ${table}`);
  }
}

/** Indexed reads of one row by its id. @returns reads a second. */
export async function rawReadsPerSecond(url: string, clients: number, seconds: number): Promise<number> {
  await once(
    url,
    `create table if not exists raw_rows (id integer primary key, body jsonb);
     insert into raw_rows select id, jsonb_build_object('text', repeat('x', 1500)) from generate_series(1, 1000) id on conflict do nothing`,
  );
  const text = 'select body from raw_rows where id = $1';
  const read = async (client: pg.Client) => {
    await client.query({ name: 'raw_read', text, values: [1 + Math.floor(Math.random() * 1000)] });
  };
  return perSecond(url, clients, seconds, read);
}

async function perSecond(url: string, clients: number, seconds: number, work: (client: pg.Client) => Promise<void>) {
  const end = performance.now() + seconds * 1000;
  const counts = await Promise.all(
    Array.from({ length: clients }, async () => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      let count = 0;
      while (performance.now() < end) {
        await work(client);
        count++;
      }
      await client.end();
      return count;
    }),
  );
  return counts.reduce((sum, count) => sum + count, 0) / seconds;
}

async function once(url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(text);
  await client.end();
}

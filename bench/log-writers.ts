import { randomBytes, randomUUID } from 'node:crypto';
import type { Sequencer } from '@zdravo/ops';
import pg from 'pg';

const round_ms = 3_000;
const rounds = 3;

type Variant = (client: pg.PoolClient) => Promise<void>;

const version = `insert into ops.declaration_versions (declaration_id, version, op, status, body, sealed_seed, leaf_hash)
  values ($1, 1, 'create', 'active', $2, $3, $4)`;
const body = Buffer.alloc(900, 'x');
const seed = Buffer.alloc(60, 1);
const entry = Buffer.alloc(220, 'y');

/** The business insert alone. */
const plain: Variant = async (client) => {
  await client.query({ name: 'plain', text: version, values: [randomUUID(), body, seed, randomBytes(32)] });
};

/** The same with its leaf, in one statement, while the sequencer places and publishes. */
const logged: Variant = async (client) => {
  const text = `with version as (${version}) insert into ops.pending_leaves (record_id, version, entry) values ($1, 1, $5)`;
  await client.query({ name: 'logged', text, values: [randomUUID(), body, seed, randomBytes(32), entry] });
};

/** The control: a hash chain whose head every transaction waits for. */
const chained: Variant = async (client) => {
  await client.query('begin');
  await client.query('select hash from chain_head for update');
  await plain(client);
  await client.query('update chain_head set hash = $1', [randomBytes(32)]);
  await client.query('commit');
};

/**
 * The writer's rate with the log and with a serial chain, each as a share of the same insert without either. The three
 * take turns, so that whatever else the machine does meets all of them.
 */
export async function measureWriters(
  url: string,
  sequencer: Sequencer,
  clients: number,
): Promise<{ writer: number; serial_chain: number }> {
  const pool = new pg.Pool({ connectionString: url, max: clients });
  await pool.query('create table chain_head (hash bytea); insert into chain_head values (null)');
  const counts = { plain: 0, logged: 0, chained: 0 };
  for (let round = 0; round < rounds; round++) {
    counts.plain += await countDuring(pool, clients, plain);
    counts.logged += await countDuring(pool, clients, logged);
    await sequencer.drain();
    counts.chained += await countDuring(pool, clients, chained);
  }
  await pool.end();
  return { writer: counts.logged / counts.plain, serial_chain: counts.chained / counts.plain };
}

async function countDuring(pool: pg.Pool, clients: number, variant: Variant): Promise<number> {
  const end = performance.now() + round_ms;
  let count = 0;
  const one = async () => {
    const client = await pool.connect();
    while (performance.now() < end) {
      await variant(client);
      count += 1;
    }
    client.release();
  };
  await Promise.all(Array.from({ length: clients }, one));
  return count;
}

import type { Logger } from '@zdravo/kit/log';
import {
  appendLeaves,
  decodeFrontier,
  EMPTY_FRONTIER,
  encodeFrontier,
  type Frontier,
  frontierRoot,
  hashLeaf,
} from '@zdravo/tlog';
import { type Kysely, sql, type Transaction } from 'kysely';
import type { Tables } from './tables.ts';

export type Sequencer = {
  /** Places all leaves that wait now. @returns how many. */
  drain(): Promise<number>;
  start(): void;
  stop(): Promise<void>;
};

const batch_size = 4096;
const leader_lock = 7_202_612;

type PendingLeaf = { position: number; declaration_id: string; version: number; entry: Buffer };

/**
 * Gives the leaves of committed versions their gap-free places in the Merkle log. One leader at a time (advisory lock);
 * a batch, the tree's frontier and the new head are written in one transaction, so a crash loses and repeats nothing.
 */
export function createSequencer({
  db,
  log,
  interval_ms = 300,
}: {
  db: Kysely<Tables>;
  log: Logger;
  interval_ms?: number;
}): Sequencer {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let stopped = false;

  async function drain(): Promise<number> {
    let placed = 0;
    for (;;) {
      const count = await db.transaction().execute(placeBatch);
      placed += count;
      if (count < batch_size) return placed;
    }
  }

  function schedule(delay_ms: number): void {
    if (stopped) return;
    timer = setTimeout(() => {
      running = drain()
        .catch((error: unknown) => log.error({ err: error }, 'the sequencer failed; it tries again'))
        .finally(() => schedule(interval_ms));
    }, delay_ms);
  }

  return {
    drain,
    start: () => schedule(0),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
    },
  };
}

async function placeBatch(transaction: Transaction<Tables>): Promise<number> {
  const { rows } = await sql<{ leader: boolean }>`select pg_try_advisory_xact_lock(${leader_lock}) as leader`.execute(
    transaction,
  );
  if (!rows[0]!.leader) return 0;
  const leaves = await takeLeaves(transaction);
  if (leaves.length === 0) return 0;
  const before = await readFrontier(transaction);
  const after = appendLeaves(
    before,
    leaves.map((leaf) => hashLeaf(leaf.entry)),
  );
  await storeEntries(transaction, Number(before.end), leaves);
  await storeHead(transaction, after);
  return leaves.length;
}

async function takeLeaves(transaction: Transaction<Tables>): Promise<PendingLeaf[]> {
  const { rows } = await sql<PendingLeaf>`
    delete from ops.pending_leaves where position = any(array(
      select position from ops.pending_leaves order by position limit ${batch_size}))
    returning position, declaration_id, version, entry`.execute(transaction);
  return rows.sort((a, b) => a.position - b.position);
}

async function readFrontier(transaction: Transaction<Tables>): Promise<Frontier> {
  const state = await transaction.selectFrom('ops.log_state').select('frontier').executeTakeFirst();
  return state ? decodeFrontier(state.frontier) : EMPTY_FRONTIER;
}

async function storeEntries(
  transaction: Transaction<Tables>,
  first_index: number,
  leaves: PendingLeaf[],
): Promise<void> {
  await sql`
    insert into ops.log_entries (leaf_index, entry, declaration_id, version)
    select ${first_index} + ordinality - 1, entry, declaration_id, version
    from unnest(${leaves.map((leaf) => leaf.entry)}::bytea[], ${leaves.map((leaf) => leaf.declaration_id)}::uuid[],
      ${leaves.map((leaf) => leaf.version)}::integer[]) with ordinality as leaf (entry, declaration_id, version, ordinality)`.execute(
    transaction,
  );
}

async function storeHead(transaction: Transaction<Tables>, frontier: Frontier): Promise<void> {
  const bytes = Buffer.from(encodeFrontier(frontier));
  await sql`
    insert into ops.log_state (frontier) values (${bytes})
    on conflict (only_row) do update set frontier = excluded.frontier`.execute(transaction);
  await transaction
    .insertInto('ops.log_heads')
    .values({ size: Number(frontier.end), root: Buffer.from(frontierRoot(frontier)) })
    .execute();
}

import type { Logger } from '@zdravo/kit/log';
import { type CosigningResult, frontierRoot, gatherCosignatures, proveConsistency, signCheckpoint } from '@zdravo/tlog';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';
import { refuseFork, refuseWitnessFork } from './fork-guard.ts';
import { removeSuperseded } from './partial-tiles.ts';
import { type Placed, readFrontier } from './placing.ts';
import { extendEdge, loadSignedEdge, type PublishedEdge } from './published-edge.ts';
import { LogRefusal } from './refusals.ts';
import { originOf, published_name, signed_name, type TransparencyLog } from './transparency-log.ts';

export type Publisher = {
  /** Refuses when going on would fork or cut the log. Before anything is placed. @throws LogRefusal. */
  guard(db: Kysely<Tables>): Promise<void>;
  /** Signs and publishes all placed leaves, the last of which may be at hand. @returns whether the newest checkpoint has its quorum. @throws LogRefusal. */
  publish(db: Kysely<Tables>, at_hand: Placed): Promise<boolean>;
  /** Waits for late cosignatures. */
  settle(): Promise<void>;
};

const chunk_size = 16_384;

/**
 * Publication in the only order that no crash can turn into a fork (trust.md §6.4): entry bundles and tiles, then the
 * signed checkpoint by compare-and-swap into a store outside PostgreSQL, then cosignatures until the quorum is met, then
 * `/checkpoint`. Called by the leader alone; a second one would lose at the compare-and-swap.
 */
export function createPublisher(transparency_log: TransparencyLog, log: Logger): Publisher {
  const known_sizes = new Map<string, bigint>();
  let edge: PublishedEdge | undefined;
  let published_size = -1n;
  let late: Promise<unknown> = Promise.resolve();
  let witnesses_asked = false;

  async function guard(db: Kysely<Tables>): Promise<void> {
    const stored = await transparency_log.checkpoints.get(signed_name);
    if (!edge || !sameBytes(edge.note, stored)) edge = await loadSignedEdge(transparency_log);
    await refuseFork(db, edge);
    if (witnesses_asked) return;
    await refuseWitnessFork(transparency_log, edge);
    witnesses_asked = true;
  }

  async function publish(db: Kysely<Tables>, at_hand: Placed): Promise<boolean> {
    edge ??= await loadSignedEdge(transparency_log);
    if (published_size < 0n) published_size = await newestPublished(db);
    const grown = await writeFiles(db, edge, at_hand);
    if (!edge.note || grown.size > edge.size) edge = await sign(grown, edge);
    if (published_size >= edge.size) return true;
    return cosignAndPublish(db, edge);
  }

  /** All files up to the newest placed leaf; the root must be the one that the database's own frontier has. */
  async function writeFiles(db: Kysely<Tables>, from: PublishedEdge, at_hand: Placed): Promise<PublishedEdge> {
    const frontier = await readFrontier(db);
    let grown = from;
    while (grown.size < frontier.end) {
      const entries = at_hand.first === grown.size ? at_hand.entries : await readPlaced(db, grown.size);
      if (entries.length === 0) throw new LogRefusal('database_forked', `no entry ${grown.size} of ${frontier.end}`);
      grown = await extendEdge(transparency_log.tiles, grown, entries);
    }
    if (!sameBytes(grown.root, frontierRoot(frontier)))
      throw new LogRefusal('database_forked', `another root at ${grown.size} leaves`);
    return grown;
  }

  async function sign(grown: PublishedEdge, before: PublishedEdge): Promise<PublishedEdge> {
    const note = await signCheckpoint({
      checkpoint: { origin: originOf(transparency_log), size: grown.size, root: grown.root, extensions: [] },
      signers: transparency_log.signers,
      timestamp: BigInt(Math.floor(Date.now() / 1000)),
    });
    if (await transparency_log.checkpoints.compareAndSwap(signed_name, before.note, note)) return { ...grown, note };
    edge = undefined;
    throw new Error('Another sequencer has signed in between; what it signed is read again.');
  }

  async function cosignAndPublish(db: Kysely<Tables>, { size, root, note }: PublishedEdge): Promise<boolean> {
    const result = await gatherCosignatures({
      checkpoint: note!,
      policy: transparency_log.policy,
      known_sizes,
      prove: async (old_size) =>
        old_size > size ? [] : proveConsistency({ store: transparency_log.tiles, old_size, size }),
      timeout_ms: transparency_log.witness_timeout_ms,
    });
    noteOutcomes(result, size);
    if (!result.quorum_met) return false;
    await writePublished(result.checkpoint);
    await sql`
      insert into ops.log_checkpoints (size, root, note)
      values (${Number(size)}, ${Buffer.from(root)}, ${Buffer.from(result.checkpoint)})
      on conflict (size) do nothing`.execute(db);
    await removeSuperseded(transparency_log.tiles, published_size, size);
    published_size = size;
    late = addLate(result, size).catch((error: unknown) => log.warn({ err: error }, 'late cosignatures were not kept'));
    return true;
  }

  function noteOutcomes({ outcomes }: Pick<CosigningResult, 'outcomes'>, size: bigint): void {
    for (const [name, given] of outcomes) {
      if (given.outcome === 'ahead')
        throw new LogRefusal('witness_ahead', `${name} holds ${given.size} leaves, signed are ${size}`);
      if (given.outcome === 'cosigned') known_sizes.set(name, size);
      else log.warn({ witness: name, outcome: given.outcome }, 'a witness did not cosign');
    }
  }

  /** Witnesses that the quorum did not wait for are added to the published checkpoint while it is still the newest. */
  async function addLate({ complete, checkpoint }: CosigningResult, size: bigint): Promise<void> {
    const all = await complete;
    for (const [name, given] of all.outcomes) if (given.outcome === 'cosigned') known_sizes.set(name, size);
    if (published_size !== size || sameBytes(all.checkpoint, checkpoint)) return;
    if (await transparency_log.checkpoints.compareAndSwap(published_name, checkpoint, all.checkpoint))
      await transparency_log.on_published?.(all.checkpoint);
  }

  async function writePublished(checkpoint: Uint8Array): Promise<void> {
    const { checkpoints } = transparency_log;
    while (!(await checkpoints.compareAndSwap(published_name, await checkpoints.get(published_name), checkpoint)));
    await transparency_log.on_published?.(checkpoint);
  }

  return { guard, publish, settle: async () => void (await late) };
}

async function readPlaced(db: Kysely<Tables>, from: bigint): Promise<Uint8Array[]> {
  const rows = await db
    .selectFrom('ops.log_entries')
    .select('entry')
    .where('leaf_index', '>=', Number(from))
    .where('leaf_index', '<', Number(from) + chunk_size)
    .orderBy('leaf_index')
    .execute();
  return rows.map((row) => row.entry);
}

async function newestPublished(db: Kysely<Tables>): Promise<bigint> {
  const row = await db
    .selectFrom('ops.log_checkpoints')
    .select('size')
    .orderBy('size', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? BigInt(row.size) : -1n;
}

function sameBytes(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  return left === undefined || right === undefined ? left === right : Buffer.compare(left, right) === 0;
}

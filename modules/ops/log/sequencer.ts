import type { Logger } from '@zdravo/kit/log';
import type { Kysely } from 'kysely';
import type { Tables } from '../tables.ts';
import { asLeader } from './leadership.ts';
import { type Placed, placeBatch } from './placing.ts';
import { createPublisher } from './publishing.ts';
import { LogRefusal, type LogRefusalCode } from './refusals.ts';
import type { TransparencyLog } from './transparency-log.ts';

export type SequencerStatus = {
  /** Why nothing is placed until an operator has acted. */
  refusal?: { code: LogRefusalCode; message: string };
  /** Whether the newest signed checkpoint has its quorum. */
  has_quorum: boolean;
};

export type Sequencer = {
  /** Places and publishes all leaves that wait now, unless another process leads. @returns how many were placed. */
  drain(): Promise<number>;
  status(): SequencerStatus;
  start(): void;
  stop(): Promise<void>;
};

/** A checkpoint covers at most so many batches: under load one is due every half second. */
const batches_per_checkpoint = 2;
const refused_interval_ms = 5_000;

/** As many as one checkpoint covers: nobody else places meanwhile, so that they follow each other. */
async function placeBatches(session: Kysely<Tables>): Promise<Placed & { is_last: boolean }> {
  const placed = await placeBatch(session);
  for (let batch = 1; batch < batches_per_checkpoint && !placed.is_last; batch++) {
    const { entries, is_last } = await placeBatch(session);
    placed.entries.push(...entries);
    placed.is_last = is_last;
  }
  return placed;
}

/**
 * Gives the leaves of committed versions their places in the Merkle log and publishes them, a checkpoint per round. One
 * leader at a time, for the time of a round.
 */
export function createSequencer({
  db,
  log,
  transparency_log,
  interval_ms = 400,
}: {
  db: Kysely<Tables>;
  log: Logger;
  transparency_log: TransparencyLog;
  interval_ms?: number;
}): Sequencer {
  const publisher = createPublisher(transparency_log, log);
  const status: SequencerStatus = { has_quorum: true };
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> = Promise.resolve();
  let stopped = false;

  async function round(): Promise<{ placed: number; is_last: boolean }> {
    const done = await asLeader(db, async (session) => {
      await publisher.guard(session);
      const { is_last, ...placed } = await placeBatches(session);
      status.has_quorum = await publisher.publish(session, placed);
      delete status.refusal;
      return { placed: placed.entries.length, is_last };
    });
    return done ?? { placed: 0, is_last: true };
  }

  /** Rounds of one process take turns. */
  function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = running.then(work, work);
    running = turn.catch(() => {});
    return turn;
  }

  async function drain(): Promise<number> {
    let placed = 0;
    for (;;) {
      const done = await inTurn(round);
      placed += done.placed;
      if (done.is_last) return placed;
    }
  }

  async function tick(): Promise<number> {
    const began = performance.now();
    try {
      const { is_last } = await inTurn(round);
      return is_last ? Math.max(0, interval_ms - (performance.now() - began)) : 0;
    } catch (error) {
      return noteFailure(error);
    }
  }

  function noteFailure(error: unknown): number {
    if (!(error instanceof LogRefusal)) {
      log.error({ err: error }, 'the sequencer failed; it tries again');
      return interval_ms;
    }
    if (status.refusal?.code !== error.code) log.fatal({ err: error }, 'the log refuses to go on');
    status.refusal = { code: error.code, message: error.message };
    return refused_interval_ms;
  }

  function schedule(delay_ms: number): void {
    if (stopped) return;
    timer = setTimeout(() => void tick().then(schedule), delay_ms);
  }

  return {
    drain,
    status: () => ({ ...status }),
    start: () => schedule(0),
    stop: async () => {
      stopped = true;
      clearTimeout(timer);
      await running;
      await publisher.settle();
    },
  };
}

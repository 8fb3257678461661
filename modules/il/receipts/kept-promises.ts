import type { Client } from '@zdravo/kit/client';
import { type Clock, daysBefore } from '@zdravo/kit/clock';
import type { Job } from '@zdravo/kit/jobs';
import type { Logger } from '@zdravo/kit/log';
import type { contract as OpsContract, WrittenDeclaration } from '@zdravo/ops/contract';
import { sql } from 'kysely';
import type { IlDatabase } from '../deps.ts';

type Ops = Client<typeof OpsContract>;
type Written = Pick<WrittenDeclaration, 'id' | 'version' | 'promise'>;

export type PromiseKeeper = {
  /** Operations as given, but each promise in an answer of theirs is kept. */
  keeping(ops: Ops): Ops;
  /** The promise of a declaration's first version; undefined when none is kept any more. */
  find(declaration_id: string): Promise<string | undefined>;
  /** Writes what still waits. */
  settle(): Promise<void>;
};

const gather_ms = 50;
const longest_queue = 10_000;
const kept_days = 90;

/**
 * Keeps the log's promises beside the clinics that got them (trust.md §6.6), for the auditor to hold against the log. They
 * are written a moment after the answer, many at once: no signature waits or fails for it, and a crash loses a few that the
 * clinics still hold.
 */
export function createPromiseKeeper(db: IlDatabase, log: Logger): PromiseKeeper {
  let waiting: Written[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();

  function keep<Answer extends Written>(answer: Answer): Answer {
    waiting.push(answer);
    timer ??= setTimeout(() => void flush(), gather_ms).unref();
    return answer;
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing = writing.then(write).catch((error: unknown) => log.warn({ err: error }, 'promises could not be kept yet'));
    return writing;
  }

  async function write(): Promise<void> {
    const batch = waiting;
    waiting = [];
    if (batch.length === 0) return;
    try {
      await insertPromises(db, batch);
    } catch (error) {
      waiting = [...batch, ...waiting].slice(-longest_queue);
      throw error;
    }
  }

  return {
    keeping: (ops) => ({
      ...ops,
      putDeclaration: async (...given) => keep(await ops.putDeclaration(...given)),
      putApproval: async (...given) => keep(await ops.putApproval(...given)),
      putRejection: async (...given) => keep(await ops.putRejection(...given)),
      putTermination: async (...given) => keep(await ops.putTermination(...given)),
    }),
    find: async (declaration_id) => {
      await flush();
      const row = await db
        .selectFrom('il.kept_promises')
        .select('note')
        .where('declaration_id', '=', declaration_id)
        .where('version', '=', 1)
        .executeTakeFirst();
      return row?.note;
    },
    settle: flush,
  };
}

async function insertPromises(db: IlDatabase, batch: readonly Written[]): Promise<void> {
  const column = <Name extends keyof Written>(name: Name) => batch.map((one) => one[name]);
  await sql`
    insert into il.kept_promises (declaration_id, version, note)
    select * from unnest(${column('id')}::uuid[], ${column('version')}::integer[], ${column('promise')}::text[])
    on conflict do nothing`.execute(db);
}

/** Promises that every full audit since has found fulfilled; the leaves themselves stay in the log for ever. */
export function promiseExpiryJob({ db, clock }: { db: IlDatabase; clock: Clock }): Job {
  return {
    name: 'delete_old_promises',
    schedule: '55 1 * * *',
    run: async () => {
      const before = daysBefore(clock.now(), kept_days);
      await db.deleteFrom('il.kept_promises').where('received_at', '<', before).execute();
    },
  };
}

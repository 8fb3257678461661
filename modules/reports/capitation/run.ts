import { randomUUID } from 'node:crypto';
import { isUniqueViolation, type Transaction } from '@zdravo/kit/db';
import { conflict, Problem } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import { billingMonth } from '../billing.ts';
import type { ReportsDeps } from '../deps.ts';
import { publish } from '../publication/publish.ts';
import { requireReplica } from '../replica/readiness.ts';
import type { Tables } from '../tables.ts';
import { decideInputs, ratesOn, refuseBrokenRates, refuseTwoRates } from './decide.ts';
import { billingMoment, gather, gatherLegalEntities, listProblems, listRefused } from './gather.ts';
import { closedMonths, writeLines } from './lines.ts';
import { getRun } from './run-record.ts';

export type Run = {
  id: string;
  billing_month: string;
  state: 'gathering' | 'deciding' | 'publishing' | 'published' | 'failed';
};

/**
 * Computes and publishes a month's capitation. A run that was killed goes on where it stopped; while one works, another
 * of the same month is refused; a month that was published is not computed again (later months correct it).
 * @throws Problem 422, `replica_not_ready`, `no_rates_in_force`, `capitation_published`, `capitation_running`.
 */
export async function runCapitation(deps: ReportsDeps, text: string, started_by?: string): Promise<Run> {
  return finishRun(deps, await beginRun(deps, text, started_by));
}

/** Checks everything that can be refused and claims the month; `finishRun` does the work. @throws as `runCapitation`. */
export async function beginRun(deps: ReportsDeps, text: string, started_by?: string): Promise<Run> {
  const month = billingMonth(text, deps.clock.today());
  await requireReplica(deps.db);
  await ratesOn(deps.db, month);
  return claimRun(deps, month, started_by);
}

export async function finishRun(deps: ReportsDeps, run: Run): Promise<Run> {
  return exclusively(deps, run, async () => {
    try {
      return await work(deps, run.id);
    } catch (error) {
      await fail(deps, run.id, error);
      throw error;
    }
  });
}

/** Goes on with every run that a killed process left behind. */
export async function resumeRuns(deps: ReportsDeps): Promise<void> {
  const open = await deps.db
    .selectFrom('reports.capitation_runs')
    .select('billing_month')
    .where('state', 'not in', ['published', 'failed'])
    .execute();
  for (const { billing_month } of open)
    await runCapitation(deps, billing_month).catch((error: unknown) => {
      if (error instanceof Problem) deps.log.warn({ err: error, billing_month }, 'a capitation run waits');
      else throw error;
    });
}

async function claimRun({ db, code_version }: ReportsDeps, month: string, started_by?: string): Promise<Run> {
  const known = await openRun(db, month);
  if (known?.state === 'published') throw conflict(`Capitation of ${month} is published.`, 'capitation_published');
  if (known) return known;
  const id = randomUUID();
  try {
    await sql`
      insert into reports.capitation_runs (id, billing_month, state, billing_moment, code_version, started_by)
      values (${id}, ${month}, 'gathering', ${billingMoment(month)}, ${code_version}, ${started_by ?? null})`.execute(
      db,
    );
    return { id, billing_month: month, state: 'gathering' };
  } catch (error) {
    if (!isUniqueViolation(error, 'capitation_runs_one_per_month')) throw error;
    return claimRun({ db, code_version } as ReportsDeps, month, started_by);
  }
}

async function openRun(db: Kysely<Tables>, month: string): Promise<Run | undefined> {
  const row = await db
    .selectFrom('reports.capitation_runs')
    .select(['id', 'billing_month', 'state'])
    .where('billing_month', '=', month)
    .where('state', '<>', 'failed')
    .executeTakeFirst();
  return row as Run | undefined;
}

/** Holds the run for as long as it works: the lock belongs to a connection and falls with the process. */
async function exclusively(deps: ReportsDeps, run: Run, work: () => Promise<Run>): Promise<Run> {
  return deps.long_db.connection().execute(async (connection) => {
    const { rows } = await sql<{ taken: boolean }>`
      select pg_try_advisory_lock(hashtextextended(${run.id}, 1)) as taken`.execute(connection);
    if (!rows[0]!.taken) throw conflict(`Capitation of ${run.billing_month} is being computed.`, 'capitation_running');
    try {
      return await work();
    } finally {
      await sql`select pg_advisory_unlock(hashtextextended(${run.id}, 1))`.execute(connection);
    }
  });
}

/** Each step ends in one transaction that moves the state on: what was done is never done twice. */
async function work(deps: ReportsDeps, id: string): Promise<Run> {
  for (;;) {
    const run = (await getRun(deps.db, id)) as Run;
    if (run.state === 'gathering') await gatherStep(deps, run);
    else if (run.state === 'deciding') await decideStep(deps, run);
    else if (run.state === 'publishing') await publish(deps, run);
    else return run;
  }
}

async function gatherStep(deps: ReportsDeps, run: Run): Promise<void> {
  await note(deps, run, { step: 'gathering', started_at: deps.clock.now().toISOString() });
  await deps.long_db
    .transaction()
    .setIsolationLevel('repeatable read')
    .execute(async (transaction) => {
      // With parallel hash joins this keeps ten million declarations under 1 GB (`npm run bench -- capitation`).
      await sql`set local work_mem = '32MB'`.execute(transaction);
      const positions = await requireReplica(transaction as unknown as Kysely<Tables>);
      const closed = await closedMonths(transaction, run.billing_month, deps.settings.corrected_months);
      await gather(transaction, run.id, run.billing_month);
      await listProblems(transaction, run.id);
      for (const month of closed) await gather(transaction, run.id, month);
      await gatherLegalEntities(transaction, run.id);
      await moveOn(transaction, run, 'deciding', {
        positions: JSON.stringify(Object.fromEntries(positions.map(({ source, position }) => [source, position]))),
        progress: JSON.stringify({ closed_months: closed }),
      });
    });
}

async function decideStep(deps: ReportsDeps, run: Run): Promise<void> {
  await deps.long_db.transaction().execute(async (transaction) => {
    const { rows } = await sql<{ for_month: string; mountain_group: boolean; age: number }>`
      select distinct for_month, mountain_group, age from reports.capitation_inputs where run_id = ${run.id}`.execute(
      transaction,
    );
    const own = await ratesOn(transaction, run.billing_month);
    for (const [for_month, inputs] of Map.groupBy(rows, (row) => row.for_month)) {
      const revision = for_month === run.billing_month ? own : await ratesOn(transaction, for_month);
      const decided = decideInputs(revision, inputs);
      refuseBrokenRates(for_month, decided);
      refuseTwoRates(`in force on ${for_month}`, decided);
      const explained = decided.map(({ verdict, error_code, ...rest }) => ({
        run_id: run.id,
        for_month,
        mountain_group: rest.mountain_group,
        age: rest.age,
        revision: revision.number,
        output: verdict ? JSON.stringify(verdict) : null,
        error_code: error_code ?? null,
        text: rest.text,
      }));
      await transaction.insertInto('reports.capitation_explanations').values(explained).execute();
    }
    await listRefused(transaction, run.id, run.billing_month);
    await writeLines(transaction, run);
    await moveOn(transaction, run, 'publishing', { revision: own.number, digest: own.digest });
  });
}

async function moveOn(
  transaction: Transaction<Tables>,
  run: Run,
  state: Run['state'],
  values: Record<string, string | number>,
): Promise<void> {
  await transaction
    .updateTable('reports.capitation_runs')
    .set({ state, ...values })
    .where('id', '=', run.id)
    .where('state', '=', run.state)
    .execute();
}

async function note({ db }: ReportsDeps, run: Run, progress: Record<string, unknown>): Promise<void> {
  await db
    .updateTable('reports.capitation_runs')
    .set({ progress: JSON.stringify(progress) })
    .where('id', '=', run.id)
    .execute();
}

/** The server stops or the connection is lost: SQLSTATEs, codes of the system, and node-postgres, which has none. */
function isConnectionLoss(error: unknown): boolean {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return /^(57P0[1-3]|08...|ECONN.*|EPIPE)$/.test(code) || /connection (terminated|error|ended)/i.test(message);
}

/**
 * What passes leaves the run open, to go on, and so does a bucket that fails: its bytes are fixed. Anything else closes
 * the run; nothing is published and the last good report stays.
 */
async function fail(deps: ReportsDeps, id: string, error: unknown): Promise<void> {
  if (error instanceof Problem && error.status === 503) return;
  if (isConnectionLoss(error)) return;
  if ((await getRun(deps.db, id)).manifest) return;
  const failure =
    error instanceof Problem ? `${error.code}: ${error.message}` : ((error as { code?: string }).code ?? 'internal');
  deps.log.error({ err: error, run_id: id }, 'a capitation run failed');
  await deps.db
    .updateTable('reports.capitation_runs')
    .set({ state: 'failed', failure })
    .where('id', '=', id)
    .where('state', '<>', 'published')
    .execute();
}

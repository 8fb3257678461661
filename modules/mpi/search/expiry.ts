import type { MpiDeps } from '../deps.ts';

const days_ms = 86_400_000;
/** Budgets and sweeps are of one day; kept a week for whoever looks into a canary. */
const kept_days = 7;
/** A lock counts for the length of the next one. */
const locks_kept_days = 90;

/** Forgets open questions and handles that nobody came back for, days that are over, and old locks. */
export async function expireSearches({ db, clock }: MpiDeps): Promise<void> {
  const now = clock.now().getTime();
  const at = (milliseconds: number) => new Date(milliseconds).toISOString();
  const old = at(now - kept_days * days_ms);
  await db.deleteFrom('mpi.search_dialogues').where('expires_at', '<', at(now)).execute();
  await db.deleteFrom('mpi.search_handles').where('expires_at', '<', at(now)).execute();
  await db.deleteFrom('mpi.search_budgets').where('window_start', '<', old).execute();
  await db.deleteFrom('mpi.search_sweeps').where('window_start', '<', old).execute();
  await db
    .deleteFrom('mpi.search_locks')
    .where('locked_until', '<', at(now - locks_kept_days * days_ms))
    .execute();
}

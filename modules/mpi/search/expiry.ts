import type { MpiDeps } from '../deps.ts';
import { unused_days } from './settings.ts';

const days_ms = 86_400_000;
/** Sweeps are of one day; kept a week for whoever looks into a canary. */
const sweeps_kept_days = 7;
/** Days are kept for as long as they are looked back upon. */
const budgets_kept_days = unused_days + 1;
/** A lock counts for the length of the next one. */
const locks_kept_days = 90;

/** Forgets open questions and handles that nobody came back for, days that are over, and old locks. */
export async function expireSearches({ db, clock }: MpiDeps): Promise<void> {
  const now = clock.now().getTime();
  const at = (milliseconds: number) => new Date(milliseconds).toISOString();
  await db.deleteFrom('mpi.search_dialogues').where('expires_at', '<', at(now)).execute();
  await db.deleteFrom('mpi.search_handles').where('expires_at', '<', at(now)).execute();
  await db
    .deleteFrom('mpi.search_budgets')
    .where('window_start', '<', at(now - budgets_kept_days * days_ms))
    .execute();
  await db
    .deleteFrom('mpi.search_sweeps')
    .where('window_start', '<', at(now - sweeps_kept_days * days_ms))
    .execute();
  await db
    .deleteFrom('mpi.search_locks')
    .where('locked_until', '<', at(now - locks_kept_days * days_ms))
    .execute();
}

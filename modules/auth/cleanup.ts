import type { Job } from '@zdravo/kit/jobs';
import { sql } from 'kysely';
import { type AuthDeps, after } from './deps.ts';

const batch = 5_000;
const day_s = 86_400;

/** Expired tokens stay a day longer, so that a replayed code is still known as one. */
export function cleanupJobs(deps: AuthDeps): Job[] {
  return [
    {
      name: 'delete_expired_sign_in_rows',
      schedule: '*/30 * * * *',
      run: async () => void (await deleteExpired(deps)),
    },
  ];
}

/** Deletes what has expired, a batch at a time. @returns how many rows went, by table. */
export async function deleteExpired(deps: Pick<AuthDeps, 'db' | 'clock'>): Promise<Record<string, number>> {
  const yesterday = after(deps.clock, -day_s);
  return {
    otps: await deleteOlder(deps, 'otps', 'id', 'sent_at', yesterday),
    tokens: await deleteOlder(deps, 'tokens', 'id', 'expires_at', yesterday),
    sign_in_failures: await deleteOlder(deps, 'sign_in_failures', 'id', 'at', yesterday),
    password_recoveries: await deleteOlder(deps, 'password_recoveries', 'id', 'expires_at', yesterday),
  };
}

async function deleteOlder(
  { db }: Pick<AuthDeps, 'db'>,
  table: string,
  key: string,
  column: string,
  before: string,
): Promise<number> {
  const name = sql.table(`auth.${table}`);
  for (let total = 0; ; ) {
    const { numAffectedRows } = await sql`
      delete from ${name} where ${sql.ref(key)} in
        (select ${sql.ref(key)} from ${name} where ${sql.ref(column)} < ${before} limit ${batch})`.execute(db);
    total += Number(numAffectedRows);
    if (Number(numAffectedRows) < batch) return total;
  }
}

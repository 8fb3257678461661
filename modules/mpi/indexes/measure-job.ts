import { sql } from 'kysely';
import type { MpiDeps } from '../deps.ts';
import { blockEntropy, indexEntropy, isWeak } from './entropy.ts';

const time_limit_ms = 600_000;

/** Measures the indexes on the living data, keeps the figures and alarms about weak ones. */
export async function measureIndexes(deps: Pick<MpiDeps, 'db' | 'generations' | 'log'>): Promise<void> {
  const { serving } = await deps.generations.refresh();
  await deps.db.transaction().execute(async (transaction) => {
    await sql`select set_config('statement_timeout', ${String(time_limit_ms)}, true)`.execute(transaction);
    const measured = [
      ...(await indexEntropy(transaction, serving.key_id)),
      ...(await blockEntropy(transaction, serving.key_id)),
    ];
    const rows = measured.map(({ name: _name, ...row }) => row);
    if (rows.length > 0) await transaction.insertInto('mpi.index_measurements').values(rows).execute();
    for (const index of measured.filter(isWeak))
      deps.log.error(
        { index: index.name, entropy_bits: index.entropy_bits, largest: index.largest },
        'an index betrays its commonest value: look for one value entered for many persons',
      );
  });
}

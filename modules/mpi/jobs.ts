import { auditRotation } from '@zdravo/kit/audit';
import { deleteOldOutbox } from '@zdravo/kit/events';
import type { Job } from '@zdravo/kit/jobs';
import { type KeyProvider, rewrapJob } from '@zdravo/kit/keys';
import type { MpiDeps } from './deps.ts';
import { measureIndexes } from './indexes/measure-job.ts';
import { reindexPersons } from './indexes/reindex.ts';
import { batchJob } from './integrity/batch-versions.ts';
import { finishErasures } from './persons/erase-person.ts';
import { prepareSheets } from './review/sheets.ts';
import { refreshDistributions } from './search/distributions.ts';
import { expireSearches } from './search/expiry.ts';
import { dropUnusedEpochs } from './vault/epoch-retention.ts';

/** What the index does by itself. Each may be stopped at any moment and goes on where it was. */
export function mpiJobs(deps: MpiDeps, provider: KeyProvider): Job[] {
  return [
    { name: 'finish_erasures', schedule: '*/5 * * * *', run: async () => void (await finishErasures(deps)) },
    {
      name: 'reindex_persons',
      schedule: '17 * * * *',
      run: async (_payload, { signal }) => {
        await provider.refresh();
        await reindexPersons(deps, provider.current_key_id(), signal);
      },
    },
    rewrapJob(
      { name: 'rewrap_person_keys', schedule: '37 * * * *' },
      { stores: [deps.keys, deps.sketch_keys, deps.sheet_keys], log: deps.log },
    ),
    {
      name: 'prepare_review_sheets',
      schedule: '* * * * *',
      run: (_payload, { signal }) => prepareSheets(deps, signal),
    },
    { name: 'drop_unused_epochs', schedule: '33 3 * * *', run: async () => void (await dropUnusedEpochs(deps)) },
    batchJob(deps),
    { name: 'expire_searches', schedule: '*/10 * * * *', run: () => expireSearches(deps) },
    {
      name: 'delete_old_mpi_events',
      schedule: '15 1 * * *',
      run: () => deleteOldOutbox(deps.db, 'mpi', deps.clock.now()),
    },
    { name: 'refresh_answer_distributions', schedule: '27 * * * *', run: () => refreshDistributions(deps) },
    auditRotation({ db: deps.db, schema: 'mpi', tables: ['audit_log', 'read_audit'], schedule: '5 3 * * *' }),
    { name: 'measure_indexes', schedule: '7 2 * * *', run: () => measureIndexes(deps) },
  ];
}

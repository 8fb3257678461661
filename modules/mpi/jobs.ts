import type { Job } from '@zdravo/kit/jobs';
import type { MpiDeps } from './deps.ts';
import { finishErasures } from './persons/erase-person.ts';

/** What the index does by itself. */
export function mpiJobs(deps: MpiDeps): Job[] {
  return [
    {
      name: 'finish_erasures',
      schedule: '*/5 * * * *',
      run: async () => {
        await finishErasures(deps);
      },
    },
  ];
}

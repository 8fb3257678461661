import { startMpi } from './mpi.ts';
import { startMpiLinker } from './mpi-linker.ts';
import { startMpiReview } from './mpi-review.ts';
import { startOps } from './ops.ts';
import type { RunningProcess } from './process.ts';
import { startReports, startReportsKeeper } from './reports.ts';

/** The modules that `npm start -- NAME` starts alone. */
export const processes: Record<string, (environment: Record<string, string | undefined>) => Promise<RunningProcess>> = {
  mpi: startMpi,
  'mpi-linker': startMpiLinker,
  'mpi-review': startMpiReview,
  ops: startOps,
  reports: startReports,
  'reports-keeper': startReportsKeeper,
};

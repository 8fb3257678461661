import { startMpi } from './mpi.ts';
import { startMpiLinker } from './mpi-linker.ts';
import { startMpiReview } from './mpi-review.ts';
import { startOps } from './ops.ts';
import { startPlatformAlone } from './platform.ts';
import type { RunningProcess } from './process.ts';
import { startReports, startReportsKeeper } from './reports.ts';
import { startStore } from './store.ts';

/** The modules that `npm start -- NAME` starts alone. */
export const processes: Record<string, (environment: Record<string, string | undefined>) => Promise<RunningProcess>> = {
  platform: startPlatformAlone,
  mpi: startMpi,
  'mpi-linker': startMpiLinker,
  'mpi-review': startMpiReview,
  ops: startOps,
  reports: startReports,
  'reports-keeper': startReportsKeeper,
  store: startStore,
};

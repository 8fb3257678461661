import type { TObject } from 'typebox';
import { MpiSettings, startMpi } from './mpi.ts';
import { MpiLinkerSettings, startMpiLinker } from './mpi-linker.ts';
import { MpiReviewSettings, startMpiReview } from './mpi-review.ts';
import { OpsSettings, startOps } from './ops.ts';
import { PlatformSettings, startPlatformAlone } from './platform.ts';
import type { RunningProcess } from './process.ts';
import { ReportsKeeperSettings, ReportsSettings, startReports, startReportsKeeper } from './reports.ts';
import { StoreSettings, startStore } from './store.ts';

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

/** The environment variables that each of them reads. */
export const settings_of_processes: Record<string, TObject> = {
  platform: PlatformSettings,
  mpi: MpiSettings,
  'mpi-linker': MpiLinkerSettings,
  'mpi-review': MpiReviewSettings,
  ops: OpsSettings,
  reports: ReportsSettings,
  'reports-keeper': ReportsKeeperSettings,
  store: StoreSettings,
};

import { join } from 'node:path';
import { capitation_rates } from '@zdravo/country-ua';
import { auditRotation } from '@zdravo/kit/audit';
import type { Clock } from '@zdravo/kit/clock';
import { type Migrations, openDatabase } from '@zdravo/kit/db';
import { createHttpServer, type HttpServer, healthRoutes, mount, serviceAuthentication } from '@zdravo/kit/http';
import type { Job } from '@zdravo/kit/jobs';
import type { Logger } from '@zdravo/kit/log';
import { type FigureSource, poolFigures } from '@zdravo/kit/metrics';
import { formatVerifierKey, parsePolicy, type Signer } from '@zdravo/tlog';
import { capitationHandlers } from './capitation/handlers.ts';
import { resumeRuns, runCapitation } from './capitation/run.ts';
import { contract } from './contract.ts';
import { default_settings, type ReportsDeps, type ReportsSettings } from './deps.ts';
import { reportsFigures } from './figures.ts';
import { asPassedOn, internal_contract } from './perimeter.ts';
import type { PublicFiles } from './publication/public-files.ts';
import type { PublicationsLog } from './publication/publications-log.ts';
import { capitationModel, capitationTestCases } from './rules/capitation-model.ts';
import { rulesHandlers } from './rules/handlers.ts';
import { seedTable } from './rules/seed-table.ts';
import { findSignals } from './signals/find-signals.ts';
import { signalsHandlers } from './signals/handlers.ts';
import { signal_test_cases, signalsModel } from './signals/model.ts';
import { statisticsHandlers } from './statistics/handlers.ts';
import type { Tables } from './tables.ts';

export type { ReportsSettings } from './deps.ts';
export { handlersThrough, internal_contract } from './perimeter.ts';
export { filesInBucket, type PublicFiles } from './publication/public-files.ts';
export { type Keeper, type KeeperOptions, startKeeper } from './replica/keeper.ts';
export { publications, type Source } from './replica/sources.ts';
export { dropSubscriptions, keepSubscriptions, resync, type SubscriptionOptions } from './replica/subscriptions.ts';
export { contract };

export const migrations: Migrations = { module: 'reports', directory: join(import.meta.dirname, 'migrations') };
export const reports_role = 'zdravo_reports';

export type ReportsOptions = {
  database_url: string;
  clock: Clock;
  log: Logger;
  files: PublicFiles;
  /** Signs manifests and the log of publications. */
  signer: Signer;
  /** c2sp.org/tlog-policy of that log: the witnesses that must see a publication before anybody does. None unless given. */
  publication_policy?: Uint8Array;
  code_version: string;
  settings?: Partial<ReportsSettings>;
  pool_size?: number;
  /** Processes that may call, with a secret each. */
  callers: Record<string, string>;
};

export type Reports = {
  deps: ReportsDeps;
  /** The contract as other processes call it, and health. */
  app: HttpServer;
  jobs: Job[];
  figures: readonly FigureSource[];
  close(): Promise<void>;
};

/** Reports over their own replica: nothing here can reach a source. */
export async function createReports(options: ReportsOptions): Promise<Reports> {
  const { database_url: url, log, clock, pool_size = 8 } = options;
  const open = (statement_timeout_ms: number, size: number, application_name: string) =>
    openDatabase<Tables>({ url, role: reports_role, application_name, log, pool_size: size, statement_timeout_ms });
  const database = open(10_000, pool_size, 'reports');
  const long = open(3_600_000, 4, 'reports-runs');
  const deps: ReportsDeps = {
    db: database.db,
    long_db: long.db,
    clock,
    log,
    files: options.files,
    publications: publicationsLog(options),
    code_version: options.code_version,
    settings: { ...default_settings, ...options.settings },
  };
  await seedTables(deps);
  const handlers = {
    ...capitationHandlers(deps),
    ...rulesHandlers(deps),
    ...statisticsHandlers(deps),
    ...signalsHandlers(deps),
  };
  const app = createHttpServer({ log });
  mount(app, internal_contract, asPassedOn(handlers), serviceAuthentication(options.callers));
  healthRoutes(app, async () => {
    await database.pool.query('select 1');
  });
  return {
    deps,
    app,
    jobs: jobsOf(deps),
    figures: [poolFigures('reports', [database.pool, long.pool]), reportsFigures(database.db)],
    close: async () => {
      await app.close();
      await Promise.all([database.close(), long.close()]);
    },
  };
}

function publicationsLog({ signer, publication_policy }: ReportsOptions): PublicationsLog {
  const vkey = formatVerifierKey(signer.key);
  const policy_text = publication_policy ?? Buffer.from(`log ${vkey}\nquorum none\n`);
  const policy = parsePolicy(policy_text);
  if (!policy.logs.some(({ key }) => formatVerifierKey(key) === vkey))
    throw new Error(`The policy of publications does not name the key that signs them: ${vkey}`);
  return { signer, policy, policy_text, witness_timeout_ms: 10_000 };
}

/** The rates that the law begins with and the scores of signals: first revisions of tables that analysts change from then on. */
async function seedTables({ db, clock }: ReportsDeps): Promise<void> {
  const rates = capitation_rates[0]!;
  const seed = {
    key: 'capitation',
    title: 'Capitation rates, age groups and mountain coefficients',
    model: capitationModel(rates),
    test_cases: capitationTestCases(rates),
    effective_from: rates.valid_from,
    reason: rates.source,
  };
  await seedTable(db, seed, clock.now(), clock.today());
  const signals = {
    key: 'fraud_signals',
    title: 'Scores of signs of fraud',
    model: signalsModel(),
    test_cases: signal_test_cases,
    effective_from: rates.valid_from,
    reason: 'The scores that the platform begins with.',
  };
  await seedTable(db, signals, clock.now(), clock.today());
}

function jobsOf(deps: ReportsDeps): Job[] {
  return [
    {
      name: 'run_monthly_capitation',
      run: async () => {
        await runCapitation(deps, `${deps.clock.today().slice(0, 7)}-01`);
      },
      schedule: '0 1 1 * *',
    },
    {
      name: 'find_signals',
      run: async () => {
        await findSignals(deps);
      },
      schedule: '30 2 * * *',
    },
    auditRotation({ db: deps.db, schema: 'reports', tables: ['audit_log'], schedule: '5 3 * * *' }),
    { name: 'resume_capitation_runs', run: () => resumeRuns(deps), schedule: '*/5 * * * *' },
  ];
}

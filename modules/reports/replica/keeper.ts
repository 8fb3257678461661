import { rename, writeFile } from 'node:fs/promises';
import { type Figure, figuresText } from '@zdravo/kit/metrics';
import type pg from 'pg';
import { type Lag, lagFigures } from './metrics.ts';
import { connect } from './source-database.ts';
import { keepSubscriptions, type SubscriptionOptions, slotOf } from './subscriptions.ts';

export type Keeper = {
  /** Measures every source once and writes `reports.replica_lag`. */
  measure(): Promise<void>;
  /** What was measured last, for Prometheus (`deploy/alerts/replica.yaml`), and when. */
  measured(): { at: Date; figures: readonly Figure[] };
  stop(): Promise<void>;
};

export type KeeperOptions = SubscriptionOptions & {
  interval_ms?: number;
  /** From here on the log says so as an error. */
  alarm_s?: number;
  /** Where the figures go for node_exporter’s textfile collector. */
  metrics_file?: string;
};

type Sample = { at: number; lsn: string };
type Measured = { now_lsn: string; confirmed: string | null; wal_status: string | null; lag_bytes: number | null };

/**
 * Keeps the subscriptions up and measures how far each is behind: the keeper remembers where each source's log stood
 * when, and the lag is the age of the oldest place that the replica has not confirmed yet. A lost slot is made anew.
 */
export async function startKeeper(options: KeeperOptions): Promise<Keeper> {
  await keepSubscriptions(options);
  const samples = new Map<string, Sample[]>();
  let measured: ReturnType<Keeper['measured']> = { at: new Date(0), figures: [] };
  const measure = async () => {
    const lags = await measureAll(options, samples);
    const at = new Date();
    measured = { at, figures: lagFigures(lags, at) };
    if (options.metrics_file) await replaceFile(options.metrics_file, figuresText(measured.figures));
  };
  await measure();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running.then(measure).catch((error: unknown) => options.log.warn({ err: error }, 'lag was not measured'));
  }, options.interval_ms ?? 5_000);
  timer.unref();
  return {
    measure,
    measured: () => measured,
    stop: async () => {
      clearInterval(timer);
      await running;
    },
  };
}

/** A collector never reads half a file. */
async function replaceFile(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text);
  await rename(`${path}.new`, path);
}

async function measureAll(options: KeeperOptions, samples: Map<string, Sample[]>): Promise<Map<string, Lag>> {
  const lags = new Map<string, Lag>();
  const replica = await connect(options.reports_url, 'reports-keeper');
  try {
    for (const source of options.sources) {
      const measured = await measureSource(source.url, slotOf(source, options)).catch((error: unknown) => {
        options.log.warn({ err: error, source: source.name }, 'a source does not answer');
        return undefined;
      });
      const lost = measured && (measured.confirmed === null || measured.wal_status === 'lost');
      const lag_s = lagOf(samples, source.name, measured);
      const slot_state = lost ? 'lost' : measured ? 'usable' : 'unreachable';
      const lag = { lag_s, lag_bytes: measured?.lag_bytes ?? 0, slot_state };
      lags.set(source.name, lag);
      await writeLag(replica, source.name, lag);
      if (lag_s > (options.alarm_s ?? 60))
        options.log.error({ source: source.name, lag_s }, 'the replica lags behind its source');
      if (lost) await keepSubscriptions(options);
    }
  } finally {
    await replica.end();
  }
  return lags;
}

async function measureSource(url: string, slot: string): Promise<Measured> {
  const client = await connect(url, 'reports-keeper');
  try {
    const { rows } = await client.query<Measured>(
      `select pg_current_wal_insert_lsn()::text as now_lsn, s.confirmed_flush_lsn::text as confirmed, s.wal_status,
         pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn)::float8 as lag_bytes
       from (select 1) one left join pg_replication_slots s on s.slot_name = $1`,
      [slot],
    );
    return rows[0]!;
  } finally {
    await client.end();
  }
}

function lagOf(samples: Map<string, Sample[]>, name: string, measured: Measured | undefined): number {
  const now = performance.now();
  const list = samples.get(name) ?? [];
  samples.set(name, list);
  if (measured) list.push({ at: now, lsn: measured.now_lsn });
  const confirmed = measured?.confirmed;
  if (confirmed) {
    const position = lsnNumber(confirmed);
    while (list.length > 0 && lsnNumber(list[0]!.lsn) <= position) list.shift();
  }
  if (list.length > 2_000) list.splice(1, 1_000);
  return list[0] ? (now - list[0].at) / 1_000 : 0;
}

/** `16/B374D848` as a number (PostgreSQL: two hexadecimal halves of a 64-bit position). */
export function lsnNumber(lsn: string): bigint {
  const [high, low] = lsn.split('/') as [string, string];
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}

async function writeLag(replica: pg.Client, source: string, { lag_s, lag_bytes, slot_state }: Lag): Promise<void> {
  await replica.query(
    `insert into reports.replica_lag (source, lag_s, lag_bytes, slot_state, measured_at) values ($1, $2, $3, $4, now())
     on conflict (source) do update set lag_s = excluded.lag_s, lag_bytes = excluded.lag_bytes,
       slot_state = excluded.slot_state, measured_at = excluded.measured_at`,
    [source, lag_s.toFixed(3), Math.round(lag_bytes), slot_state],
  );
}

import { type Figure, gauge } from '@zdravo/kit/metrics';

/** How far the replica is behind one source. */
export type Lag = { lag_s: number; lag_bytes: number /** usable, lost or unreachable */; slot_state: string };

const metrics: [name: string, help: string, read: (lag: Lag) => number][] = [
  ['zdravo_replica_lag_seconds', 'Age of the oldest place that the replica has not confirmed', ({ lag_s }) => lag_s],
  ['zdravo_replica_lag_bytes', 'Write-ahead log that the source keeps for the replica', ({ lag_bytes }) => lag_bytes],
  [
    'zdravo_replica_slot_usable',
    'Whether the source answers and the replication slot is there',
    ({ slot_state }) => Number(slot_state === 'usable'),
  ],
];

/** The lag of every source. */
export function lagFigures(lags: ReadonlyMap<string, Lag>, now: Date): Figure[] {
  const by_source = metrics.map(([name, help, read]) =>
    gauge(
      name,
      help,
      [...lags].map(([source, lag]) => ({ labels: { source }, value: read(lag) })),
    ),
  );
  const measured = 'zdravo_replica_measured_timestamp_seconds';
  return [...by_source, gauge(measured, 'When the lag was last measured', now.getTime() / 1_000)];
}

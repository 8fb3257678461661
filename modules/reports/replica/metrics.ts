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

/** The lag of every source for Prometheus (text format 0.0.4). */
export function metricsOf(lags: ReadonlyMap<string, Lag>, now: Date): string {
  const lines = metrics.flatMap(([name, help, read]) => [
    ...head(name, help),
    ...[...lags].map(([source, lag]) => `${name}{source="${source}"} ${read(lag)}`),
  ]);
  const measured = 'zdravo_replica_measured_timestamp_seconds';
  lines.push(...head(measured, 'When the lag was last measured'), `${measured} ${now.getTime() / 1_000}`);
  return `${lines.join('\n')}\n`;
}

function head(name: string, help: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`];
}

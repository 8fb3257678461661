/** What a process tells of itself, in the Prometheus text format 0.0.4. */

export type Labels = Readonly<Record<string, string>>;
/** `suffix` only in histograms: `_bucket`, `_sum`, `_count`. */
export type Sample = { labels?: Labels; value: number; suffix?: string };
/** One metric. Labels are words of the program (routes, tasks, kinds): never ids, names or anything that came with a request. */
export type Figure = {
  name: string;
  help: string;
  type: 'gauge' | 'counter' | 'histogram';
  samples: readonly Sample[];
};

/** A part of the program that tells figures, at the moment when they are asked for. */
export type FigureSource = { name: string; read: () => readonly Figure[] | Promise<readonly Figure[]> };

/** What may go up and down. */
export function gauge(name: string, help: string, value: number | readonly Sample[]): Figure {
  return { name, help, type: 'gauge', samples: samplesOf(value) };
}

/** What only grows while the process lives. */
export function counter(name: string, help: string, value: number | readonly Sample[]): Figure {
  return { name, help, type: 'counter', samples: samplesOf(value) };
}

/** The text that Prometheus reads. Several parts may tell of the same metric: it appears once, with all its samples. */
export function figuresText(figures: readonly Figure[]): string {
  const by_name = Map.groupBy(figures, ({ name }) => name);
  return [...by_name.values()]
    .flatMap((same) => [...headOf(same[0]!), ...same.flatMap(linesOf)])
    .join('\n')
    .concat('\n');
}

function samplesOf(value: number | readonly Sample[]): readonly Sample[] {
  return typeof value === 'number' ? [{ value }] : value;
}

function headOf({ name, help, type }: Figure): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function linesOf({ name, samples }: Figure): string[] {
  return samples.map(
    ({ labels = {}, value, suffix = '' }) => `${name}${suffix}${labelText(labels)} ${numberText(value)}`,
  );
}

function numberText(value: number): string {
  return Number.isFinite(value) || Number.isNaN(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, '_')}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

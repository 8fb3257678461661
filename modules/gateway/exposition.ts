/** Writing the Prometheus text format 0.0.4. */

export type Labels = Record<string, string>;
export type Metric = { name: string; help: string };

export type Histogram = {
  /** What counts into the series of these labels. */
  seriesOf(labels: Labels): (value: number) => void;
  lines(): string[];
};

type Series = { labels: Labels; counts: number[]; sum: number; count: number };

/** Counts observations in cumulative buckets, a series per set of labels. */
export function createHistogram({ name, help }: Metric, bounds: readonly number[]): Histogram {
  const series = new Map<string, Series>();

  function seriesOf(labels: Labels): (value: number) => void {
    const key = labelText(labels);
    const one = series.get(key) ?? { labels, counts: bounds.map(() => 0), sum: 0, count: 0 };
    series.set(key, one);
    return (value) => {
      const bucket = bounds.findIndex((bound) => value <= bound);
      if (bucket >= 0) one.counts[bucket]! += 1;
      one.sum += value;
      one.count += 1;
    };
  }

  function linesOf({ labels, counts, sum, count }: Series): string[] {
    let total = 0;
    const buckets = bounds.map((bound, index) => {
      total += counts[index]!;
      return `${name}_bucket${labelText({ ...labels, le: String(bound) })} ${total}`;
    });
    const infinite = `${name}_bucket${labelText({ ...labels, le: '+Inf' })} ${count}`;
    return [
      ...buckets,
      infinite,
      `${name}_sum${labelText(labels)} ${sum}`,
      `${name}_count${labelText(labels)} ${count}`,
    ];
  }

  return { seriesOf, lines: () => [...head(name, help, 'histogram'), ...[...series.values()].flatMap(linesOf)] };
}

export function gaugeLines(name: string, help: string, value: number): string[] {
  return [...head(name, help, 'gauge'), `${name} ${value}`];
}

export function counterLines(name: string, help: string, value: number): string[] {
  return [...head(name, help, 'counter'), `${name} ${value}`];
}

function head(name: string, help: string, type: string): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${value.replace(/[\\"\n]/g, '_')}"`);
  return `{${pairs.join(',')}}`;
}

import type { Figure, Labels, Sample } from './figures.ts';

export type Histogram = {
  /** What counts into the series of these labels. */
  seriesOf(labels: Labels): (value: number) => void;
  figure(): Figure;
};

type Series = { labels: Labels; counts: number[]; sum: number; count: number };

/** Counts observations in cumulative buckets, a series per set of labels. */
export function createHistogram({ name, help }: Pick<Figure, 'name' | 'help'>, bounds: readonly number[]): Histogram {
  const series = new Map<string, Series>();
  return {
    seriesOf: (labels) => {
      const key = JSON.stringify(labels);
      const one = series.get(key) ?? { labels, counts: bounds.map(() => 0), sum: 0, count: 0 };
      series.set(key, one);
      return (value) => {
        const bucket = bounds.findIndex((bound) => value <= bound);
        if (bucket >= 0) one.counts[bucket]! += 1;
        one.sum += value;
        one.count += 1;
      };
    },
    figure: () => ({
      name,
      help,
      type: 'histogram',
      samples: [...series.values()].flatMap((one) => samplesOf(one, bounds)),
    }),
  };
}

function samplesOf({ labels, counts, sum, count }: Series, bounds: readonly number[]): Sample[] {
  let total = 0;
  const buckets = bounds.map((bound, index) => {
    total += counts[index]!;
    return { labels: { ...labels, le: String(bound) }, value: total, suffix: '_bucket' };
  });
  return [
    ...buckets,
    { labels: { ...labels, le: '+Inf' }, value: count, suffix: '_bucket' },
    { labels, value: sum, suffix: '_sum' },
    { labels, value: count, suffix: '_count' },
  ];
}

/** Answers that are served again while they are young, and while a newer one is being worked out. */
export type Cache = <Value>(key: string, compute: () => Promise<Value>) => Promise<Value>;

type Kept = { value: Promise<unknown>; at: number; is_refreshing: boolean };

/**
 * After the first answer nobody waits again: an old one is given at once and renewed behind it. One computation per key at
 * a time; a failed one is not kept. The number of keys is bounded, the oldest go first.
 */
export function createCache(options: { seconds: number; keys?: number }): Cache {
  const kept = new Map<string, Kept>();
  const begin = (key: string, compute: () => Promise<unknown>): Kept => {
    const entry: Kept = { value: compute(), at: performance.now(), is_refreshing: false };
    kept.delete(key);
    kept.set(key, entry);
    if (kept.size > (options.keys ?? 1_000)) kept.delete(kept.keys().next().value!);
    entry.value.catch(() => kept.get(key) === entry && kept.delete(key));
    return entry;
  };
  const renew = (key: string, entry: Kept, compute: () => Promise<unknown>): void => {
    entry.is_refreshing = true;
    compute().then(
      (value) => kept.set(key, { value: Promise.resolve(value), at: performance.now(), is_refreshing: false }),
      () => {
        entry.is_refreshing = false;
      },
    );
  };
  return async <Value>(key: string, compute: () => Promise<Value>) => {
    const entry = kept.get(key);
    if (!entry) return begin(key, compute).value as Promise<Value>;
    if (performance.now() - entry.at > options.seconds * 1_000 && !entry.is_refreshing) renew(key, entry, compute);
    return entry.value as Promise<Value>;
  };
}

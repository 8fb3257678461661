/** A map of bounded size that forgets what was not asked for longest. */
export type RecentMap<Value> = {
  get: (key: string) => Value | undefined;
  set: (key: string, value: Value) => void;
  size: () => number;
};

export function createRecentMap<Value>(limit: number): RecentMap<Value> {
  const entries = new Map<string, Value>();
  return {
    get: (key) => {
      const value = entries.get(key);
      if (value === undefined) return undefined;
      entries.delete(key);
      entries.set(key, value);
      return value;
    },
    set: (key, value) => {
      entries.delete(key);
      entries.set(key, value);
      if (entries.size > limit) entries.delete(entries.keys().next().value!);
    },
    size: () => entries.size,
  };
}

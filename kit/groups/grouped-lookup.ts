export type GroupedLookup<Value> = {
  /** What is found under a key; undefined when there is nothing. */
  find(key: string): Promise<Value | undefined>;
  /** The same for many keys; those with nothing are absent. */
  findMany(keys: readonly string[]): Promise<Map<string, Value>>;
};

type Asked<Value> = {
  keys: readonly string[];
  resolve: (found: ReadonlyMap<string, Value>) => void;
  reject: (error: unknown) => void;
};

/**
 * Looks up together what is asked at once: while some statements run, the keys that arrive gather and go out together with
 * the next, so that many callers cost few round trips. A lone one waits for nobody. Every look begins after it was asked
 * for: whoever asks after a commit sees it, and nothing is remembered.
 * @param load answers what it finds of the given keys, each of which comes once. When it fails for several callers, each is
 * asked for alone, so that nobody fails for a neighbour.
 */
export function createGroupedLookup<Value>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  { largest_group = 256, parallel = 2 }: { largest_group?: number; parallel?: number } = {},
): GroupedLookup<Value> {
  let waiting: Asked<Value>[] = [];
  let loading = 0;

  function takeGroup(): Asked<Value>[] {
    let keys = 0;
    let size = 0;
    while (size < waiting.length && (size === 0 || keys + waiting[size]!.keys.length <= largest_group))
      keys += waiting[size++]!.keys.length;
    const group = waiting.slice(0, size);
    waiting = waiting.slice(size);
    return group;
  }

  async function loadGroup(group: readonly Asked<Value>[]): Promise<void> {
    try {
      const found = await load([...new Set(group.flatMap(({ keys }) => keys))]);
      for (const { resolve } of group) resolve(found);
    } catch (error) {
      if (group.length === 1) group[0]!.reject(error);
      else for (const one of group) await loadGroup([one]);
    }
  }

  function flush(): void {
    while (loading < parallel && waiting.length > 0) {
      loading += 1;
      void loadGroup(takeGroup()).finally(() => {
        loading -= 1;
        flush();
      });
    }
  }

  function ask(keys: readonly string[]): Promise<ReadonlyMap<string, Value>> {
    return new Promise((resolve, reject) => {
      waiting.push({ keys, resolve, reject });
      if (waiting.length === 1 && loading < parallel) setImmediate(flush);
    });
  }

  return {
    find: async (key) => (await ask([key])).get(key),
    findMany: async (keys) => {
      if (keys.length === 0) return new Map();
      const found = await ask(keys);
      return new Map(keys.flatMap((key) => (found.has(key) ? [[key, found.get(key)!] as const] : [])));
    },
  };
}

import { createTurns, reading_turns, type TurnOptions } from './turns.ts';

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
 * Looks up together what is asked at once: while a statement runs, the keys that arrive gather and go out together with
 * the next, so that many callers cost few round trips. A lone one waits for nobody. Every look begins after it was asked
 * for: whoever asks after a commit sees it, and nothing is remembered.
 * @param load answers what it finds of the given keys, each of which comes once. When it fails for several callers, each is
 * asked for alone, so that nobody fails for a neighbour.
 */
export function createGroupedLookup<Value>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Value>>,
  { largest_group = 256, ...turn_options }: { largest_group?: number } & Partial<TurnOptions> = {},
): GroupedLookup<Value> {
  let waiting: Asked<Value>[] = [];
  const turns = createTurns(
    { waiting: () => waiting.length, setOut: () => loadGroup(takeGroup()) },
    { ...reading_turns, ...turn_options },
  );

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

  function ask(keys: readonly string[]): Promise<ReadonlyMap<string, Value>> {
    return new Promise((resolve, reject) => {
      waiting.push({ keys, resolve, reject });
      turns.came();
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

/** A value that many ask for and that is looked up now and then. */
export type Glance<Value> = {
  /** Looked up again when the last look is too long ago. */
  fresh(): Promise<Value>;
  /** As of the last look. */
  last(): Value;
};

const fresh_ms = 250;

/**
 * Looks at most four times a second, and never two at once.
 * @param rest_per_look after a look this many times as long passes: with 9 a look that takes long is a tenth of one
 * connection's work, however long it takes.
 */
export function createGlance<Value>(before: Value, look: () => Promise<Value>, rest_per_look = 0): Glance<Value> {
  let value = before;
  let next_look_at = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  async function lookAgain(): Promise<void> {
    const began = performance.now();
    value = await look();
    const ended = performance.now();
    next_look_at = ended + Math.max(fresh_ms, rest_per_look * (ended - began));
  }

  return {
    fresh: async () => {
      if (performance.now() < next_look_at) return value;
      looking ??= lookAgain().finally(() => {
        looking = undefined;
      });
      await looking;
      return value;
    },
    last: () => value,
  };
}

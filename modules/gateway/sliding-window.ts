export type Bucket = { name: string; limit: number };
export type Take = { allowed: boolean; left: number; reset_s: number };

export type SlidingWindow = {
  /** Counts one, if it is still allowed. */
  take(key: string, bucket: Bucket): Take;
  /** What `take` would answer. */
  look(key: string, bucket: Bucket): Take;
};

const most_keys = 200_000;

/** Counts per key over the last window: this window's count, and the last one's by the part that still overlaps. */
export function createSlidingWindow(window_ms: number, now: () => number): SlidingWindow {
  let started = now();
  let current = new Map<string, number>();
  let previous = new Map<string, number>();

  function turn(): number {
    const passed = now() - started;
    if (passed >= window_ms) {
      previous = passed < 2 * window_ms ? current : new Map();
      current = new Map();
      started += Math.floor(passed / window_ms) * window_ms;
    }
    return Math.max(0, now() - started) / window_ms;
  }

  function look(key: string, { limit }: Bucket): Take {
    const part = turn();
    const used = (current.get(key) ?? 0) + (previous.get(key) ?? 0) * (1 - part);
    const reset_s = Math.max(1, Math.ceil(((1 - part) * window_ms) / 1_000));
    return { allowed: used + 1 <= limit, left: Math.max(0, Math.floor(limit - used)), reset_s };
  }

  function take(key: string, bucket: Bucket): Take {
    const seen = look(key, bucket);
    if (!seen.allowed) return seen;
    if (current.size >= most_keys) current.clear();
    current.set(key, (current.get(key) ?? 0) + 1);
    return { ...seen, left: Math.max(0, seen.left - 1) };
  }

  return { take, look };
}

/** A possible contraction of two clusters, a < b. */
export interface Contraction {
  weight: number;
  a: number;
  b: number;
}

export interface ContractionHeap {
  push(contraction: Contraction): void;
  pop(): Contraction | undefined;
}

/** Heaviest first; equal weights by the smaller rows, so that the order is the same however they came in. */
export function createHeap(): ContractionHeap {
  const items: Contraction[] = [];
  return {
    push(contraction) {
      items.push(contraction);
      siftUp(items);
    },
    pop() {
      const first = items[0];
      const last = items.pop();
      if (items.length > 0 && last !== undefined) {
        items[0] = last;
        siftDown(items);
      }
      return first;
    },
  };
}

function comesBefore(one: Contraction, other: Contraction): boolean {
  if (one.weight !== other.weight) return one.weight > other.weight;
  return one.a !== other.a ? one.a < other.a : one.b < other.b;
}

function siftUp(items: Contraction[]): void {
  let place = items.length - 1;
  const item = items[place]!;
  while (place > 0) {
    const above = (place - 1) >> 1;
    if (!comesBefore(item, items[above]!)) break;
    items[place] = items[above]!;
    place = above;
  }
  items[place] = item;
}

function siftDown(items: Contraction[]): void {
  const item = items[0]!;
  let place = 0;
  for (;;) {
    let below = place * 2 + 1;
    if (below >= items.length) break;
    if (below + 1 < items.length && comesBefore(items[below + 1]!, items[below]!)) below++;
    if (!comesBefore(items[below]!, item)) break;
    items[place] = items[below]!;
    place = below;
  }
  items[place] = item;
}

/** A scope as clients write it (`a b c`, RFC 6749 §3.3) as a list without repetitions. */
export function parseScope(text: string): string[] {
  return [...new Set(text.split(' ').filter((word) => word !== ''))];
}

/** Whether every scope of `inner` stands in `outer`. */
export function isSubset(inner: readonly string[], outer: readonly string[]): boolean {
  const allowed = new Set(outer);
  return inner.every((scope) => allowed.has(scope));
}

/** What all of the lists hold. */
export function intersect(first: readonly string[], ...others: readonly (readonly string[])[]): string[] {
  const sets = others.map((list) => new Set(list));
  return first.filter((scope) => sets.every((set) => set.has(scope)));
}

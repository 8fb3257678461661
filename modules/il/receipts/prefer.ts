const longest_wait_s = 10;

/**
 * How long the caller wants to wait (`Prefer: wait=N`, RFC 7240 §4.3), in milliseconds; 0 when it does not say so or says
 * something else, for a preference is never a reason to refuse.
 */
export function waitOf(header: string | string[] | undefined): number {
  const preferences = [header ?? []].flat().join(',').split(',');
  const seconds = preferences.map((one) => /^\s*wait\s*=\s*"?(\d{1,4})"?\s*(?:;.*)?$/i.exec(one)?.[1]).find(Boolean);
  return Math.min(Number(seconds ?? 0), longest_wait_s) * 1000;
}

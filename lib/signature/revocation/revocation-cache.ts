import { sha256Hex } from '../crypto/digests.ts';
import { createRecentMap } from '../trust/recent-map.ts';
import type { RevocationNeed } from '../verification/check-status.ts';
import { type RevocationData, readRevocationData } from './revocation-data.ts';

export type RevocationCacheOptions = {
  /** How long an answer is kept; keep it below the policy's freshness. */
  keep_ms?: number;
  /** How long a failure is remembered, so that a dead responder is not asked by every signature. */
  keep_failure_ms?: number;
  limit?: number;
  clock?: () => number;
};

type Entry = { answer: Promise<RevocationData | undefined>; until: number };

/**
 * Remembers answers by hash of the certificate and of its issuer, and asks once when many ask at the same time. An unreachable
 * responder answers undefined: under `required` the signature then waits (TRY_LATER), under `if_available` it passes.
 */
export function createRevocationCache(
  ask: (need: RevocationNeed) => Promise<RevocationData | undefined>,
  options: RevocationCacheOptions = {},
): (need: RevocationNeed) => Promise<RevocationData | undefined> {
  const { keep_ms = 10 * 60_000, keep_failure_ms = 15_000, limit = 50_000, clock = Date.now } = options;
  const entries = createRecentMap<Entry>(limit);
  return (need) => {
    const key = `${sha256Hex(need.certificate)} ${sha256Hex(need.issuer)}`;
    const known = entries.get(key);
    if (known && clock() < known.until) return known.answer;
    const answer = ask(need).catch(() => undefined);
    const entry: Entry = { answer, until: clock() + keep_ms };
    entries.set(key, entry);
    answer.then((data) => {
      entry.until = Math.min(clock() + (data ? keep_ms : keep_failure_ms), nextUpdateOf(data));
    });
    return answer;
  };
}

/** An OCSP answer is of no use after its next update, however long it may be kept. */
function nextUpdateOf(data: RevocationData | undefined): number {
  const { ocsp_answers } = readRevocationData({ ocsp_responses: data?.ocsp_responses ?? [] });
  const updates = ocsp_answers.flatMap(({ statuses }) => statuses.map(({ next_update }) => next_update?.getTime()));
  return Math.min(Number.POSITIVE_INFINITY, ...updates.filter((time) => time !== undefined));
}

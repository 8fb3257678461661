import { fetchCrl, fetchOcsp, type OnlineOptions } from '../upgrade/online-services.ts';
import type { RevocationNeed } from '../verification/check-status.ts';
import { createRevocationCache } from './revocation-cache.ts';
import type { RevocationData } from './revocation-data.ts';

export type Addresses = Pick<RevocationNeed, 'ocsp_addresses' | 'crl_addresses'>;

export type RevocationSourceOptions = OnlineOptions & {
  /** Addresses of an authority that the configuration knows, asked before those that its certificates name. */
  knownAddresses?: (issuer: Uint8Array) => Addresses | undefined;
  /** How long an OCSP answer or a list is kept, at most; 10 minutes when absent. Keep it below the policy's freshness. */
  keep_ms?: number;
  /** How long an address that failed is left alone, so that a dead responder costs one signature its time and no other. */
  rest_ms?: number;
  clock?: () => number;
};

/** At most so many addresses of each kind are tried: certificates name any. */
const most_addresses = 3;
const most_kept = 64;

/**
 * Where statuses come from while documents are signed: OCSP, and the authority's list when no responder answers. Answers are
 * kept by certificate, lists by address; many who ask the same at once ask once. Undefined when nobody answers usefully.
 */
export function createRevocationSource(
  options: RevocationSourceOptions = {},
): (need: RevocationNeed) => Promise<RevocationData | undefined> {
  const { keep_ms = 10 * 60_000, rest_ms = 15_000, clock = Date.now } = options;
  const attempt = createPatience(rest_ms, clock);
  const listAt = createListCache(options, keep_ms, clock);

  async function ask(need: RevocationNeed): Promise<RevocationData | undefined> {
    const { ocsp_addresses, crl_addresses } = addressesOf(need, options.knownAddresses?.(need.issuer));
    for (const address of ocsp_addresses) {
      const answer = await attempt(address, () => fetchOcsp(address, need, options));
      if (answer) return { ocsp_responses: [answer] };
    }
    for (const address of crl_addresses) {
      const crl = await attempt(address, () => listAt(address));
      if (crl) return { crls: [crl] };
    }
    return undefined;
  }

  return createRevocationCache(ask, { keep_ms, keep_failure_ms: Math.min(keep_ms, rest_ms), clock });
}

type Ask = () => Promise<Uint8Array>;

/** Asks an address unless it failed a moment ago; a failure is no answer. */
function createPatience(rest_ms: number, clock: () => number) {
  const resting = new Map<string, number>();
  return async (address: string, ask: Ask): Promise<Uint8Array | undefined> => {
    if (clock() < (resting.get(address) ?? 0)) return undefined;
    try {
      const answer = await ask();
      resting.delete(address);
      return answer;
    } catch {
      if (resting.size > most_kept) resting.clear();
      resting.set(address, clock() + rest_ms);
      return undefined;
    }
  };
}

/** Lists are large and the same for all certificates of an authority: fetched once. */
function createListCache(options: OnlineOptions, keep_ms: number, clock: () => number) {
  const lists = new Map<string, { crl: Promise<Uint8Array>; until: number }>();
  return (address: string): Promise<Uint8Array> => {
    const known = lists.get(address);
    if (known && clock() < known.until) return known.crl;
    if (lists.size > most_kept) lists.clear();
    const crl = fetchCrl(address, options);
    lists.set(address, { crl, until: clock() + keep_ms });
    crl.catch(() => lists.delete(address));
    return crl;
  };
}

function addressesOf(need: RevocationNeed, known: Addresses | undefined): Addresses {
  const first = (all: string[]) => [...new Set(all)].slice(0, most_addresses);
  return {
    ocsp_addresses: first([...(known?.ocsp_addresses ?? []), ...need.ocsp_addresses]),
    crl_addresses: first([...(known?.crl_addresses ?? []), ...need.crl_addresses]),
  };
}

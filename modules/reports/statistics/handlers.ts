import type { Handlers } from '@zdravo/kit/contract';
import type { ReportsDeps } from '../deps.ts';
import { createCache } from './cache.ts';
import type { statistics_contract } from './contract.ts';
import { divisionNumbers, histogram, mainNumbers, regionNumbers } from './numbers.ts';
import { divisionsOnMap, searchDoctors } from './search.ts';

/** Statistics of the replica, each answer kept for a while; big counts run on the connections for long statements. */
export function statisticsHandlers(deps: ReportsDeps): Handlers<typeof statistics_contract> {
  const { db, long_db } = deps;
  const cache = createCache({ seconds: deps.settings.cache_s });
  const keyed = (name: string, query: object) => `${name} ${JSON.stringify(Object.entries(query).sort())}`;
  return {
    mainStats: async () => ({ data: await cache('main', () => mainNumbers(long_db)) }),
    regionStats: async ({ query }) => ({
      data: await cache(keyed('regions', query), () => regionNumbers(long_db, query)),
    }),
    divisionsMap: ({ query }) => cache(keyed('map', query), () => divisionsOnMap(db, query)),
    divisionStats: async ({ params }) => ({
      data: await cache(keyed('division', params), () => divisionNumbers(db, params.id)),
    }),
    histogram: async ({ query }) => ({
      data: await cache(keyed('histogram', query), () => histogram(long_db, query)),
    }),
    doctorSearch: ({ query }) => cache(keyed('doctors', query), () => searchDoctors(db, query)),
  };
}

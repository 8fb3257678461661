import type { Handlers } from '@zdravo/kit/contract';
import { notFound } from '@zdravo/kit/problem';
import { audit } from '../audit.ts';
import { type IlDeps, withinOf } from '../deps.ts';
import { listDistricts, listRegions, listSettlements, listStreets } from './addresses.ts';
import type { contract } from './contract.ts';

export function createHandlers(deps: Pick<IlDeps, 'db' | 'prm'>): Handlers<typeof contract> {
  const { db } = deps;
  return {
    listRegions: ({ query }) => listRegions(db, query),
    listDistricts: ({ query }) => listDistricts(db, query),
    listDistrictsOfRegion: ({ params, query }) => listDistricts(db, { ...query, region_id: params.id }),
    listSettlements: ({ query }) => listSettlements(db, query),
    listSettlementsOfDistrict: ({ params, query }) => listSettlements(db, { ...query, district_id: params.id }),
    listStreets: ({ query }) => listStreets(db, query),
    // The flag and its copies at the divisions change together.
    updateSettlement: ({ params, body }, call) =>
      db.transaction().execute(async (transaction) => {
        const { mountain_group } = body.settlement;
        const { numUpdatedRows } = await transaction
          .updateTable('il.settlements')
          .set({ mountain_group })
          .where('id', '=', params.id)
          .executeTakeFirst();
        if (numUpdatedRows === 0n) throw notFound();
        await deps.prm.setMountainGroup(params.id, mountain_group, withinOf(transaction, call));
        await audit(transaction, call, {
          action: 'set_mountain_group',
          resource: 'settlement',
          resource_id: params.id,
          detail: { mountain_group },
        });
        const { data } = await listSettlements(transaction, { id: params.id, page_size: 1 });
        return { data: data[0]! };
      }),
  };
}

import type { RegisteredSettlement } from '@zdravo/country-ua';
import type { TransactionOf } from '@zdravo/kit/db';
import type { Tables } from '../tables.ts';

/** Settlements by id, with the names above them and their mountain flag; unknown ids are absent. */
export async function findSettlements(
  db: TransactionOf<Tables>,
  ids: readonly string[],
): Promise<Map<string, RegisteredSettlement & { mountain_group: boolean }>> {
  if (ids.length === 0) return new Map();
  const rows = await db
    .selectFrom('il.settlements as settlement')
    .innerJoin('il.regions as region', 'region.id', 'settlement.region_id')
    .leftJoin('il.districts as district', 'district.id', 'settlement.district_id')
    .select([
      'settlement.id',
      'settlement.name',
      'settlement.mountain_group',
      'region.name as region_name',
      'district.name as district_name',
    ])
    .where('settlement.id', 'in', [...new Set(ids)])
    .execute();
  return new Map(
    rows.map((row) => [
      row.id,
      {
        name: row.name,
        mountain_group: row.mountain_group,
        region: { name: row.region_name },
        district: row.district_name === null ? null : { name: row.district_name },
      },
    ]),
  );
}

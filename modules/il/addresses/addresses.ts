import type { Paging } from '@zdravo/kit/contract';
import type { TransactionOf } from '@zdravo/kit/db';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import { type RawBuilder, sql } from 'kysely';
import type { Tables } from '../tables.ts';

export type AddressFilter = {
  page?: number;
  page_size?: number;
  id?: string;
  name?: string;
  koatuu?: string;
  type?: string;
  region?: string;
  district?: string;
  region_id?: string;
  district_id?: string;
  settlement_id?: string;
  mountain_group?: boolean;
};

type Listed<Row> = { data: Row[]; paging: Paging };

export type RegionRow = { id: string; name: string; region: string; koatuu: string | null };
export type DistrictRow = RegionRow & { district: string; region_id: string };
export type StreetRow = {
  id: string;
  settlement_id: string;
  settlement_name: string;
  type: string;
  name: string;
  street_type: string;
  street_name: string;
};
export type SettlementRow = {
  id: string;
  name: string;
  settlement_name: string;
  type: string;
  region_id: string;
  region: string;
  district_id: string | null;
  district: string | null;
  parent_settlement_id: string | null;
  parent_settlement: string | null;
  mountain_group: boolean;
  koatuu: string | null;
};

export function listRegions(db: TransactionOf<Tables>, filter: AddressFilter): Promise<Listed<RegionRow>> {
  const columns = sql`r.id, r.name, r.name as region, r.koatuu`;
  const conditions = [begins(sql`r.name`, filter.name), equals(sql`r.koatuu`, filter.koatuu)];
  return listPage(db, { columns, from: sql`il.regions r`, conditions, order: sql`r.name, r.id`, filter });
}

export function listDistricts(db: TransactionOf<Tables>, filter: AddressFilter): Promise<Listed<DistrictRow>> {
  const columns = sql`d.id, d.name, d.name as district, d.region_id, r.name as region, d.koatuu`;
  const conditions = [
    equals(sql`d.region_id`, filter.region_id),
    begins(sql`r.name`, filter.region),
    begins(sql`d.name`, filter.name),
    equals(sql`d.koatuu`, filter.koatuu),
  ];
  const from = sql`il.districts d join il.regions r on r.id = d.region_id`;
  return listPage(db, { columns, from, conditions, order: sql`d.name, d.id`, filter });
}

export function listSettlements(db: TransactionOf<Tables>, filter: AddressFilter): Promise<Listed<SettlementRow>> {
  const columns = sql`s.id, s.name, s.name as settlement_name, s.type, s.region_id, r.name as region, s.district_id,
    d.name as district, s.parent_settlement_id, p.name as parent_settlement, s.mountain_group, s.koatuu`;
  const conditions = [
    equals(sql`s.id`, filter.id),
    begins(sql`s.name`, filter.name),
    equals(sql`s.type`, filter.type),
    equals(sql`s.koatuu`, filter.koatuu),
    equals(sql`s.district_id`, filter.district_id),
    equals(sql`s.mountain_group`, filter.mountain_group),
    begins(sql`r.name`, filter.region),
    begins(sql`d.name`, filter.district),
  ];
  const from = sql`il.settlements s join il.regions r on r.id = s.region_id
    left join il.districts d on d.id = s.district_id left join il.settlements p on p.id = s.parent_settlement_id`;
  return listPage(db, { columns, from, conditions, order: sql`s.name, s.id`, filter });
}

export function listStreets(db: TransactionOf<Tables>, filter: AddressFilter): Promise<Listed<StreetRow>> {
  const columns = sql`t.id, t.settlement_id, s.name as settlement_name, t.type, t.name, t.type as street_type, t.name as street_name`;
  const conditions = [
    equals(sql`t.settlement_id`, filter.settlement_id),
    begins(sql`t.name`, filter.name),
    equals(sql`t.type`, filter.type),
  ];
  const from = sql`il.streets t join il.settlements s on s.id = t.settlement_id`;
  return listPage(db, { columns, from, conditions, order: sql`t.name, t.id`, filter });
}

type Condition = RawBuilder<unknown> | undefined;
type Listing = {
  columns: RawBuilder<unknown>;
  from: RawBuilder<unknown>;
  conditions: Condition[];
  order: RawBuilder<unknown>;
  filter: AddressFilter;
};

async function listPage<Row>(db: TransactionOf<Tables>, listing: Listing): Promise<Listed<Row>> {
  const page = pageOf(listing.filter);
  const where = listing.conditions.filter((one) => one !== undefined);
  const condition = where.length === 0 ? sql`true` : sql.join(where, sql` and `);
  const { rows: counted } = await sql<{ total: number }>`
    select count(*) as total from ${listing.from} where ${condition}`.execute(db);
  const { rows } = await sql<Row>`
    select ${listing.columns} from ${listing.from} where ${condition}
    order by ${listing.order} limit ${page.limit} offset ${page.offset}`.execute(db);
  return { data: rows, paging: pagingOf(page, counted[0]!.total) };
}

function equals(column: RawBuilder<unknown>, value: string | boolean | undefined): Condition {
  return value === undefined ? undefined : sql`${column} = ${value}`;
}

/** Case-insensitive; `%` and `_` of the caller are plain characters. */
function begins(column: RawBuilder<unknown>, text: string | undefined): Condition {
  if (text === undefined) return undefined;
  const pattern = `${text.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
  return sql`lower(${column}) like ${pattern}`;
}

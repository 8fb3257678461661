import type { AddressRow, MountainFlag, Street } from '@zdravo/country-ua';
import { OperatorError } from '@zdravo/kit/config';
import { type Kysely, sql } from 'kysely';
import type { Tables } from '../tables.ts';

export type ImportProgress = (rows: number) => void;

const batch_size = 2_000;

/**
 * Adds or updates regions, districts and settlements, all of them or, when it is broken off, none. Running it twice changes
 * nothing; a mountain flag that was set by the payer stays. Rows come parents first.
 * @returns how many rows were read.
 */
export async function importAddressRows(
  db: Kysely<Tables>,
  rows: AsyncIterable<AddressRow> | Iterable<AddressRow>,
  onProgress: ImportProgress = () => {},
): Promise<number> {
  return inBatches(db, rows, onProgress, async (transaction, batch) => {
    for (const level of ['region', 'district', 'settlement'] as const) {
      const of_level = batch.filter((row) => row.level === level);
      if (of_level.length > 0) await upsert[level](transaction, JSON.stringify(of_level));
    }
  });
}

/** Adds streets, all or none. @throws OperatorError for a settlement that the registry does not hold. */
export async function importStreets(
  db: Kysely<Tables>,
  streets: AsyncIterable<Street> | Iterable<Street>,
  onProgress: ImportProgress = () => {},
): Promise<number> {
  return inBatches(db, streets, onProgress, async (transaction, batch, stored) => {
    await refuseUnknownSettlement(transaction, batch, stored);
    await sql`
      insert into il.streets (id, settlement_id, type, name)
      select id, settlement_id, type, name from jsonb_to_recordset(${JSON.stringify(batch)}::jsonb)
        as row (id uuid, settlement_id uuid, type text, name text)
      on conflict do nothing`.execute(transaction);
  });
}

/** Sets which settlements are mountain ones, all or none. @throws OperatorError for one that the registry does not hold. */
export async function importMountainFlags(
  db: Kysely<Tables>,
  flags: AsyncIterable<MountainFlag> | Iterable<MountainFlag>,
  onProgress: ImportProgress = () => {},
): Promise<number> {
  return inBatches(db, flags, onProgress, async (transaction, batch, stored) => {
    await refuseUnknownSettlement(transaction, batch, stored);
    await sql`
      update il.settlements set mountain_group = flag.mountain_group
      from jsonb_to_recordset(${JSON.stringify(batch)}::jsonb) as flag (settlement_id uuid, mountain_group boolean)
      where settlements.id = flag.settlement_id`.execute(transaction);
  });
}

type Upsert = (db: Kysely<Tables>, rows_json: string) => Promise<unknown>;

const upsert: Record<AddressRow['level'], Upsert> = {
  region: (db, rows) =>
    sql`
      insert into il.regions (id, name, katottg, koatuu)
      select id, name, katottg, koatuu from jsonb_to_recordset(${rows}::jsonb)
        as row (id uuid, name text, katottg text, koatuu text)
      on conflict (id) do update set name = excluded.name, koatuu = coalesce(excluded.koatuu, regions.koatuu)`.execute(
      db,
    ),
  district: (db, rows) =>
    sql`
      insert into il.districts (id, region_id, name, katottg, koatuu)
      select id, region_id, name, katottg, koatuu from jsonb_to_recordset(${rows}::jsonb)
        as row (id uuid, region_id uuid, name text, katottg text, koatuu text)
      on conflict (id) do update set name = excluded.name, region_id = excluded.region_id,
        koatuu = coalesce(excluded.koatuu, districts.koatuu)`.execute(db),
  settlement: (db, rows) =>
    sql`
      insert into il.settlements (id, region_id, district_id, parent_settlement_id, name, type, mountain_group, katottg, koatuu)
      select id, region_id, district_id, parent_settlement_id, name, type, mountain_group, katottg, koatuu
      from jsonb_to_recordset(${rows}::jsonb) as row (id uuid, region_id uuid, district_id uuid, parent_settlement_id uuid,
        name text, type text, mountain_group boolean, katottg text, koatuu text)
      on conflict (id) do update set name = excluded.name, type = excluded.type, region_id = excluded.region_id,
        district_id = excluded.district_id, parent_settlement_id = excluded.parent_settlement_id,
        koatuu = coalesce(excluded.koatuu, settlements.koatuu)`.execute(db),
};

/** @param stored how many rows came before these. */
async function refuseUnknownSettlement(
  db: Kysely<Tables>,
  batch: readonly { settlement_id: string }[],
  stored: number,
): Promise<void> {
  const ids = JSON.stringify(batch.map(({ settlement_id }) => settlement_id));
  const { rows } = await sql<{ place: number }>`
    select place::int from jsonb_array_elements_text(${ids}::jsonb) with ordinality as row (id, place)
    where not exists (select from il.settlements where settlements.id = row.id::uuid) order by place limit 1`.execute(
    db,
  );
  const [unknown] = rows;
  if (unknown)
    throw new OperatorError(
      `row ${stored + unknown.place}: the registry does not hold this settlement; import addresses that do first. Nothing was imported.`,
    );
}

async function inBatches<Row>(
  db: Kysely<Tables>,
  rows: AsyncIterable<Row> | Iterable<Row>,
  onProgress: ImportProgress,
  store: (transaction: Kysely<Tables>, batch: Row[], stored: number) => Promise<void>,
): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    let batch: Row[] = [];
    let stored = 0;
    const storeBatch = async () => {
      await store(transaction, batch, stored);
      stored += batch.length;
      batch = [];
      onProgress(stored);
    };
    for await (const row of rows) {
      batch.push(row);
      if (batch.length === batch_size) await storeBatch();
    }
    if (batch.length > 0) await storeBatch();
    return stored;
  });
}

import { stableId } from '../stable-id.ts';

export type SettlementType = 'CITY' | 'TOWNSHIP' | 'SETTLEMENT' | 'VILLAGE';

/** Codes of both state classifiers: KATOTTG of 2020, and KOATUU, which it replaced, where it is known. */
type Codes = { katottg: string; koatuu: string | null };

/** An oblast, the Autonomous Republic of Crimea, or a city of special status. */
export type Region = { id: string; name: string } & Codes;

export type District = { id: string; region_id: string; name: string } & Codes;

export type Settlement = {
  id: string;
  region_id: string;
  /** Null in the two cities of special status and in the exclusion zone, which have no districts of this level. */
  district_id: string | null;
  parent_settlement_id: string | null;
  name: string;
  type: SettlementType;
  /** Whether it has the status of a mountain settlement, which raises the capitation rate. */
  mountain_group: boolean;
} & Codes;

export type Street = { id: string; settlement_id: string; type: string; name: string };

export type AddressBook = { regions: Region[]; districts: District[]; settlements: Settlement[]; streets: Street[] };

export type AddressRow =
  | ({ level: 'region' } & Region)
  | ({ level: 'district' } & District)
  | ({ level: 'settlement' } & Settlement);

/**
 * The id of a region, district or settlement: always the same for the same code, so that an import of the whole classifier
 * updates the built-in rows instead of doubling them. The level is part of it because a city of special status is two rows.
 */
export function addressId(level: 'region' | 'district' | 'settlement', katottg: string): string {
  return stableId(`ua:${level}:${katottg}`);
}

export function streetId(settlement_id: string, type: string, name: string): string {
  return stableId(`ua:street:${settlement_id}:${type}:${name}`);
}

/** The name of a city of special status at the level of regions, as addresses of v2.0 spell it: м.Київ. */
export function specialCityRegionName(city: string): string {
  return `м.${city}`;
}

/** The fields of an address that are compared with the register. */
export type CheckedAddress = { area?: string; region?: string; settlement?: string; settlement_id?: string };

/** A settlement of the register with the names of the levels above it. */
export type RegisteredSettlement = {
  name: string;
  region: { name: string };
  district: { name: string } | null;
};

export type BrokenRule = { path: string; rule: string; description: string };

/**
 * Compares an address with the register: the settlement exists, and its region, district and name are those that the
 * address gives, whatever the case and the kind of apostrophe (domain.md §2.12; literal texts of Annex H). In v2.0's words
 * the region is `area` and the district `region`; an address may leave the district out.
 * @param settlement the row with id `address.settlement_id`, or null when there is none.
 * @param path the JSON path of the address, e.g. `$.addresses[0]`.
 */
export function checkAddress(
  address: CheckedAddress,
  settlement: RegisteredSettlement | null,
  path = '$',
): BrokenRule[] {
  if (!settlement) {
    const description = `settlement with id = ${address.settlement_id} does not exist`;
    return [{ path: `${path}.settlement_id`, rule: 'not_found', description }];
  }
  const broken: BrokenRule[] = [];
  const invalid = (field: string) =>
    broken.push({ path: `${path}.${field}`, rule: 'invalid', description: `invalid ${field} value` });
  if (!sameName(address.area, settlement.region.name)) invalid('area');
  if (address.region != null && settlement.district && !sameName(address.region, settlement.district.name))
    invalid('region');
  if (!sameName(address.settlement, settlement.name)) invalid('settlement');
  return broken;
}

/** Exactly one address of the type is required (domain.md §3.1, §3.3, §3.4). */
export function checkSingleAddress(addresses: { type: string }[], type: string, path = '$.addresses'): BrokenRule[] {
  if (addresses.filter((address) => address.type === type).length === 1) return [];
  return [{ path, rule: 'invalid', description: `Single address of type '${type}' is required` }];
}

function sameName(given: string | undefined, registered: string): boolean {
  return given !== undefined && folded(given) === folded(registered);
}

function folded(name: string): string {
  return name
    .normalize('NFC')
    .toLocaleUpperCase('uk')
    .replace(/[ʼ’‘`′]/g, "'");
}

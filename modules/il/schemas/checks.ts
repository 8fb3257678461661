import { ageOn, checkAddress, checkSingleAddress, isValidTaxId } from '@zdravo/country-ua';
import { fieldRule, type Invalid, validationFailed } from '@zdravo/kit/problem';
import { findSettlements } from '../addresses/settlements.ts';
import type { IlDatabase } from '../deps.ts';

/** @throws Problem 422 with all of them, when there is any. */
export function refuse(invalid: readonly Invalid[]): void {
  if (invalid.length > 0) throw validationFailed([...invalid]);
}

/** Every type at most once (domain.md §3.1 step 3). */
export function uniqueTypes(items: readonly { type: string }[] | undefined, path: string): Invalid[] {
  const seen = new Set<string>();
  return (items ?? []).flatMap(({ type }, index) => {
    if (seen.has(type)) return [fieldRule(`${path}[${index}].type`, 'No duplicate values.', 'invalid')];
    seen.add(type);
    return [];
  });
}

/** A value at a place, and the dictionary that should hold it. */
export type Coded = { path: string; value: string | undefined; dictionary: string };

/** Every value is a code of its dictionary; what is absent is not checked. */
export async function knownCodes(db: IlDatabase, coded: readonly Coded[]): Promise<Invalid[]> {
  const given = coded.filter((one) => one.value !== undefined);
  const names = [...new Set(given.map((one) => one.dictionary))];
  if (names.length === 0) return [];
  const rows = await db.selectFrom('il.dictionaries').select(['name', 'values']).where('name', 'in', names).execute();
  const values = new Map(rows.map((row) => [row.name, row.values as Record<string, string>]));
  return given
    .filter(({ value, dictionary }) => !Object.hasOwn(values.get(dictionary) ?? {}, value!))
    .map(({ path, value }) =>
      fieldRule(path, `Value '${printable(value!)}' is not found in Dictionary.`, 'inclusion', []),
    );
}

/** A code as the sender wrote it, cut and cleaned: it may be anything. */
function printable(code: string): string {
  return code.replace(/[^\w .-]/g, '?').slice(0, 32);
}

export type PlacedAddress = {
  type: string;
  country: string;
  area: string;
  region?: string;
  settlement: string;
  settlement_type: string;
  settlement_id: string;
  street_type?: string;
};

/** Types once, codes known, names as in the register, and exactly one address of the type that is due. */
export async function checkAddresses(
  db: IlDatabase,
  addresses: readonly PlacedAddress[],
  due_types: readonly string[],
  path: string,
): Promise<Invalid[]> {
  const settlements = await findSettlements(
    db,
    addresses.map((address) => address.settlement_id),
  );
  const places = addresses.flatMap((address, index) =>
    checkAddress(address, settlements.get(address.settlement_id) ?? null, `${path}[${index}]`),
  );
  const single = due_types.flatMap((type) => checkSingleAddress([...addresses], type, path));
  const codes = addresses.flatMap((address, index): Coded[] => [
    { path: `${path}[${index}].type`, value: address.type, dictionary: 'ADDRESS_TYPE' },
    { path: `${path}[${index}].country`, value: address.country, dictionary: 'COUNTRY' },
    { path: `${path}[${index}].settlement_type`, value: address.settlement_type, dictionary: 'SETTLEMENT_TYPE' },
    { path: `${path}[${index}].street_type`, value: address.street_type, dictionary: 'STREET_TYPE' },
  ]);
  return [
    ...(await knownCodes(db, codes)),
    ...uniqueTypes(addresses, path),
    ...[...single, ...places].map((one) => fieldRule(one.path, one.description, one.rule)),
  ];
}

/** The check digit of a tax number (domain.md §3.1 step 6). */
export function checkTaxId(tax_id: string, path: string): Invalid[] {
  return isValidTaxId(tax_id) ? [] : [fieldRule(path, 'invalid tax_id value', 'invalid')];
}

/** Born, and not more than 150 years ago. */
export function checkBirthDate(birth_date: string, today: string, path: string): Invalid[] {
  const age = ageOn(birth_date, today);
  return birth_date <= today && age >= 0 && age <= 150 ? [] : [fieldRule(path, 'invalid birth_date value', 'invalid')];
}

/** Codes of phones or documents, `TYPE` of their dictionary. */
export function typeCodes(items: readonly { type: string }[] | undefined, path: string, dictionary: string): Coded[] {
  return (items ?? []).map(({ type }, index) => ({ path: `${path}[${index}].type`, value: type, dictionary }));
}

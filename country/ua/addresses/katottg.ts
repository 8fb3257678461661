import { type AddressRow, addressId, type SettlementType, specialCityRegionName } from './rows.ts';
import { ImportProblem, type TextStream, textLines } from './text-lines.ts';

/** Categories of the classifier (Order No. 290 of the Ministry for Communities and Territories, 2020). */
const settlement_types: Record<string, SettlementType> = { M: 'CITY', T: 'TOWNSHIP', X: 'SETTLEMENT', C: 'VILLAGE' };
const code_pattern = /^UA[0-9]{17}$/;

type Unit = { code: string; category: string; name: string };
type Seen = { regions: Map<string, string>; districts: Map<string, string> };

/**
 * Reads the state classifier of administrative units (KATOTTG) as tab-separated text with the columns code, parent,
 * category, name, parents before children, and answers the address levels of v2.0 one row at a time:
 * O (oblast, Crimea) → region; K (Kyiv, Sevastopol) → a region and its one settlement; P (raion) → district;
 * M, T, X, C → settlement of the district in whose code it lies; H (hromada) and B (city district) have no counterpart.
 * Mountain flags, streets and KOATUU codes below the region are not in the classifier: `readMountainFlags`, `readStreets`.
 * @throws ImportProblem naming line and column of what was expected and found.
 */
export async function* readKatottg(stream: TextStream): AsyncGenerator<AddressRow> {
  const seen: Seen = { regions: new Map(), districts: new Map() };
  const codes = new Set<string>();
  let header = true;
  for await (const { number, text } of textLines(stream)) {
    const cells = text.split('\t');
    if (header) {
      header = requireHeader(number, cells);
      continue;
    }
    const unit = readUnit(number, cells);
    if (codes.has(unit.code)) throw new ImportProblem(number, 1, `each code once expected, found ${unit.code} again`);
    codes.add(unit.code);
    yield* addressRows(number, unit, seen);
  }
  if (header) throw new ImportProblem(1, 1, 'the header "code, parent, category, name" expected, found an empty file');
}

function requireHeader(number: number, cells: string[]): false {
  const expected = ['code', 'parent', 'category', 'name'];
  const wrong = expected.findIndex((name, place) => cells[place]?.trim().toLowerCase() !== name);
  if (wrong >= 0) {
    throw new ImportProblem(
      number,
      wrong + 1,
      `the header "${expected[wrong]}" expected, found ${JSON.stringify(cells[wrong] ?? '')}`,
    );
  }
  return false;
}

function readUnit(number: number, cells: string[]): Unit {
  if (cells.length < 4) throw new ImportProblem(number, cells.length + 1, `4 columns expected, found ${cells.length}`);
  const [code, , category, name] = cells.map((cell) => cell.trim()) as [string, string, string, string];
  if (!code_pattern.test(code))
    throw new ImportProblem(number, 1, `a code UA and 17 digits expected, found ${JSON.stringify(code)}`);
  if (!/^[OKPHMTXCB]$/.test(category)) {
    throw new ImportProblem(number, 3, `a category of O K P H M T X C B expected, found ${JSON.stringify(category)}`);
  }
  if (name === '') throw new ImportProblem(number, 4, 'a name expected, found none');
  return { code, category, name: name.normalize('NFC') };
}

function addressRows(number: number, unit: Unit, seen: Seen): AddressRow[] {
  if (unit.category === 'O') return [region(unit, unit.name, seen)];
  if (unit.category === 'K') return specialCity(unit, seen);
  if (unit.category === 'P') return [district(number, unit, seen)];
  const type = settlement_types[unit.category];
  return type ? [settlement(number, unit, type, seen)] : [];
}

function region(unit: Unit, name: string, seen: Seen): AddressRow {
  const id = addressId('region', unit.code);
  seen.regions.set(unit.code.slice(0, 4), id);
  return { level: 'region', id, name, katottg: unit.code, koatuu: regionKoatuu(unit.code) };
}

function specialCity(unit: Unit, seen: Seen): AddressRow[] {
  const above = region(unit, specialCityRegionName(unit.name), seen);
  return [above, settlementRow(unit, 'CITY', above.id, null)];
}

function district(number: number, unit: Unit, seen: Seen): AddressRow {
  const region_id = above(number, unit, seen.regions, 4, 'region');
  const id = addressId('district', unit.code);
  seen.districts.set(unit.code.slice(0, 6), id);
  return { level: 'district', id, region_id, name: unit.name, katottg: unit.code, koatuu: null };
}

function settlement(number: number, unit: Unit, type: SettlementType, seen: Seen): AddressRow {
  const region_id = above(number, unit, seen.regions, 4, 'region');
  // The towns of the exclusion zone around Chornobyl lie in no district: the two digits are 00.
  const district_id = unit.code.slice(4, 6) === '00' ? null : above(number, unit, seen.districts, 6, 'district');
  return settlementRow(unit, type, region_id, district_id);
}

function settlementRow(unit: Unit, type: SettlementType, region_id: string, district_id: string | null): AddressRow {
  return {
    level: 'settlement',
    id: addressId('settlement', unit.code),
    region_id,
    district_id,
    parent_settlement_id: null,
    name: unit.name,
    type,
    mountain_group: false,
    katottg: unit.code,
    koatuu: null,
  };
}

/** Both classifiers number the regions alike. */
export function regionKoatuu(katottg: string): string {
  return `${katottg.slice(2, 4)}00000000`;
}

/** A code begins with those of the levels above: two digits of the region, two of the district. */
function above(number: number, unit: Unit, ids: Map<string, string>, length: number, level: string): string {
  const id = ids.get(unit.code.slice(0, length));
  if (!id) throw new ImportProblem(number, 1, `the ${level} of ${unit.code} expected on an earlier line, found none`);
  return id;
}

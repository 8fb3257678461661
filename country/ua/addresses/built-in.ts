import { eastern_settlements } from './eastern-settlements.ts';
import { regions_table } from './regions-table.ts';
import {
  type AddressBook,
  addressId,
  type District,
  type Region,
  type Settlement,
  type SettlementType,
  type Street,
  streetId,
} from './rows.ts';
import { city_streets, common_streets } from './streets-table.ts';
import { western_settlements } from './western-settlements.ts';

const types: Record<string, SettlementType> = { C: 'CITY', S: 'SETTLEMENT', V: 'VILLAGE' };
const special_cities = ['UA80000000000093317', 'UA85000000000065278'];

/** Koatuu codes of the regions' centres: the region's two digits and 10100000. */
const centres = new Set(
  (
    'Сімферополь Вінниця Луцьк Дніпро Донецьк Житомир Ужгород Запоріжжя Івано-Франківськ Кропивницький Луганськ Львів ' +
    'Миколаїв Одеса Полтава Рівне Суми Тернопіль Харків Херсон Хмельницький Черкаси Чернівці Чернігів'
  ).split(' '),
);

/** The compact register of addresses with which a demonstration needs no file: 27 regions, their districts, 300 settlements. */
export function builtInAddresses(): AddressBook {
  const { regions, districts } = readRegions();
  const lines = settlementLines();
  const settlements = lines.map((line) => settlementOf(line, districts));
  const streets = lines.flatMap((line) => streetsOf(line));
  return { regions, districts, settlements, streets };
}

/** Rough numbers of inhabitants in thousands by settlement id: weights for the generated country, not statistics. */
export function builtInSettlementWeights(): Map<string, number> {
  return new Map(settlementLines().map((line) => [addressId('settlement', line.code), line.thousands]));
}

function readRegions(): { regions: Region[]; districts: District[] } {
  const regions: Region[] = [];
  const districts: District[] = [];
  for (const line of rows(regions_table)) {
    const district = line.startsWith('  ');
    const [code, ...rest] = line.trim().split(' ') as [string, ...string[]];
    if (district) {
      const region_id = regions.at(-1)!.id;
      districts.push({ id: addressId('district', code), region_id, name: rest.join(' '), katottg: code, koatuu: null });
    } else {
      const [koatuu, ...name] = rest as [string, ...string[]];
      regions.push({ id: addressId('region', code), name: name.join(' '), katottg: code, koatuu });
    }
  }
  return { regions, districts };
}

type SettlementLine = { code: string; type: SettlementType; mountain_group: boolean; thousands: number; name: string };

function settlementLines(): SettlementLine[] {
  return [...rows(western_settlements), ...rows(eastern_settlements)].map((line) => {
    const [code, type, mountain, thousands, ...name] = line.split(' ') as [string, string, string, string, ...string[]];
    return {
      code,
      type: types[type]!,
      mountain_group: mountain === 'M',
      thousands: Number(thousands),
      name: name.join(' '),
    };
  });
}

function settlementOf(line: SettlementLine, districts: District[]): Settlement {
  const special = special_cities.includes(line.code);
  const district = districts.find((candidate) => candidate.katottg.slice(0, 6) === line.code.slice(0, 6));
  return {
    id: addressId('settlement', line.code),
    region_id: special ? addressId('region', line.code) : district!.region_id,
    district_id: special ? null : district!.id,
    parent_settlement_id: null,
    name: line.name,
    type: line.type,
    mountain_group: line.mountain_group,
    katottg: line.code,
    koatuu: koatuuOf(line, special),
  };
}

function koatuuOf(line: SettlementLine, special: boolean): string | null {
  if (special) return `${line.code.slice(2, 4)}00000000`;
  return centres.has(line.name) ? `${line.code.slice(2, 4)}10100000` : null;
}

function streetsOf(line: SettlementLine): Street[] {
  const settlement_id = addressId('settlement', line.code);
  const own = rows(city_streets)
    .filter((street) => street.startsWith(line.code))
    .map((street) => street.slice(line.code.length + 1));
  const names = [...new Set([...own, ...rows(common_streets).slice(0, commonStreetCount(line.thousands))])];
  return names.map((street) => {
    const [type, ...name] = street.split(' ') as [string, ...string[]];
    return { id: streetId(settlement_id, type, name.join(' ')), settlement_id, type, name: name.join(' ') };
  });
}

function commonStreetCount(thousands: number): number {
  if (thousands >= 100) return 36;
  return thousands >= 10 ? 16 : 6;
}

function rows(table: string): string[] {
  return table.split('\n').filter((line) => line !== '');
}

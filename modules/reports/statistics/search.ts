import { type Page, pageOf, pagingOf } from '@zdravo/kit/http';
import { invalidField } from '@zdravo/kit/problem';
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { Tables } from '../tables.ts';

type Db = Kysely<Tables>;
type Paged = { page?: number; page_size?: number };
export type MapQuery = Paged & {
  type?: string;
  name?: string;
  lefttop_latitude?: number;
  lefttop_longitude?: number;
  rightbottom_latitude?: number;
  rightbottom_longitude?: number;
};

/** Active divisions with a place on the map. @throws Problem 422 for half a rectangle. */
export async function divisionsOnMap(db: Db, query: MapQuery) {
  const page = pageOf(query);
  const box = boxOf(query);
  const types = query.type?.split(',') ?? [];
  const where = sql`
    where d.is_active and e.is_active and d.location_latitude is not null
      and (${box === undefined} or (d.location_latitude between ${box?.south ?? 0} and ${box?.north ?? 0}
        and d.location_longitude between ${box?.west ?? 0} and ${box?.east ?? 0}))
      and (${types.length === 0} or d.type = any(${types}))
      and (${query.name === undefined} or d.name ilike ${likeOf(query.name)})`;
  const from = sql`from prm.divisions d join prm.legal_entities e on e.id = d.legal_entity_id ${where}`;
  const rows = sql<MapRow>`
    select d.id, d.name, d.type, d.addresses, d.email, d.phones, d.location_latitude::float8 as latitude,
      d.location_longitude::float8 as longitude, e.id as legal_entity_id, coalesce(e.public_name, e.name) as legal_entity_name
    ${from} order by d.name, d.id limit ${page.limit} offset ${page.offset}`;
  return paged(db, { page, from, rows, entryOf: mapEntry });
}

type MapRow = {
  id: string;
  name: string;
  type: string;
  addresses: unknown;
  email: string;
  phones: unknown;
  latitude: number;
  longitude: number;
  legal_entity_id: string;
  legal_entity_name: string;
};

function mapEntry({ id, name, type, addresses, email, phones, latitude, longitude, ...entity }: MapRow) {
  return {
    id,
    name,
    type,
    addresses,
    legal_entity: { id: entity.legal_entity_id, name: entity.legal_entity_name },
    contacts: { email, phones },
    coordinates: { latitude, longitude },
  };
}

export type DoctorQuery = Paged & {
  full_name?: string;
  speciality?: string;
  division_id?: string;
  division_name?: string;
  legal_entity_id?: string;
  area?: string;
  settlement?: string;
};

/** Doctors who work now; every word of `full_name` must begin one of the names. */
export async function searchDoctors(db: Db, query: DoctorQuery) {
  const page = pageOf(query);
  const words = (query.full_name ?? '')
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean)
    .slice(0, 5)
    .map((word) => `${escaped(word)}%`);
  const names = words.map(
    (word) =>
      sql` and (lower(p.last_name) like ${word} or lower(p.first_name) like ${word} or lower(p.second_name) like ${word})`,
  );
  const equal = (column: string, value: string | undefined) =>
    value === undefined ? sql`` : sql` and ${sql.raw(column)} = ${value}`;
  const from = sql`
    from prm.employees w join prm.parties p on p.id = w.party_id join prm.legal_entities e on e.id = w.legal_entity_id
    left join prm.divisions d on d.id = w.division_id
    where w.employee_type = 'DOCTOR' and w.is_active and w.status = 'APPROVED' and e.is_active ${sql.join(names, sql``)}
      ${equal('w.speciality', query.speciality)} ${equal('w.division_id', query.division_id)}
      ${equal('w.legal_entity_id', query.legal_entity_id)}
      ${equal('upper(d.area)', query.area?.toUpperCase())} ${equal('upper(d.settlement)', query.settlement?.toUpperCase())}
      and (${query.division_name === undefined} or d.name ilike ${likeOf(query.division_name)})`;
  const rows = sql<DoctorRow>`
    select w.id, w.position, w.speciality, p.id as party_id, p.first_name, p.last_name, p.second_name, d.id as division_id,
      d.name as division_name, d.type as division_type, d.area, d.settlement, e.id as legal_entity_id, coalesce(e.public_name, e.name) as legal_entity_name
    ${from} order by p.last_name, p.first_name, w.id limit ${page.limit} offset ${page.offset}`;
  return paged(db, { page, from, rows, entryOf: doctorEntry });
}

type DoctorRow = Record<
  'id' | 'position' | 'party_id' | 'first_name' | 'last_name' | 'legal_entity_id' | 'legal_entity_name',
  string
> &
  Record<'speciality' | 'second_name' | 'division_id' | 'area' | 'settlement', string | null> & {
    division_name: string;
    division_type: string;
  };

function doctorEntry(row: DoctorRow) {
  const { id, position, speciality, first_name, last_name, second_name, area, settlement } = row;
  return {
    id,
    position,
    speciality,
    party: { id: row.party_id, first_name, last_name, second_name },
    division: row.division_id
      ? { id: row.division_id, name: row.division_name, type: row.division_type, area, settlement }
      : null,
    legal_entity: { id: row.legal_entity_id, name: row.legal_entity_name },
  };
}

type Search<Row, Entry> = {
  page: Page;
  from: ReturnType<typeof sql>;
  rows: RawBuilder<Row>;
  entryOf: (row: Row) => Entry;
};

/** A page and how many there are, asked for at once. */
async function paged<Row, Entry>(db: Db, { page, from, rows, entryOf }: Search<Row, Entry>) {
  const counting = sql<{ count: number }>`select count(*) as count ${from}`;
  const [found, counted] = await Promise.all([rows.execute(db), counting.execute(db)]);
  return { data: found.rows.map(entryOf), paging: pagingOf(page, counted.rows[0]!.count) };
}

function boxOf(query: MapQuery) {
  const {
    lefttop_latitude: north,
    lefttop_longitude: west,
    rightbottom_latitude: south,
    rightbottom_longitude: east,
  } = query;
  const given = [north, west, south, east].filter((value) => value !== undefined);
  if (given.length === 0) return undefined;
  if (given.length < 4)
    throw invalidField('$.lefttop_latitude', 'all four sides of the rectangle expected', 'required');
  return { north: north!, west: west!, south: south!, east: east! };
}

function likeOf(text: string | undefined): string {
  return `%${escaped(text ?? '')}%`;
}

function escaped(text: string): string {
  return text.replaceAll(/[\\%_]/g, (character) => `\\${character}`);
}

import type { Paging } from '@zdravo/kit/contract';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import { conflict, notFound } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import { json, type PrmDeps, type PrmTransaction, type Within, write } from './deps.ts';
import { equalities } from './pages.ts';
import type { Division } from './records.ts';
import type { Tables } from './tables.ts';

/** What a clinic says of a place; `mountain_group` comes from the settlement, never from the clinic. */
export type DivisionInput = Pick<Division, 'name' | 'type' | 'addresses' | 'phones' | 'email' | 'mountain_group'> & {
  external_id?: string | null;
  location?: Division['location'];
};

/** A new place, ACTIVE. */
export function createDivision(
  deps: PrmDeps,
  input: DivisionInput & { id: string; legal_entity_id: string },
  within: Within,
): Promise<Division> {
  const entry = { action: 'create_division', resource: 'division', resource_id: input.id };
  return write(deps, within, entry, async (transaction) => {
    await transaction
      .insertInto('prm.divisions')
      .values({
        ...columnsOf(input),
        id: input.id,
        legal_entity_id: input.legal_entity_id,
        inserted_by: within.actor_id,
        updated_by: within.actor_id,
      })
      .execute();
    return getDivision(transaction, input.id);
  });
}

/** @throws Problem 404. */
export function updateDivision(deps: PrmDeps, id: string, input: DivisionInput, within: Within): Promise<Division> {
  const entry = { action: 'update_division', resource: 'division', resource_id: id };
  return write(deps, within, entry, async (transaction) => {
    await lockDivision(transaction, id);
    await transaction
      .updateTable('prm.divisions')
      .set({ ...columnsOf(input), ...stamp(deps, within) })
      .where('id', '=', id)
      .execute();
    return getDivision(transaction, id);
  });
}

/** @throws Problem 409 when the place has that status already. */
export function setDivisionStatus(
  deps: PrmDeps,
  id: string,
  status: Division['status'],
  within: Within,
): Promise<Division> {
  const action = status === 'ACTIVE' ? 'activate_division' : 'deactivate_division';
  return write(deps, within, { action, resource: 'division', resource_id: id }, async (transaction) => {
    const current = await lockDivision(transaction, id);
    if (current.status === status)
      throw conflict(`Division is ${status} and cannot be ${status}.`, 'division_status_unchanged');
    await transaction
      .updateTable('prm.divisions')
      .set({ status, ...stamp(deps, within) })
      .where('id', '=', id)
      .execute();
    return getDivision(transaction, id);
  });
}

/** The mountain flags that places bear, by the settlement of their residence. */
export async function listMountainFlags(
  db: Kysely<Tables>,
): Promise<{ settlement_id: string; mountain_group: boolean }[]> {
  const rows = await db
    .selectFrom('prm.divisions')
    .select(['settlement_id', 'mountain_group'])
    .distinct()
    .where('settlement_id', 'is not', null)
    .execute();
  return rows.map(({ settlement_id, mountain_group }) => ({ settlement_id: settlement_id!, mountain_group }));
}

/** Copies a settlement's mountain flag to its places. @returns how many changed. */
export function setMountainGroup(
  deps: PrmDeps,
  settlement_id: string,
  mountain_group: boolean,
  within: Within,
): Promise<number> {
  const entry = { action: 'set_mountain_group', resource: 'settlement', resource_id: settlement_id };
  return write(deps, within, entry, async (transaction) => {
    const { numUpdatedRows } = await transaction
      .updateTable('prm.divisions')
      .set({ mountain_group, ...stamp(deps, within) })
      .where('settlement_id', '=', settlement_id)
      .where('mountain_group', '<>', mountain_group)
      .executeTakeFirst();
    return Number(numUpdatedRows);
  });
}

function stamp(deps: PrmDeps, within: Within) {
  return { updated_by: within.actor_id, updated_at: deps.clock.now().toISOString() };
}

function columnsOf(input: DivisionInput) {
  return {
    name: input.name,
    type: input.type,
    external_id: input.external_id ?? null,
    addresses: json(input.addresses),
    phones: json(input.phones),
    email: input.email,
    location_longitude: numeric(input.location?.longitude),
    location_latitude: numeric(input.location?.latitude),
    mountain_group: input.mountain_group,
  };
}

/** A coordinate as the text of an exact decimal. */
function numeric(coordinate: number | undefined): string | null {
  return coordinate === undefined ? null : String(coordinate);
}

async function lockDivision(transaction: PrmTransaction, id: string) {
  const row = await transaction
    .selectFrom('prm.divisions')
    .select('status')
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (!row) throw notFound();
  return row;
}

export async function findDivision(db: Kysely<Tables>, id: string): Promise<Division | undefined> {
  return (await divisions(db).where('division.id', '=', id).executeTakeFirst()) as Division | undefined;
}

/** The same of many, by their ids. */
export async function findDivisions(db: Kysely<Tables>, ids: readonly string[]): Promise<Map<string, Division>> {
  const rows = await divisions(db).where(sql<boolean>`division.id = any(${ids}::uuid[])`).execute();
  return new Map(rows.map((row) => [row.id, row as Division]));
}

async function getDivision(db: Kysely<Tables>, id: string): Promise<Division> {
  const found = await findDivision(db, id);
  if (!found) throw notFound();
  return found;
}

export type DivisionFilter = {
  page?: number;
  page_size?: number;
  ids?: string[];
  /** Part of the name, in any case. */
  name?: string;
  legal_entity_id?: string;
  type?: string;
  status?: string;
};

/** The newest first. */
export async function listDivisions(
  db: Kysely<Tables>,
  { page, page_size, ids, name, ...conditions }: DivisionFilter,
): Promise<{ data: Division[]; paging: Paging }> {
  const wanted = pageOf({ page, page_size });
  const tests = [
    equalities('division', ['legal_entity_id', 'type', 'status'], conditions),
    ...(ids === undefined ? [] : [sql<boolean>`division.id = any(${ids}::uuid[])`]),
    ...(name === undefined ? [] : [sql<boolean>`position(lower(${name}) in lower(division.name)) > 0`]),
  ];
  const where = sql<boolean>`${sql.join(tests, sql` and `)}`;
  const { total } = await db
    .selectFrom('prm.divisions as division')
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .where(where)
    .executeTakeFirstOrThrow();
  const rows = await divisions(db)
    .where(where)
    .orderBy('division.inserted_at', 'desc')
    .orderBy('division.id')
    .limit(wanted.limit)
    .offset(wanted.offset)
    .execute();
  return { data: rows as Division[], paging: pagingOf(wanted, total) };
}

function divisions(db: Kysely<Tables>) {
  return db
    .selectFrom('prm.divisions as division')
    .select([
      'division.id',
      'division.legal_entity_id',
      'division.name',
      'division.type',
      'division.external_id',
      'division.addresses',
      'division.phones',
      'division.email',
      'division.mountain_group',
      'division.status',
      'division.is_active',
      'division.inserted_by',
      'division.updated_by',
      'division.inserted_at',
      'division.updated_at',
    ])
    .select(
      sql<unknown>`case when division.location_longitude is not null
        then jsonb_build_object('longitude', division.location_longitude, 'latitude', division.location_latitude) end`.as(
        'location',
      ),
    );
}

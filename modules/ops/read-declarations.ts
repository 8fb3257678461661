import type { Paging } from '@zdravo/kit/contract';
import type { TransactionOf } from '@zdravo/kit/db';
import { createGroupedLookup, type GroupedLookup } from '@zdravo/kit/groups';
import { pageOf, pagingOf } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import type { Declaration, DeclarationStatus } from './contract.ts';
import { personFamily } from './person-family.ts';
import type { Tables } from './tables.ts';
import type { VersionBody } from './versions.ts';

/** A declaration as the database has it; the newest checkpoint is added when it is answered. */
export type StoredDeclaration = Omit<Declaration, 'checkpoint_size'>;

export async function findDeclaration(db: TransactionOf<Tables>, id: string): Promise<StoredDeclaration | undefined> {
  const row = await withVersion(db).where('head.id', '=', id).executeTakeFirst();
  return row && toDeclaration(row);
}

/** Those that are there, in the order of the database. */
export async function findDeclarations(
  db: TransactionOf<Tables>,
  ids: readonly string[],
): Promise<StoredDeclaration[]> {
  const rows = await withVersion(db).where(sql<boolean>`head.id = any(${ids}::uuid[])`).execute();
  return rows.map(toDeclaration);
}

export type DeclarationLookup = GroupedLookup<StoredDeclaration>;

/** Declarations by id; what is asked for at once is read together. */
export function createDeclarationLookup(db: Kysely<Tables>): DeclarationLookup {
  return createGroupedLookup(
    async (ids) => new Map((await findDeclarations(db, ids)).map((declaration) => [declaration.id, declaration])),
  );
}

/** Living declarations of these persons, the oldest first, locked against other changes. */
export async function listLiving(
  transaction: TransactionOf<Tables>,
  person_ids: readonly string[],
): Promise<StoredDeclaration[]> {
  const rows = await withVersion(transaction)
    .where(sql<boolean>`head.person_id = any(${person_ids}::uuid[])`)
    .where('head.status', 'in', ['active', 'pending_verification'])
    .orderBy('head.inserted_at')
    .orderBy('head.id')
    .forUpdate('head')
    .execute();
  return rows.map(toDeclaration);
}

export async function getDeclaration(db: TransactionOf<Tables>, id: string): Promise<StoredDeclaration> {
  const found = await findDeclaration(db, id);
  if (!found) throw notFound();
  return found;
}

export type DeclarationFilter = {
  page?: number;
  page_size?: number;
  legal_entity_id?: string;
  employee_id?: string;
  person_id?: string;
  status?: DeclarationStatus;
};

/**
 * The newest first; each filter has an index that ends in the order, so a page costs what it shows. A merged person's id
 * shows what the whole person has.
 */
export async function listDeclarations(
  db: TransactionOf<Tables>,
  filter: DeclarationFilter,
): Promise<{ declarations: StoredDeclaration[]; paging: Paging }> {
  const page = pageOf(filter);
  const persons = filter.person_id === undefined ? undefined : await personFamily(db, filter.person_id);
  const narrowing = { ...filter, persons };
  const { total } = await filtered(db.selectFrom('ops.declaration_heads as head'), narrowing)
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const rows = await filtered(withVersion(db), narrowing)
    .orderBy('head.inserted_at', 'desc')
    .orderBy('head.id')
    .limit(page.limit)
    .offset(page.offset)
    .execute();
  return { declarations: rows.map(toDeclaration), paging: pagingOf(page, total) };
}

const filter_columns = ['legal_entity_id', 'employee_id', 'status'] as const;

type Filterable = { where(column: string, operator: '=' | 'in', value: never): Filterable };

function filtered<Query>(query: Query, filter: DeclarationFilter & { persons: string[] | undefined }): Query {
  let narrowed = query as unknown as Filterable;
  if (filter.persons) narrowed = narrowed.where('head.person_id', 'in', filter.persons as never);
  for (const column of filter_columns) {
    const value = filter[column];
    if (value !== undefined) narrowed = narrowed.where(`head.${column}`, '=', value as never);
  }
  return narrowed as unknown as Query;
}

function withVersion(db: TransactionOf<Tables>) {
  return (
    db
      .selectFrom('ops.declaration_heads as head')
      .innerJoin('ops.declaration_versions as version', (join) =>
        join.onRef('version.declaration_id', '=', 'head.id').onRef('version.version', '=', 'head.version'),
      )
      // As text already here: bytes would arrive twice as long, in hex.
      .select([
        sql<string>`convert_from(version.body, 'UTF8')`.as('body'),
        sql<string>`encode(version.leaf_hash, 'hex')`.as('leaf_hash'),
      ])
      .select((eb) =>
        // One look-up for each row: joined, a plan made while the log was small compares every row with all of the log.
        eb
          .selectFrom('ops.log_entries as entry')
          .select('entry.leaf_index')
          .where('entry.kind', '=', 'declaration')
          .whereRef('entry.record_id', '=', 'head.id')
          .whereRef('entry.version', '=', 'head.version')
          .as('leaf_index'),
      )
  );
}

type StoredVersion = { body: string; leaf_hash: string; leaf_index: number | null };

function toDeclaration({ body: text, leaf_hash, leaf_index }: StoredVersion): StoredDeclaration {
  const { op: _op, ...body } = JSON.parse(text) as VersionBody;
  const is_active = body.status === 'active' || body.status === 'pending_verification';
  return { ...body, is_active, leaf_hash, leaf_index };
}

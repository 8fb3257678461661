import { pageOf, pagingOf } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { AuthDeps } from './deps.ts';

type Query = { name?: string; page?: number; page_size?: number };
type Row = { id: string; name: string; scope: string[]; inserted_at: string; updated_at: string };

export async function listRoles(deps: Pick<AuthDeps, 'db'>, query: Query) {
  const { rows, paging } = await listNamed(deps, 'auth.roles', query);
  return { data: rows.map(viewRole), paging };
}

/** @throws Problem 404. */
export async function getRole({ db }: Pick<AuthDeps, 'db'>, id: string) {
  const role = await db.selectFrom('auth.roles').selectAll().where('id', '=', id).executeTakeFirst();
  if (!role) throw notFound();
  return viewRole(role);
}

export async function listClientTypes(deps: Pick<AuthDeps, 'db'>, query: Query) {
  const { rows, paging } = await listNamed(deps, 'auth.client_types', query);
  return { data: rows.map(({ id, name, scope }) => ({ id, name, scope: scope.join(' ') })), paging };
}

/** A page of the rows whose name holds `name`, in any case. */
async function listNamed({ db }: Pick<AuthDeps, 'db'>, table: 'auth.roles' | 'auth.client_types', query: Query) {
  const page = pageOf(query);
  const matching = db.selectFrom(table).where(sql<boolean>`position(lower(${query.name ?? ''}) in lower(name)) > 0`);
  const { count } = await matching.select(({ fn }) => fn.countAll<number>().as('count')).executeTakeFirstOrThrow();
  const rows: Row[] = await matching.selectAll().orderBy('name').limit(page.limit).offset(page.offset).execute();
  return { rows, paging: pagingOf(page, count) };
}

function viewRole({ id, name, scope, inserted_at, updated_at }: Row) {
  return { id, name, scope: scope.join(' '), created_at: inserted_at, updated_at };
}

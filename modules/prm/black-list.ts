import { isUniqueViolation } from '@zdravo/kit/db';
import { conflict } from '@zdravo/kit/problem';
import type { Kysely } from 'kysely';
import { type PrmDeps, type Within, write } from './deps.ts';
import type { Tables } from './tables.ts';

export type BlackListUser = {
  id: string;
  tax_id: string;
  is_active: boolean;
  inserted_by: string;
  updated_by: string;
  inserted_at: string;
  updated_at: string;
};

/** Bars a tax number. @throws Problem 409 when it is barred already. */
export async function addToBlackList(
  deps: PrmDeps,
  input: { id: string; tax_id: string },
  within: Within,
): Promise<BlackListUser> {
  const entry = { action: 'add_to_black_list', resource: 'black_list_user', resource_id: input.id };
  try {
    return await write(deps, within, entry, (transaction) =>
      transaction
        .insertInto('prm.black_list_users')
        .values({ ...input, inserted_by: within.actor_id, updated_by: within.actor_id })
        .returningAll()
        .executeTakeFirstOrThrow(),
    );
  } catch (error) {
    if (isUniqueViolation(error)) throw conflict('This user is already in a black list', 'already_in_black_list');
    throw error;
  }
}

/** Lets a tax number in again. @throws Problem 409 when it is not barred. */
export function removeFromBlackList(deps: PrmDeps, id: string, within: Within): Promise<BlackListUser> {
  const entry = { action: 'remove_from_black_list', resource: 'black_list_user', resource_id: id };
  return write(deps, within, entry, async (transaction) => {
    const row = await transaction
      .updateTable('prm.black_list_users')
      .set({ is_active: false, updated_by: within.actor_id, updated_at: deps.clock.now().toISOString() })
      .where('id', '=', id)
      .where('is_active', '=', true)
      .returningAll()
      .executeTakeFirst();
    if (!row) throw conflict('User is not in a black list', 'not_in_black_list');
    return row;
  });
}

export async function isBlackListed(db: Kysely<Tables>, tax_id: string): Promise<boolean> {
  const row = await db
    .selectFrom('prm.black_list_users')
    .select('id')
    .where('tax_id', '=', tax_id)
    .where('is_active', '=', true)
    .executeTakeFirst();
  return row !== undefined;
}

export async function listBlackList(
  db: Kysely<Tables>,
  filter: { id?: string; tax_id?: string; is_active?: boolean; limit: number; offset: number },
): Promise<{ rows: BlackListUser[]; total: number }> {
  const from = () => {
    let query = db.selectFrom('prm.black_list_users');
    if (filter.id !== undefined) query = query.where('id', '=', filter.id);
    if (filter.tax_id !== undefined) query = query.where('tax_id', '=', filter.tax_id);
    if (filter.is_active !== undefined) query = query.where('is_active', '=', filter.is_active);
    return query;
  };
  const { total } = await from()
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const rows = await from()
    .selectAll()
    .orderBy('inserted_at', 'desc')
    .orderBy('id')
    .limit(filter.limit)
    .offset(filter.offset)
    .execute();
  return { rows, total };
}

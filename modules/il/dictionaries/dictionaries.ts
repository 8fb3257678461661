import type { TransactionOf } from '@zdravo/kit/db';
import type { Static } from 'typebox';
import type { Tables } from '../tables.ts';
import type { Dictionary as DictionarySchema } from './contract.ts';

export type Dictionary = Static<typeof DictionarySchema>;

/** The dictionaries, by name; those in force unless asked otherwise. */
export async function listDictionaries(
  db: TransactionOf<Tables>,
  filter: { name?: string; is_active?: boolean },
): Promise<Dictionary[]> {
  let query = db.selectFrom('il.dictionaries').select(['name', 'values', 'labels', 'is_active']).orderBy('name');
  if (filter.name !== undefined) query = query.where('name', '=', filter.name);
  if (filter.is_active !== undefined) query = query.where('is_active', '=', filter.is_active);
  return (await query.execute()) as Dictionary[];
}

/** Changes a dictionary or adds one; what is not given stays. */
export async function putDictionary(
  transaction: TransactionOf<Tables>,
  name: string,
  { values, labels, is_active }: { values: Record<string, string>; labels?: string[]; is_active?: boolean },
): Promise<Dictionary> {
  const changes = {
    values: JSON.stringify(values),
    ...(labels === undefined ? {} : { labels }),
    ...(is_active === undefined ? {} : { is_active }),
  };
  const row = await transaction
    .insertInto('il.dictionaries')
    .values({ labels: [], is_active: true, ...changes, name })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(changes))
    .returning(['name', 'values', 'labels', 'is_active'])
    .executeTakeFirstOrThrow();
  return row as Dictionary;
}

/** Adds the dictionaries that are not there yet; one that the payer has changed stays as it is. */
export async function seedDictionaries(db: TransactionOf<Tables>, dictionaries: readonly Dictionary[]): Promise<void> {
  if (dictionaries.length === 0) return;
  await db
    .insertInto('il.dictionaries')
    .values(dictionaries.map((one) => ({ ...one, values: JSON.stringify(one.values) })))
    .onConflict((conflict) => conflict.column('name').doNothing())
    .execute();
}

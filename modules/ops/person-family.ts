import type { TransactionOf } from '@zdravo/kit/db';
import type { Tables } from './tables.ts';

/** All ids of one human, as merges left them: the parent's and those that lead to it, whichever of them is asked by. */
export async function personFamily(db: TransactionOf<Tables>, person_id: string): Promise<string[]> {
  const own = await db
    .selectFrom('ops.person_aliases')
    .select('parent_id')
    .where('person_id', '=', person_id)
    .executeTakeFirst();
  const root = own?.parent_id ?? person_id;
  const aliases = await db.selectFrom('ops.person_aliases').select('person_id').where('parent_id', '=', root).execute();
  return [root, ...aliases.map((row) => row.person_id)];
}

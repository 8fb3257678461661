import { notFound, Problem } from '@zdravo/kit/problem';
import { sql } from 'kysely';
import type { MpiDatabase, MpiTransaction } from '../deps.ts';
import type { Token } from '../indexes/tokens.ts';

export type Head = {
  id: string;
  status: 'active' | 'merged' | 'erased';
  version: number;
  pseudonym: string | null;
  erased_at: string | null;
};
export type LivingHead = Head & { pseudonym: string };

/** Who lives under an id, locked until the transaction ends; a merge that came first is followed. */
export async function lockHead(transaction: MpiTransaction, id: string): Promise<Head | undefined> {
  return (await lockHeads(transaction, [id])).get(id);
}

/** The same for many ids, locked in the order of the heads, whoever asks for whom. */
export async function lockHeads(transaction: MpiTransaction, ids: readonly string[]): Promise<Map<string, Head>> {
  const heads = new Map<string, Head>();
  let left = [...ids];
  while (left.length > 0) {
    const { rows } = await sql<Head & { asked_id: string }>`
      select wanted.id as asked_id, head.id, head.status, head.version, head.pseudonym, head.erased_at
      from unnest(${left}::uuid[]) wanted (id)
      left join mpi.person_aliases alias on alias.id = wanted.id
      join mpi.persons asked on asked.id = coalesce(alias.person_id, wanted.id)
      join mpi.persons head on head.id = coalesce(asked.parent_id, asked.id)
      order by head.id for no key update of head`.execute(transaction);
    for (const { asked_id, ...head } of rows) if (head.status !== 'merged') heads.set(asked_id, head);
    left = rows.flatMap(({ asked_id, status }) => (status === 'merged' ? [asked_id] : []));
  }
  return heads;
}

/** @throws Problem 404 for an unknown id, 410 for an erased person. */
export function living(head: Head | undefined): LivingHead {
  if (!head) throw notFound();
  if (head.status === 'erased') throw erased();
  return head as LivingHead;
}

export function erased(): Problem {
  return new Problem({ status: 410, code: 'person_erased', message: 'This person was erased.' });
}

/** The persons, parents in place of merged ones, who own these identity keys. */
export async function ownersOf(
  db: MpiDatabase,
  key_id: string,
  tokens: readonly Token[],
): Promise<{ token: Token; person_id: string }[]> {
  if (tokens.length === 0) return [];
  const { rows } = await sql<{ token: Token; person_id: string }>`
    select key.token::text, coalesce(head.parent_id, head.id) as person_id
    from mpi.identity_keys key join mpi.persons head on head.id = key.person_id
    where key.key_id = ${key_id} and key.token = any(${tokens}::bigint[])`.execute(db);
  return rows;
}

/** Ids that were merged into this person. */
export async function mergedIds(db: MpiDatabase, id: string): Promise<string[]> {
  const rows = await db.selectFrom('mpi.persons').select('id').where('parent_id', '=', id).orderBy('id').execute();
  return rows.map((row) => row.id);
}

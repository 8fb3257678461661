import { conflict } from '@zdravo/kit/problem';
import { type Kysely, sql } from 'kysely';
import { json, type PrmDeps, type PrmTransaction } from './deps.ts';
import type { Party } from './records.ts';
import type { Tables } from './tables.ts';

export type PartyInput = Pick<Party, 'first_name' | 'last_name' | 'birth_date' | 'gender' | 'tax_id'> & {
  /** Taken for a new party only. */
  id: string;
  second_name?: string | null;
  no_tax_id?: boolean;
  documents?: Party['documents'];
  phones?: Party['phones'];
};

/** The party of that tax number and birth date: made, or brought up to date. */
export async function putParty(
  transaction: PrmTransaction,
  deps: PrmDeps,
  input: PartyInput,
  actor_id: string,
): Promise<string> {
  const values = {
    first_name: input.first_name,
    last_name: input.last_name,
    second_name: input.second_name ?? null,
    gender: input.gender,
    no_tax_id: input.no_tax_id ?? false,
    documents: json(input.documents ?? []),
    phones: json(input.phones ?? []),
    updated_by: actor_id,
  };
  const { id } = await transaction
    .insertInto('prm.parties')
    .values({ ...values, id: input.id, tax_id: input.tax_id, birth_date: input.birth_date, inserted_by: actor_id })
    .onConflict((one) =>
      one.constraint('parties_tax_id').doUpdateSet({ ...values, updated_at: deps.clock.now().toISOString() }),
    )
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

/** Links a user to a party. @throws Problem 409 when the user is another party's. */
export async function linkUser(transaction: PrmTransaction, user_id: string, party_id: string): Promise<void> {
  await transaction
    .insertInto('prm.party_users')
    .values({ user_id, party_id })
    .onConflict((one) => one.column('user_id').doNothing())
    .execute();
  const { party_id: owner } = await transaction
    .selectFrom('prm.party_users')
    .select('party_id')
    .where('user_id', '=', user_id)
    .executeTakeFirstOrThrow();
  if (owner !== party_id) throw conflict('Email is already used by another person', 'email_of_another_person');
}

/** The parties behind users, by the users' ids. */
export async function findPartiesOfUsers(db: Kysely<Tables>, user_ids: readonly string[]): Promise<Map<string, Party>> {
  const rows = await db
    .selectFrom('prm.party_users as link')
    .innerJoin('prm.parties as party', 'party.id', 'link.party_id')
    .select([
      'link.user_id',
      'party.id',
      'party.first_name',
      'party.last_name',
      'party.second_name',
      'party.birth_date',
      'party.gender',
      'party.tax_id',
      'party.no_tax_id',
      'party.documents',
      'party.phones',
    ])
    .where(sql<boolean>`link.user_id = any(${user_ids}::uuid[])`)
    .execute();
  return new Map(rows.map(({ user_id, ...party }) => [user_id, party as Party]));
}

export async function listUsersOfParty(db: Kysely<Tables>, party_id: string): Promise<string[]> {
  const rows = await db.selectFrom('prm.party_users').select('user_id').where('party_id', '=', party_id).execute();
  return rows.map((row) => row.user_id);
}

/** `GET /api/party_users`: links between users and parties, the newest first. */
export async function listPartyUsers(
  db: Kysely<Tables>,
  filter: { party_id?: string; user_id?: string; limit: number; offset: number },
) {
  const tests = [
    ...(filter.party_id === undefined ? [] : [sql<boolean>`link.party_id = ${filter.party_id}`]),
    ...(filter.user_id === undefined ? [] : [sql<boolean>`link.user_id = ${filter.user_id}`]),
  ];
  const where = sql<boolean>`${sql.join([sql`true`, ...tests], sql` and `)}`;
  const from = () =>
    db
      .selectFrom('prm.party_users as link')
      .innerJoin('prm.parties as party', 'party.id', 'link.party_id')
      .where(where);
  const { total } = await from()
    .select((eb) => eb.fn.countAll<number>().as('total'))
    .executeTakeFirstOrThrow();
  const rows = await from()
    .select([
      'link.user_id',
      'link.party_id',
      'party.first_name',
      'party.last_name',
      'party.second_name',
      'party.birth_date',
    ])
    .orderBy('link.inserted_at', 'desc')
    .orderBy('link.user_id')
    .limit(filter.limit)
    .offset(filter.offset)
    .execute();
  return { rows, total };
}

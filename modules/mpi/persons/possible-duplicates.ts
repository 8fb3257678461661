import { sql } from 'kysely';
import type { Person } from '../contract.ts';
import { index_definitions, taxIds } from '../indexes/composites.ts';
import { askForReview } from '../linking/review-items.ts';
import type { WriteContext } from './write-version.ts';

/** A number that clerks made up may meet many; people need not look at more pairs at once. */
const most_compared = 5;
const tax_index = index_definitions.find(({ name }) => name === 'tax_id')!.id;

/** Whoever else owns an identity key of these data, or bears the same tax number, may be the same person twice. */
export async function askAboutDuplicates(
  { transaction, generations: { serving } }: WriteContext,
  id: string,
  person: Person,
): Promise<void> {
  const identity_tokens = serving.identityTokens(person).map(({ token }) => token);
  const tax_tokens = taxIds(person).map((tax_id) => serving.token('tax_id', [tax_id]));
  if (identity_tokens.length + tax_tokens.length === 0) return;
  const { rows } = await sql<{ other: string; contested: boolean }>`
    select coalesce(head.parent_id, head.id) as other, bool_or(row.contested) as contested
    from (
      (select person_id, true as contested from mpi.identity_keys
       where key_id = ${serving.key_id} and token = any(${identity_tokens}::bigint[]))
      union all
      (select person_id, false from mpi.blind_indexes
       where key_id = ${serving.key_id} and index_id = ${tax_index} and token = any(${tax_tokens}::bigint[])
       limit ${most_compared + 1})
    ) row
    join mpi.persons head on head.id = row.person_id
    where coalesce(head.parent_id, head.id) <> ${id}::uuid
    group by 1`.execute(transaction);
  const pairs = (contested: boolean) =>
    rows.filter((row) => row.contested === contested).map(({ other }) => [id, other] as [string, string]);
  await askForReview(transaction, 'identity_contested', pairs(true));
  await askForReview(transaction, 'identifier_shared', pairs(false));
}

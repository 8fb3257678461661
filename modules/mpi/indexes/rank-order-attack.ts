import type pg from 'pg';
import type { Person } from '../contract.ts';
import type { IdentityRules } from '../identity-rules.ts';
import { blockComposites } from '../linkage/block-definitions.ts';
import { index_definitions } from './composites.ts';
import type { TokenMaker } from './tokens.ts';

/** One row of an index, as a thief of the dump has it: with what stands in clear beside it. */
export type StolenRow = { index: string; token: string; person_id: string; gender: string; birth_month: string };

/** Values that an index may hold, as somebody without the key may guess them. */
type Values = (person: Person) => string[];

/** Every index of persons, the linker's included, by the name it has in `stolenRows`. */
export function valuesOf(rules: IdentityRules): Map<string, Values> {
  const blind = index_definitions.map(({ name, composites }): [string, Values] => [
    name,
    (person) => composites(person, rules).map((composite) => JSON.stringify(composite)),
  ]);
  return new Map([...blind, ['linkage_blocks', (person) => blocksOf(person, rules)]]);
}

function blocksOf(person: Person, rules: IdentityRules): string[] {
  return [...new Set(blockComposites(person, rules).map((composite) => JSON.stringify(composite)))];
}

/** What a superuser's dump yields, joined over the pseudonym with the facts that are in clear. */
export async function stolenRows(pool: pg.Pool): Promise<StolenRow[]> {
  const { rows } = await pool.query<StolenRow & { index_id: number | null }>(`
    with entry as (
      select index_id, token, person_id from mpi.blind_indexes
      union all select null, token, person_id from mpi.linkage_blocks
    )
    select index_id, token::text, person_id, gender::text, birth_month::text
    from entry join mpi.persons on persons.id = person_id join mpi.person_facts using (pseudonym)`);
  return rows.map(({ index_id, ...row }) => ({
    ...row,
    index: index_definitions.find(({ id }) => id === index_id)?.name ?? 'linkage_blocks',
  }));
}

/** What the tokens stand for: only to count the thief's successes. */
export function truthOf(people: Iterable<Person>, rules: IdentityRules, maker: TokenMaker): Map<string, string> {
  const truth = new Map<string, string>();
  for (const person of people) {
    for (const { name, composites } of index_definitions)
      for (const composite of composites(person, rules))
        truth.set(`${name} ${maker.token(name, composite)}`, JSON.stringify(composite));
    const blocks = blocksOf(person, rules);
    maker.sketches.blocks(person).forEach((token, at) => {
      truth.set(`linkage_blocks ${token}`, blocks[at]!);
    });
  }
  return truth;
}

/**
 * The rank-order attack on deterministic tokens: the commonest token is taken for the commonest value of a public list of
 * people, the second for the second, and so on, within each stratum of what is known of a row in clear.
 * @returns the share of rows whose value was guessed, 0 to 1.
 */
export function rankOrderAttack<Row extends { token: string }>(
  rows: readonly Row[],
  public_values: readonly { value: string; stratum: string }[],
  stratumOf: (row: Row) => string,
  isRight: (row: Row, value: string) => boolean,
): number {
  const values = Map.groupBy(public_values, ({ stratum }) => stratum);
  let right = 0;
  for (const [stratum, stolen] of Map.groupBy(rows, stratumOf)) {
    const ranked_values = ranked((values.get(stratum) ?? []).map(({ value }) => value));
    const ranked_tokens = ranked(stolen.map(({ token }) => token));
    const guess = new Map(ranked_tokens.map((token, rank) => [token, ranked_values[rank]]));
    for (const row of stolen) {
      const value = guess.get(row.token);
      if (value !== undefined && isRight(row, value)) right += 1;
    }
  }
  return rows.length === 0 ? 0 : right / rows.length;
}

/** Different ones, the commonest first. */
function ranked(items: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1]).map(([item]) => item);
}

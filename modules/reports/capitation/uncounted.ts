import { type RawBuilder, sql } from 'kysely';

/** Why an active declaration is not counted, and how a run says it to whoever asks. */
export const uncounted = {
  declaration_missing: 'Its history is known, the declaration itself is not.',
  legal_entity_missing: 'Its legal entity is not known.',
  division_missing: 'Its division is not known, so the mountain coefficient is not either.',
  person_missing: 'Nothing is known of its person, so the age is not either.',
  person_deceased: 'The person had died before the billing date.',
  person_not_born: 'The person is born after the billing date.',
  contract_not_in_force: 'Its clinic has contracts, and none of them was in force on the billing date.',
  employee_not_in_contract: 'Its doctor does not stand in the contract of the clinic for this place.',
  over_contract_limit: 'The contract pays fewer patients of this doctor; those who became active earlier came first.',
} as const;

export type Uncounted = keyof typeof uncounted;

const names = Object.keys(uncounted) as Uncounted[];

/** In SQL a reason is a negative number: it takes the place of the class that counted declarations have. */
export function reasonCode(reason: Uncounted): RawBuilder<number> {
  return sql.lit(-1 - names.indexOf(reason));
}

/** The name behind a code. */
export function reasonOf(code: number): Uncounted {
  return names[-1 - code]!;
}

/** The same in SQL. */
export function reasonName(code: RawBuilder<unknown>): RawBuilder<string> {
  return sql`(array[${sql.join(names.map((name) => sql.lit(name)))}])[-${code}]`;
}

import type { Person } from '../contract.ts';
import { index_definitions } from '../indexes/composites.ts';
import type { Token, TokenMaker } from '../indexes/tokens.ts';
import { phone_index } from './phone-fanout.ts';

export const tax_index = index_definitions.find(({ name }) => name === 'tax_id')!.id;

/** What of a person's data decides who they are, and who else is concerned when they are written. */
export type DecidingTokens = {
  identity: ReturnType<TokenMaker['identityTokens']>;
  tax_ids: Token[];
  phones: Token[];
};

export function decidingTokens(maker: TokenMaker, person: Person): DecidingTokens {
  const rows = maker.indexTokens(person);
  const of = (index: number) => rows.flatMap(({ index_id, token }) => (index_id === index ? [token] : []));
  return { identity: maker.identityTokens(person), tax_ids: of(tax_index), phones: of(phone_index) };
}

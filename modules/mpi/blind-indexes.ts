import { createHmac } from 'node:crypto';
import type { KeyProvider } from '@zdravo/kit/keys';
import type { Person, SearchedFields } from './contract.ts';

export type Token = { index_name: string; token: string };
export type Normalise = (text: string) => string;

/** Makes tokens: a key of its own for each index, derived from the key provider (HKDF). */
export type BlindIndexes = {
  generation: string;
  /** Of naturally unique identifiers that this person has; empty when there are none: absent is not equal. */
  uniqueTokens(person: Person): Token[];
  searchTokens(person: Person): Token[];
  searchToken(fields: Pick<SearchedFields, 'first_name' | 'last_name' | 'birth_date'>): Token;
};

const index_names = ['tax_id', 'birth_certificate', 'name_birth_date'] as const;
type IndexName = (typeof index_names)[number];

export async function createBlindIndexes(provider: KeyProvider, normalise: Normalise): Promise<BlindIndexes> {
  const generation = provider.current_key_id();
  const index_keys = new Map<IndexName, Uint8Array>();
  for (const name of index_names) index_keys.set(name, await provider.derive(`mpi index ${name}`, generation));

  /** 64 bits of HMAC-SHA-256 over the parts, each with its length, as the signed text that bigint takes. */
  function token(index_name: IndexName, parts: readonly string[]): Token {
    const mac = createHmac('sha256', index_keys.get(index_name)!);
    for (const part of parts) mac.update(`${Buffer.byteLength(part)}:${part};`);
    return { index_name, token: mac.digest().readBigInt64BE(0).toString() };
  }

  function searchToken(fields: Pick<SearchedFields, 'first_name' | 'last_name' | 'birth_date'>): Token {
    return token('name_birth_date', [normalise(fields.last_name), normalise(fields.first_name), fields.birth_date]);
  }

  return {
    generation,
    uniqueTokens: (person) => {
      if (person.tax_id) return [token('tax_id', [person.tax_id, person.birth_date])];
      return person.documents
        .filter((document) => document.type === 'BIRTH_CERTIFICATE')
        .map(({ number }) =>
          token('birth_certificate', [normalise(number), person.birth_date, normalise(person.first_name)]),
        );
    },
    searchTokens: (person) => [searchToken(person)],
    searchToken,
  };
}

import { Open, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const tag = 'Persons';
const reference = { tag, envelope: 'reference' } as const;
const optional = Type.Optional;
const Text = Type.String({ minLength: 1, maxLength: 255 });

/** Only what was asked by, and what people tell namesakes apart by; the id is the one thing that a caller learns. */
const FoundPerson = Type.Object({
  id: Type.String(),
  first_name: Type.String(),
  last_name: Type.String(),
  birth_date: Type.String(),
  second_name: optional(Type.String()),
  tax_id: optional(Type.String()),
  phone_number: optional(Type.String()),
  birth_country: Type.String(),
  birth_settlement: Type.String(),
  merged_ids: Type.Array(Type.String()),
});

export const contract = {
  searchPersons: route({
    ...reference,
    method: 'GET',
    path: '/api/persons',
    summary: 'Find a patient by what is known of them; too many matches are refused',
    access: { kind: 'scopes', scopes: ['person:read'] },
    query: Type.Object({
      ...PageQuery,
      first_name: Text,
      last_name: Text,
      birth_date: Type.String({ format: 'date' }),
      second_name: optional(Text),
      tax_id: optional(Type.String({ maxLength: 32 })),
      phone_number: optional(Type.String({ maxLength: 32 })),
    }),
    data: Type.Array(FoundPerson),
    paged: true,
  }),
  resetAuthenticationMethod: route({
    ...reference,
    method: 'PATCH',
    path: '/api/persons/:id/actions/reset_authentication_method',
    summary: 'Forget how a patient proves consent: the next declaration establishes it anew',
    access: { kind: 'scopes', scopes: ['person:reset_authentication_method'] },
    params: Type.Object({ id: Uuid }),
    body: optional(Open({})),
    data: Type.Object({ id: Type.String(), authentication_methods: Type.Array(Type.Object({ type: Type.String() })) }),
  }),
};

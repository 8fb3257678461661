import { route } from '@zdravo/kit/contract';
import { Type } from 'typebox';

export const Dictionary = Type.Object({
  name: Type.String(),
  values: Type.Record(Type.String(), Type.String()),
  labels: Type.Array(Type.String()),
  is_active: Type.Boolean(),
});

export const contract = {
  listDictionaries: route({
    method: 'GET',
    path: '/api/dictionaries',
    tag: 'Dictionaries',
    summary: 'All enumerations, code to text',
    access: { kind: 'public' },
    envelope: 'reference',
    query: Type.Object({
      name: Type.Optional(Type.String({ maxLength: 64 })),
      is_active: Type.Optional(Type.Boolean()),
    }),
    data: Type.Array(Dictionary),
  }),
  putDictionary: route({
    method: 'PATCH',
    path: '/api/dictionaries/:name',
    tag: 'Dictionaries',
    summary: 'Change an enumeration, or add one',
    access: { kind: 'scopes', scopes: ['dictionary:write'] },
    envelope: 'reference',
    params: Type.Object({ name: Type.String({ pattern: '^[A-Z][A-Z0-9_]{1,63}$' }) }),
    body: Type.Object(
      {
        values: Type.Record(Type.String({ pattern: '^.{1,64}$' }), Type.String({ minLength: 1, maxLength: 1000 }), {
          minProperties: 1,
          additionalProperties: false,
        }),
        labels: Type.Optional(Type.Array(Type.String({ maxLength: 64 }), { maxItems: 20 })),
        is_active: Type.Optional(Type.Boolean()),
      },
      { additionalProperties: true },
    ),
    data: Dictionary,
  }),
};

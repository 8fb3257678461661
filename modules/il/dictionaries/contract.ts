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
};

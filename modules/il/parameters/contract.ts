import { route } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const tag = 'Parameters';
const Parameters = Type.Record(Type.String(), Type.String());

export const contract = {
  getGlobalParameters: route({
    method: 'GET',
    path: '/api/global_parameters',
    tag,
    summary: 'Business configuration',
    access: { kind: 'scopes', scopes: ['global_parameters:read'] },
    envelope: 'reference',
    data: Parameters,
  }),
  putGlobalParameters: route({
    method: 'PUT',
    path: '/api/global_parameters',
    tag,
    summary: 'Change business configuration; what is not named stays',
    description:
      'Numbers are whole, from 1 on, and have an upper bound. A term is judged together with its unit: a declaration lasts a ' +
      'hundred years at most, what waits for an answer a year.',
    access: { kind: 'scopes', scopes: ['global_parameters:write'] },
    envelope: 'reference',
    body: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
    data: Parameters,
  }),
};

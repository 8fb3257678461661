import { Nullable, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';
import { Addresses, Code, Email, Name, Phones } from '../schemas/fields.ts';

const tag = 'Divisions';
const reference = { tag, envelope: 'reference' } as const;
const params = Type.Object({ id: Uuid });
const AnyObject = Type.Record(Type.String(), Type.Unknown());
const optional = Type.Optional;

const Location = Type.Object(
  { longitude: Type.Number({ minimum: -180, maximum: 180 }), latitude: Type.Number({ minimum: -90, maximum: 90 }) },
  { additionalProperties: true },
);

/** `legal_entity_id` is the token's, whatever the body says (domain.md, Corrections). */
export const DivisionInput = Type.Object(
  {
    name: Name,
    type: Code,
    external_id: optional(Type.String({ maxLength: 255 })),
    legal_entity_id: optional(Type.String({ maxLength: 64 })),
    addresses: Addresses,
    phones: Phones,
    email: Email,
    location: optional(Location),
  },
  { additionalProperties: false },
);

export const Division = Type.Object({
  id: Type.String(),
  name: Type.String(),
  type: Type.String(),
  legal_entity_id: Type.String(),
  external_id: Nullable(Type.String()),
  addresses: Type.Array(AnyObject),
  phones: Type.Array(AnyObject),
  email: Type.String(),
  location: Nullable(Type.Object({ longitude: Type.Number(), latitude: Type.Number() })),
  mountain_group: Type.Boolean(),
  status: Type.String(),
});

export const contract = {
  listDivisions: route({
    ...reference,
    method: 'GET',
    path: '/api/divisions',
    summary: 'Places of care; a clinic sees its own',
    access: { kind: 'scopes', scopes: ['division:read'] },
    query: Type.Object({
      ...PageQuery,
      ids: optional(Type.String({ maxLength: 4000 })),
      name: optional(Type.String({ maxLength: 255 })),
      legal_entity_id: optional(Uuid),
      type: optional(Type.String({ maxLength: 64 })),
      status: optional(Type.String({ maxLength: 16 })),
    }),
    data: Type.Array(Division),
    paged: true,
  }),
  getDivision: route({
    ...reference,
    method: 'GET',
    path: '/api/divisions/:id',
    summary: 'One place of care',
    access: { kind: 'scopes', scopes: ['division:read'] },
    params,
    data: Division,
  }),
  createDivision: route({
    ...reference,
    method: 'POST',
    path: '/api/divisions',
    summary: 'A new place of care, ACTIVE',
    access: { kind: 'scopes', scopes: ['division:write'] },
    body: DivisionInput,
    status: 201,
    data: Division,
  }),
  updateDivision: route({
    ...reference,
    method: 'PATCH',
    path: '/api/divisions/:id',
    summary: 'Bring a place up to date',
    access: { kind: 'scopes', scopes: ['division:write'] },
    params,
    body: DivisionInput,
    data: Division,
  }),
  activateDivision: route({
    ...reference,
    method: 'PATCH',
    path: '/api/divisions/:id/actions/activate',
    summary: 'INACTIVE → ACTIVE',
    access: { kind: 'scopes', scopes: ['division:write'] },
    params,
    data: Division,
  }),
  deactivateDivision: route({
    ...reference,
    method: 'PATCH',
    path: '/api/divisions/:id/actions/deactivate',
    summary: 'ACTIVE → INACTIVE',
    access: { kind: 'scopes', scopes: ['division:write'] },
    params,
    data: Division,
  }),
};

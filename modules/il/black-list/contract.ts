import { Nullable, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const tag = 'Staff of partners';
const reference = { tag, envelope: 'reference' } as const;
const optional = Type.Optional;

const BlackListUser = Type.Object({
  id: Type.String(),
  tax_id: Type.String(),
  is_active: Type.Boolean(),
  inserted_by: Type.String(),
  inserted_at: Type.String(),
  updated_by: Type.String(),
  updated_at: Type.String(),
});

export const contract = {
  listBlackListUsers: route({
    ...reference,
    method: 'GET',
    path: '/api/black_list_users',
    summary: 'Tax numbers that may not become staff',
    access: { kind: 'scopes', scopes: ['bl_user:read'] },
    query: Type.Object({
      ...PageQuery,
      id: optional(Uuid),
      tax_id: optional(Type.String({ maxLength: 10 })),
      is_active: optional(Type.Boolean()),
    }),
    data: Type.Array(BlackListUser),
    paged: true,
  }),
  createBlackListUser: route({
    ...reference,
    method: 'POST',
    path: '/api/black_list_users',
    summary: 'Bar a tax number',
    access: { kind: 'scopes', scopes: ['bl_user:write'] },
    body: Type.Object({ tax_id: Type.String({ pattern: '^[0-9]{10}$' }) }, { additionalProperties: true }),
    status: 201,
    data: BlackListUser,
  }),
  deactivateBlackListUser: route({
    ...reference,
    method: 'PATCH',
    path: '/api/black_list_users/:id/actions/deactivate',
    summary: 'Let a tax number in again',
    access: { kind: 'scopes', scopes: ['bl_user:deactivate'] },
    params: Type.Object({ id: Uuid }),
    data: BlackListUser,
  }),
  listPartyUsers: route({
    ...reference,
    method: 'GET',
    path: '/api/party_users',
    summary: 'Which user is which person',
    access: { kind: 'scopes', scopes: ['party_user:read'] },
    query: Type.Object({ ...PageQuery, party_id: optional(Uuid), user_id: optional(Uuid) }),
    data: Type.Array(
      Type.Object({
        user_id: Type.String(),
        party_id: Type.String(),
        first_name: Type.String(),
        last_name: Type.String(),
        second_name: Nullable(Type.String()),
        birth_date: Type.String(),
      }),
    ),
    paged: true,
  }),
};

import { CivilDate, Nullable, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { type Static, Type } from 'typebox';

const tag = 'Erasure of persons';
const reference = { tag, envelope: 'reference' } as const;
const params = Type.Object({ id: Uuid });
const optional = Type.Optional;

export const ErasureGround = Type.Enum(['patient_request', 'court_order', 'supervisory_authority']);

const PersonErasure = Type.Object({
  id: Type.String(),
  person_id: Type.String(),
  ground: ErasureGround,
  document_number: Type.String(),
  document_date: Type.String(),
  status: Type.Enum(['NEW', 'APPROVED', 'DONE', 'REJECTED', 'REFUSED']),
  ordered_by: Type.String(),
  ordered_at: Type.String(),
  decided_by: Nullable(Type.String()),
  decided_at: Nullable(Type.String()),
  /** Why nothing was erased after all: `declaration_lives` or `retention`. */
  refusal: Nullable(Type.String()),
  done_at: Nullable(Type.String()),
});

export type PersonErasure = Static<typeof PersonErasure>;

/** Ours, not of the reference: to forget somebody takes two officers of the payer and a document. */
export const contract = {
  listPersonErasures: route({
    ...reference,
    method: 'GET',
    path: '/api/person_erasures',
    summary: 'Orders of erasure, the newest first',
    access: { kind: 'scopes', scopes: ['person_erasure:read'] },
    query: Type.Object({
      ...PageQuery,
      person_id: optional(Uuid),
      status: optional(PersonErasure.properties.status),
    }),
    data: Type.Array(PersonErasure),
    paged: true,
  }),
  getPersonErasure: route({
    ...reference,
    method: 'GET',
    path: '/api/person_erasures/:id',
    summary: 'One order of erasure',
    access: { kind: 'scopes', scopes: ['person_erasure:read'] },
    params,
    data: PersonErasure,
  }),
  createPersonErasure: route({
    ...reference,
    method: 'POST',
    path: '/api/person_erasures',
    summary: 'Order the erasure of a person; another officer has to approve it',
    access: { kind: 'scopes', scopes: ['person_erasure:write'] },
    body: Type.Object(
      {
        person_id: Uuid,
        ground: ErasureGround,
        document_number: Type.String({ minLength: 1, maxLength: 64, pattern: '\\S' }),
        document_date: CivilDate,
      },
      { additionalProperties: false },
    ),
    status: 201,
    data: PersonErasure,
  }),
  approvePersonErasure: route({
    ...reference,
    method: 'PATCH',
    path: '/api/person_erasures/:id/actions/approve',
    summary: 'Carry the order out, for good: every module drops the person’s keys',
    access: { kind: 'scopes', scopes: ['person_erasure:approve'] },
    params,
    data: PersonErasure,
  }),
  rejectPersonErasure: route({
    ...reference,
    method: 'PATCH',
    path: '/api/person_erasures/:id/actions/reject',
    summary: 'Set the order aside',
    access: { kind: 'scopes', scopes: ['person_erasure:approve'] },
    params,
    data: PersonErasure,
  }),
};

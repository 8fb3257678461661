import { Nullable, Open, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';
import { SignedContent, SignedContentEncoding, signed_body_limit_bytes } from '../signed-documents.ts';

const tag = 'Legal entities';
const reference = { tag, envelope: 'reference' } as const;
const Id = Type.Object({ id: Uuid });
const AnyObject = Type.Record(Type.String(), Type.Unknown());

export const LegalEntity = Type.Object({
  id: Type.String(),
  name: Type.String(),
  short_name: Nullable(Type.String()),
  public_name: Nullable(Type.String()),
  type: Type.String(),
  owner_property_type: Type.String(),
  legal_form: Type.String(),
  edrpou: Type.String(),
  kveds: Type.Array(Type.String()),
  addresses: Type.Array(AnyObject),
  phones: Type.Array(AnyObject),
  email: Type.String(),
  medical_service_provider: Nullable(AnyObject),
  status: Type.String(),
  is_active: Type.Boolean(),
  mis_verified: Type.String(),
  nhs_verified: Type.Boolean(),
  created_by_mis_client_id: Nullable(Type.String()),
  inserted_by: Type.String(),
  inserted_at: Type.String(),
  updated_by: Type.String(),
  updated_at: Type.String(),
});

/** `client_secret` is shown once, when the client is made; refresh_secret gives another. */
const Security = Type.Object({
  client_id: Type.String(),
  client_secret: Type.Optional(Type.String()),
  redirect_uri: Nullable(Type.String()),
});

export const contract = {
  putLegalEntity: route({
    ...reference,
    method: 'PUT',
    path: '/api/legal_entities',
    summary: 'Register a legal entity by a signed document, or bring it up to date',
    description: 'The same container again changes nothing and gets the same answer, without the secret.',
    access: { kind: 'scopes', scopes: ['legal_entity:write'] },
    body: Open({ signed_legal_entity_request: SignedContent, signed_content_encoding: SignedContentEncoding }),
    body_limit_bytes: signed_body_limit_bytes + 4096,
    data: LegalEntity,
    urgent: Type.Object({ security: Security, employee_request_id: Type.String() }),
  }),
  listLegalEntities: route({
    ...reference,
    method: 'GET',
    path: '/api/legal_entities',
    summary: 'Legal entities; a clinic sees itself',
    access: { kind: 'scopes', scopes: ['legal_entity:read'] },
    query: Type.Object({
      ...PageQuery,
      edrpou: Type.Optional(Type.String({ maxLength: 10 })),
      legal_entity_id: Type.Optional(Uuid),
      settlement_id: Type.Optional(Uuid),
      type: Type.Optional(Type.String({ maxLength: 64 })),
      owner_property: Type.Optional(Type.String({ maxLength: 64 })),
      owner_property_type: Type.Optional(Type.String({ maxLength: 64 })),
      status: Type.Optional(Type.String({ maxLength: 64 })),
      mis_verified: Type.Optional(Type.String({ maxLength: 64 })),
      nhs_verified: Type.Optional(Type.Boolean()),
    }),
    data: Type.Array(LegalEntity),
    paged: true,
  }),
  getLegalEntity: route({
    ...reference,
    method: 'GET',
    path: '/api/legal_entities/:id',
    summary: 'One legal entity',
    access: { kind: 'scopes', scopes: ['legal_entity:read'] },
    params: Id,
    data: LegalEntity,
    urgent: Type.Object({ security: Security }),
  }),
  misVerifyLegalEntity: route({
    ...reference,
    method: 'PATCH',
    path: '/api/legal_entities/:id/actions/mis_verify',
    summary: 'NOT_VERIFIED → VERIFIED by the vendor, once',
    description: '409 when it is VERIFIED, and when the legal entity is closed.',
    access: { kind: 'scopes', scopes: ['legal_entity:mis_verify'] },
    params: Id,
    data: LegalEntity,
  }),
  nhsVerifyLegalEntity: route({
    ...reference,
    method: 'PATCH',
    path: '/api/legal_entities/:id/actions/nhs_verify',
    summary: 'Verified by the payer, once',
    description: '409 when it was, and when the legal entity is closed.',
    access: { kind: 'scopes', scopes: ['legal_entity:nhs_verify'] },
    params: Id,
    data: LegalEntity,
  }),
  deactivateLegalEntity: route({
    ...reference,
    method: 'PATCH',
    path: '/api/legal_entities/:id/actions/deactivate',
    summary: 'Close a legal entity: its staff is dismissed and its declarations end',
    access: { kind: 'scopes', scopes: ['legal_entity:deactivate'] },
    params: Id,
    data: LegalEntity,
  }),
};

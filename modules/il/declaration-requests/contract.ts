import { Nullable, Open, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';
import { Seals } from '../receipts/contract.ts';
import { SignedContent, SignedContentEncoding, signed_body_limit_bytes } from '../signed-documents.ts';
import { Code } from '../verifications/contract.ts';
import { DeclarationRequestInput } from './person.ts';

const tag = 'Declaration requests';
const reference = { tag, envelope: 'reference' } as const;
const params = Type.Object({ id: Uuid });
const AnyObject = Type.Record(Type.String(), Type.Unknown());
const optional = Type.Optional;

/** `$.data` of a request: what is shown, and signed with `patient_signed` made true. Without personal data once it is over. */
const DeclarationRequest = Type.Object({
  id: Type.String(),
  status: Type.String(),
  start_date: Type.String(),
  end_date: Type.String(),
  scope: optional(Type.String()),
  person: optional(AnyObject),
  employee: optional(AnyObject),
  division: optional(AnyObject),
  legal_entity: optional(AnyObject),
  content: optional(Type.String()),
  seed: optional(Type.String()),
});

const Urgent = Type.Object({
  authentication_method_current: Type.Object({ type: Type.String(), number: optional(Type.String()) }),
  documents: optional(Type.Array(Type.Object({ type: Type.String(), url: Type.String() }))),
});

export const SignedDeclaration = Type.Object({
  id: Type.String(),
  person_id: Type.String(),
  employee_id: Type.String(),
  division_id: Type.String(),
  legal_entity_id: Type.String(),
  declaration_request_id: Type.String(),
  declaration_number: Type.String(),
  scope: Type.String(),
  start_date: Type.String(),
  end_date: Type.String(),
  signed_at: Type.String(),
  status: Type.String(),
  is_active: Type.Boolean(),
  reason: Nullable(Type.String()),
  seed: Type.String(),
  inserted_at: Type.String(),
  updated_at: Type.String(),
});

export const contract = {
  createDeclarationRequest: route({
    ...reference,
    method: 'POST',
    path: '/api/declaration_requests',
    summary:
      'Ask for a declaration of a patient with a doctor; the stored authentication method decides how consent is proved',
    access: { kind: 'scopes', scopes: ['declaration_request:write'] },
    body: Open({ declaration_request: DeclarationRequestInput }),
    data: DeclarationRequest,
    urgent: Urgent,
  }),
  listDeclarationRequests: route({
    ...reference,
    method: 'GET',
    path: '/api/declaration_requests',
    summary: 'Requests of a legal entity',
    access: { kind: 'scopes', scopes: ['declaration_request:read'] },
    query: Type.Object({
      ...PageQuery,
      employee_id: optional(Uuid),
      legal_entity_id: optional(Uuid),
      status: optional(Type.String({ maxLength: 16 })),
    }),
    data: Type.Array(DeclarationRequest),
    paged: true,
  }),
  getDeclarationRequest: route({
    ...reference,
    method: 'GET',
    path: '/api/declaration_requests/:id',
    summary: 'One request; `$.data` is what is to be signed, with the log head of now as `seed`',
    access: { kind: 'scopes', scopes: ['declaration_request:read'] },
    params,
    data: DeclarationRequest,
    urgent: Urgent,
  }),
  approveDeclarationRequest: route({
    ...reference,
    method: 'PATCH',
    path: '/api/declaration_requests/:id/actions/approve',
    summary: 'Prove the patient’s consent: by the code, or by the scans that were uploaded',
    access: { kind: 'scopes', scopes: ['declaration_request:write'] },
    params,
    body: optional(Open({ verification_code: optional(Nullable(Code)) })),
    data: DeclarationRequest,
  }),
  rejectDeclarationRequest: route({
    ...reference,
    method: 'PATCH',
    path: '/api/declaration_requests/:id/actions/reject',
    summary: 'Give a request up; its personal data are wiped',
    access: { kind: 'scopes', scopes: ['declaration_request:write'] },
    params,
    data: DeclarationRequest,
  }),
  resendDeclarationOtp: route({
    ...reference,
    method: 'POST',
    path: '/api/declaration_requests/:id/actions/resend_otp',
    summary: 'Send another code',
    access: { kind: 'scopes', scopes: ['otp:write'] },
    params,
    data: Type.Object({
      id: Type.String(),
      status: Type.String(),
      code_expired_at: Type.String(),
      active: Type.Boolean(),
    }),
  }),
  signDeclarationRequest: route({
    ...reference,
    method: 'PATCH',
    path: '/api/declaration_requests/:id/actions/sign',
    summary: 'The doctor’s signature over the request makes the declaration',
    description:
      'Safe to repeat: the same content signed by the same doctor gets the same answer. `urgent.promise` is the log’s signed promise. With `Prefer: wait=N` (RFC 7240, at most 10 seconds) the answer waits for the receipt and says `Preference-Applied` when `urgent.receipt` is there; a slow log delays, it never fails a signature.',
    access: { kind: 'scopes', scopes: ['declaration_request:sign'] },
    params,
    body: Open({ signed_declaration_request: SignedContent, signed_content_encoding: SignedContentEncoding }),
    body_limit_bytes: signed_body_limit_bytes + 4096,
    data: SignedDeclaration,
    urgent: Seals,
    idempotent: false,
  }),
};

import { Nullable, Open, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';
import { SignedDeclaration } from '../declaration-requests/contract.ts';
import { Seals } from '../receipts/contract.ts';

const tag = 'Declarations';
const reference = { tag, envelope: 'reference' } as const;
const params = Type.Object({ id: Uuid });
const AnyObject = Type.Record(Type.String(), Type.Unknown());
const optional = Type.Optional;

/** Where the log holds what was read: to be compared with a receipt, or with the published log itself. */
const log_place = {
  version: Type.Integer(),
  /** Hex. */
  leaf_hash: Type.String(),
  /** Null while no published checkpoint covers the leaf. */
  leaf_index: Nullable(Type.Integer()),
  /** Leaves under the newest published checkpoint when this was answered. */
  checkpoint_size: Type.Integer(),
};

const DeclarationDetails = Type.Object({
  id: Type.String(),
  start_date: Type.String(),
  end_date: Type.String(),
  signed_at: Type.String(),
  status: Type.String(),
  is_active: Type.Boolean(),
  scope: Type.String(),
  declaration_number: Type.String(),
  declaration_request_id: Type.String(),
  reason: Nullable(Type.String()),
  inserted_at: Type.String(),
  updated_at: Type.String(),
  ...log_place,
  person: AnyObject,
  employee: Nullable(AnyObject),
  division: Nullable(AnyObject),
  legal_entity: Nullable(AnyObject),
});

const Named = Type.Object({
  id: Type.String(),
  first_name: Type.String(),
  last_name: Type.String(),
  second_name: Nullable(Type.String()),
});

/** With those whom it binds in short; `person` is null once they are erased. */
const ListedDeclaration = Type.Object({
  ...SignedDeclaration.properties,
  ...log_place,
  person: Nullable(Named),
  employee: Nullable(
    Type.Object({ id: Type.String(), position: Type.String(), employee_type: Type.String(), party: Named }),
  ),
  division: Nullable(
    Type.Object({ id: Type.String(), name: Type.String(), type: Type.String(), status: Type.String() }),
  ),
  legal_entity: Nullable(AnyObject),
});

export const contract = {
  listDeclarations: route({
    ...reference,
    method: 'GET',
    path: '/api/declarations',
    summary: 'Declarations; a clinic sees its own',
    access: { kind: 'scopes', scopes: ['declaration:read'] },
    query: Type.Object({
      ...PageQuery,
      employee_id: optional(Uuid),
      legal_entity_id: optional(Uuid),
      person_id: optional(Uuid),
      status: optional(Type.Enum(['pending_verification', 'active', 'terminated', 'closed', 'rejected'])),
    }),
    data: Type.Array(ListedDeclaration),
    paged: true,
  }),
  getDeclaration: route({
    ...reference,
    method: 'GET',
    path: '/api/declarations/:id',
    summary: 'One declaration with its patient, doctor and clinic',
    access: { kind: 'scopes', scopes: ['declaration:read'] },
    params,
    data: DeclarationDetails,
  }),
  getPersonDeclaration: route({
    ...reference,
    method: 'GET',
    path: '/api/persons/:id/declaration',
    summary: 'The active declaration of a patient',
    access: { kind: 'scopes', scopes: ['declaration:read'] },
    params,
    data: DeclarationDetails,
  }),
  listDeclarationDocuments: route({
    ...reference,
    method: 'GET',
    path: '/api/declarations/:id/documents',
    summary: 'Addresses of the scans by which consent was proved',
    access: { kind: 'scopes', scopes: ['declaration_documents:read'] },
    params,
    data: Type.Array(Type.Object({ type: Type.String(), url: Type.String() })),
  }),
  approveDeclaration: route({
    ...reference,
    method: 'PATCH',
    path: '/api/declarations/:id/actions/approve',
    also: [{ path: '/declarations/:id/verify' }],
    summary: 'pending_verification → active',
    access: { kind: 'scopes', scopes: ['declaration:approve'] },
    params,
    data: SignedDeclaration,
    urgent: Seals,
  }),
  rejectDeclaration: route({
    ...reference,
    method: 'PATCH',
    path: '/api/declarations/:id/actions/reject',
    also: [{ path: '/declarations/:id/reject' }],
    summary: 'pending_verification → rejected',
    access: { kind: 'scopes', scopes: ['declaration:reject'] },
    params,
    data: SignedDeclaration,
    urgent: Seals,
  }),
  terminateDeclarations: route({
    ...reference,
    method: 'PATCH',
    path: '/api/declarations/terminate',
    summary: 'End all declarations of a patient or of a doctor, in the background',
    description: 'Exactly one of person_id and employee_id; 404 when nobody has it.',
    access: { kind: 'scopes', scopes: ['declaration:terminate'] },
    body: Open({
      person_id: optional(Uuid),
      employee_id: optional(Uuid),
      reason_description: optional(Type.String({ maxLength: 1000 })),
    }),
    data: Type.Object({ id: Type.String(), is_done: Type.Boolean(), terminated: Type.Integer() }),
  }),
};

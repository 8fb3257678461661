import { Nullable, Open, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';
import { Code, Day, Documents, Email, Id, Name, Phones, StaffTaxId } from '../schemas/fields.ts';
import { Professional } from '../schemas/professionals.ts';

const tag = 'Employee requests';
const reference = { tag, envelope: 'reference' } as const;
const params = Type.Object({ id: Uuid });
const optional = Type.Optional;

/** `legal_entity_id` is the token's, whatever the body says (domain.md, Corrections). */
export const EmployeeRequestInput = Open({
  legal_entity_id: optional(Id),
  division_id: optional(Id),
  employee_id: optional(Id),
  position: Code,
  start_date: Day,
  end_date: optional(Day),
  status: Type.Enum(['NEW']),
  employee_type: Code,
  party: Open({
    first_name: Name,
    last_name: Name,
    second_name: optional(Name),
    birth_date: Day,
    gender: Code,
    tax_id: StaffTaxId,
    no_tax_id: optional(Type.Boolean()),
    email: Email,
    documents: Documents,
    phones: Phones,
  }),
  doctor: optional(Professional),
  pharmacist: optional(Professional),
});

const AnyObject = Type.Record(Type.String(), Type.Unknown());

export const EmployeeRequest = Type.Object({
  id: Type.String(),
  legal_entity_id: Type.String(),
  division_id: optional(Nullable(Type.String())),
  employee_id: optional(Nullable(Type.String())),
  position: Type.String(),
  start_date: Type.String(),
  end_date: optional(Nullable(Type.String())),
  status: Type.String(),
  employee_type: Type.String(),
  party: AnyObject,
  doctor: optional(AnyObject),
  pharmacist: optional(AnyObject),
  inserted_at: Type.String(),
  updated_at: Type.String(),
});

const EmployeeRequestShort = Type.Object({
  id: Type.String(),
  status: Type.String(),
  inserted_at: Type.String(),
  edrpou: Type.String(),
  legal_entity_name: Type.String(),
  first_name: Type.String(),
  last_name: Type.String(),
  second_name: Nullable(Type.String()),
  no_tax_id: Type.Boolean(),
});

const UserKnown = Type.Object({ user_id: Nullable(Type.String()) });

export const contract = {
  createEmployeeRequest: route({
    ...reference,
    method: 'POST',
    path: '/api/employee_requests',
    summary: 'Invite somebody to work here, or change an employment; takes effect when they accept',
    access: { kind: 'scopes', scopes: ['employee_request:write'] },
    body: Open({ employee_request: EmployeeRequestInput }),
    data: EmployeeRequest,
  }),
  listEmployeeRequests: route({
    ...reference,
    method: 'GET',
    path: '/api/employee_requests',
    summary: 'Invitations of a legal entity',
    access: { kind: 'scopes', scopes: ['employee_request:read'] },
    query: Type.Object({
      ...PageQuery,
      id: optional(Uuid),
      edrpou: optional(Type.String({ maxLength: 10 })),
      legal_entity_name: optional(Type.String({ maxLength: 255 })),
      no_tax_id: optional(Type.Boolean()),
      status: optional(Type.String({ maxLength: 16 })),
    }),
    data: Type.Array(EmployeeRequestShort),
    paged: true,
  }),
  getEmployeeRequest: route({
    ...reference,
    method: 'GET',
    path: '/api/employee_requests/:id',
    also: [{ path: '/api/mis/employee_requests/:id' }],
    summary: 'One invitation',
    access: { kind: 'scopes', scopes: ['employee_request:read'] },
    params,
    data: EmployeeRequest,
    urgent: UserKnown,
  }),
  getInvite: route({
    ...reference,
    method: 'GET',
    path: '/api/invite/:hash',
    summary: 'What the link of an invitation is about',
    description: '`id` is an alias: it serves to set a password once, and to accept or decline after signing in.',
    access: { kind: 'public' },
    params: Type.Object({ hash: Type.String({ minLength: 1, maxLength: 200 }) }),
    data: Type.Object({
      id: Type.String(),
      status: Type.String(),
      employee_type: Type.String(),
      position: Type.String(),
      legal_entity: Type.Object({
        name: Type.String(),
        short_name: Nullable(Type.String()),
        public_name: Nullable(Type.String()),
      }),
      party: Type.Object({
        first_name: Type.String(),
        last_name: Type.String(),
        second_name: Nullable(Type.String()),
        email: Type.String(),
      }),
    }),
    urgent: UserKnown,
    rate_limit_per_minute: 10,
  }),
  createInvitedUser: route({
    ...reference,
    method: 'POST',
    path: '/api/employee_requests/:id/user',
    summary: 'Set a password by the alias that the invitation gave; once',
    access: { kind: 'public' },
    params,
    body: Open({ password: Type.String({ minLength: 1, maxLength: 200 }) }),
    status: 201,
    data: Type.Object({ id: Type.String(), email: Type.String() }),
    rate_limit_per_minute: 10,
    idempotent: false,
  }),
  approveEmployeeRequest: route({
    ...reference,
    method: 'POST',
    path: '/api/employee_requests/:id/approve',
    summary: 'Accept one’s own invitation',
    access: { kind: 'scopes', scopes: ['employee_request:approve'] },
    params,
    data: EmployeeRequest,
  }),
  rejectEmployeeRequest: route({
    ...reference,
    method: 'POST',
    path: '/api/employee_requests/:id/reject',
    summary: 'Decline one’s own invitation',
    access: { kind: 'scopes', scopes: ['employee_request:reject'] },
    params,
    data: EmployeeRequest,
  }),
};

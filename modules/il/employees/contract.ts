import { Nullable, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const tag = 'Employees';
const reference = { tag, envelope: 'reference' } as const;
const params = Type.Object({ id: Uuid });
const AnyObject = Type.Record(Type.String(), Type.Unknown());
const optional = Type.Optional;

const EmployeeShort = Type.Object({
  id: Type.String(),
  position: Type.String(),
  employee_type: Type.String(),
  status: Type.String(),
  is_active: Type.Boolean(),
  start_date: Type.String(),
  end_date: Nullable(Type.String()),
  party: Type.Object({
    id: Type.String(),
    no_tax_id: Type.Boolean(),
    first_name: Type.String(),
    last_name: Type.String(),
    second_name: Nullable(Type.String()),
  }),
  division: Nullable(AnyObject),
  legal_entity: AnyObject,
  doctor: optional(AnyObject),
  pharmacist: optional(AnyObject),
});

export const Employee = Type.Object({
  id: Type.String(),
  position: Type.String(),
  employee_type: Type.String(),
  status: Type.String(),
  is_active: Type.Boolean(),
  start_date: Type.String(),
  end_date: Nullable(Type.String()),
  inserted_at: Type.String(),
  updated_at: Type.String(),
  party: AnyObject,
  division: Nullable(AnyObject),
  legal_entity: AnyObject,
  doctor: optional(AnyObject),
  pharmacist: optional(AnyObject),
});

export const contract = {
  listEmployees: route({
    ...reference,
    method: 'GET',
    path: '/api/employees',
    summary: 'Employments; a clinic sees its own',
    access: { kind: 'scopes', scopes: ['employee:read'] },
    query: Type.Object({
      ...PageQuery,
      no_tax_id: optional(Type.Boolean()),
      tax_id: optional(Type.String({ maxLength: 10 })),
      party_id: optional(Uuid),
      edrpou: optional(Type.String({ maxLength: 10 })),
      legal_entity_id: optional(Uuid),
      // The blueprint's spelling.
      legal_enyity_id: optional(Uuid),
      division_id: optional(Uuid),
      status: optional(Type.String({ maxLength: 16 })),
      employee_type: optional(Type.String({ maxLength: 64 })),
    }),
    data: Type.Array(EmployeeShort),
    paged: true,
  }),
  getEmployee: route({
    ...reference,
    method: 'GET',
    path: '/api/employees/:id',
    summary: 'One employment',
    access: { kind: 'scopes', scopes: ['employee:read'] },
    params,
    data: Employee,
  }),
  deactivateEmployee: route({
    ...reference,
    method: 'PATCH',
    path: '/api/employees/:id/actions/deactivate',
    summary: 'Dismiss: the role ends at once, a doctor’s declarations end in the background',
    access: { kind: 'scopes', scopes: ['employee:deactivate'] },
    params,
    data: Employee,
  }),
};

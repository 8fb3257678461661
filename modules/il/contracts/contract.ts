import { CivilDate, Nullable, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const common = { tag: 'Contracts', envelope: 'reference' } as const;
const closed = { additionalProperties: false } as const;
const params = Type.Object({ id: Uuid });
const OptionalDate = Type.Optional(Nullable(CivilDate));
const ContractNumber = Type.String({ pattern: '^[0-9]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}$' });

const ContractEmployee = {
  employee_id: Uuid,
  division_id: Uuid,
  staff_units: Type.Number({ exclusiveMinimum: 0, maximum: 10 }),
  declaration_limit: Type.Integer({ minimum: 1, maximum: 100_000 }),
  start_date: CivilDate,
};

/** A capitation contract as the payer's contract system gives it, whole: what is not there any more is no longer paid. */
export const ContractInput = Type.Object(
  {
    contract_number: ContractNumber,
    contractor_legal_entity_id: Uuid,
    start_date: CivilDate,
    end_date: CivilDate,
    terminated_on: OptionalDate,
    suspended_from: OptionalDate,
    suspended_until: OptionalDate,
    contract_employees: Type.Array(Type.Object({ ...ContractEmployee, end_date: OptionalDate }, closed), {
      maxItems: 10_000,
    }),
  },
  closed,
);

const Contract = Type.Object({
  id: Uuid,
  contract_number: Type.String(),
  contractor_legal_entity_id: Uuid,
  start_date: CivilDate,
  end_date: CivilDate,
  terminated_on: Nullable(CivilDate),
  suspended_from: Nullable(CivilDate),
  suspended_until: Nullable(CivilDate),
  updated_by: Uuid,
  updated_at: Type.String(),
});
const WholeContract = Type.Object({
  ...Contract.properties,
  contract_employees: Type.Array(Type.Object({ ...ContractEmployee, end_date: Nullable(CivilDate) })),
});

export const contract = {
  listContracts: route({
    ...common,
    method: 'GET',
    path: '/api/contracts',
    summary: 'Contracts with clinics, newest first; `date` asks for those whose term it is in',
    access: { kind: 'scopes', scopes: ['contract:read'] },
    query: Type.Object({
      ...PageQuery,
      contract_number: Type.Optional(ContractNumber),
      contractor_legal_entity_id: Type.Optional(Uuid),
      date: Type.Optional(CivilDate),
    }),
    paged: true,
    data: Type.Array(Contract),
  }),
  getContract: route({
    ...common,
    method: 'GET',
    path: '/api/contracts/:id',
    summary: 'A contract with its doctors, their places and limits',
    access: { kind: 'scopes', scopes: ['contract:read'] },
    params,
    data: WholeContract,
  }),
  putContract: route({
    ...common,
    method: 'PUT',
    path: '/api/contracts/:id',
    summary: 'A contract as it is now: its term, and for how many patients of which doctor it pays at most',
    access: { kind: 'scopes', scopes: ['contract:write'] },
    params,
    body: ContractInput,
    body_limit_bytes: 4_000_000,
    data: WholeContract,
  }),
  terminateContract: route({
    ...common,
    method: 'PATCH',
    path: '/api/contracts/:id/actions/terminate',
    summary: 'End a contract: from that day on it pays nothing',
    access: { kind: 'scopes', scopes: ['contract:terminate'] },
    params,
    body: Type.Object({ terminated_on: CivilDate }, closed),
    data: WholeContract,
  }),
};

import type { Handlers } from '@zdravo/kit/contract';
import type { Call } from '@zdravo/kit/http';
import { conflict, forbidden, notFound } from '@zdravo/kit/problem';
import type { Employee } from '@zdravo/prm';
import { audit } from '../audit.ts';
import { emptyPage, listedFor, restrictedTo } from '../client-context.ts';
import type { IlDeps } from '../deps.ts';
import type { contract } from './contract.ts';
import { carryOutDismissals, dismiss } from './dismiss.ts';
import { placesOf, viewEmployee, viewEmployeeShort } from './views.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    listEmployees: async ({ query }, call) => {
      const { legal_enyity_id, ...filter } = query;
      const listed = listedFor(call.principal, query.legal_entity_id ?? legal_enyity_id);
      if (!listed) return emptyPage(query);
      const page = await deps.prm.listEmployees({ ...filter, ...listed });
      const places = await placesOf(deps, page.data);
      return { data: page.data.map((one) => viewEmployeeShort(one, places)), paging: page.paging };
    },
    getEmployee: async ({ params }, call) => {
      const employee = await deps.prm.findEmployee(params.id);
      const own = restrictedTo(call.principal);
      if (!employee || (own !== undefined && employee.legal_entity_id !== own)) throw notFound();
      return { data: viewEmployee(employee, await placesOf(deps, [employee])) };
    },
    deactivateEmployee: async ({ params }, call) => {
      const employee = await deactivate(deps, params.id, call);
      return { data: viewEmployee(employee, await placesOf(deps, [employee])) };
    },
  };
}

const owner_texts: Record<string, string> = {
  OWNER: 'Owner can’t be deactivated',
  PHARMACY_OWNER: 'Pharmacy owner can’t be deactivated',
};

async function deactivate(deps: IlDeps, id: string, call: Call): Promise<Employee> {
  const employee = await deps.prm.findEmployee(id);
  if (!employee) throw notFound();
  const own = restrictedTo(call.principal);
  if (own !== undefined && employee.legal_entity_id !== own) throw forbidden('Employee of another legal entity');
  const text = owner_texts[employee.employee_type];
  if (text !== undefined) throw conflict(text, 'owner_not_dismissable');
  const dismissed = await deps.db.transaction().execute(async (transaction) => {
    const dismissal = { reason: 'auto', actor_id: call.principal.user_id, context: call.context };
    await audit(transaction, call, { action: 'deactivate', resource: 'employee', resource_id: id });
    return dismiss(transaction, deps, employee, dismissal);
  });
  // The order is durable; what fails here is done by the job.
  await carryOutDismissals(deps).catch((error: unknown) =>
    deps.log.warn({ err: error }, 'a dismissal is carried out later'),
  );
  return dismissed;
}

import type { Handlers } from '@zdravo/kit/contract';
import type { Call } from '@zdravo/kit/http';
import { notFound } from '@zdravo/kit/problem';
import { announceStatus } from '../audit.ts';
import { emptyPage, listedFor, restrictedTo } from '../client-context.ts';
import { type IlDeps, withinOf } from '../deps.ts';
import { closeLegalEntity } from './close.ts';
import type { contract } from './contract.ts';
import { clientOf, registerLegalEntity } from './register.ts';

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    putLegalEntity: async ({ body }, call) => {
      const registered = await registerLegalEntity(deps, body.signed_legal_entity_request, call);
      const { legal_entity, employee_request_id, ...security } = registered;
      return { data: legal_entity, urgent: { security, employee_request_id } };
    },
    listLegalEntities: ({ query }, call) => {
      const { legal_entity_id, owner_property, ...filter } = query;
      const owner_property_type = query.owner_property_type ?? owner_property?.toUpperCase();
      const listed = listedFor(call.principal, legal_entity_id);
      if (!listed) return Promise.resolve(emptyPage(query));
      return deps.prm.listLegalEntities({
        ...filter,
        is_active: true,
        ...(owner_property_type === undefined ? {} : { owner_property_type }),
        ...(listed.legal_entity_id === undefined ? {} : { id: listed.legal_entity_id }),
      });
    },
    getLegalEntity: async ({ params }, call) => {
      const own = restrictedTo(call.principal);
      const legal_entity =
        own === undefined || own === params.id ? await deps.prm.findLegalEntity(params.id) : undefined;
      if (!legal_entity) throw notFound();
      return { data: legal_entity, urgent: { security: await clientOf(deps, legal_entity.id) } };
    },
    misVerifyLegalEntity: async ({ params }, call) => ({ data: await verify(deps, params.id, 'mis', call) }),
    nhsVerifyLegalEntity: async ({ params }, call) => ({ data: await verify(deps, params.id, 'nhs', call) }),
    deactivateLegalEntity: async ({ params }, call) => ({ data: await closeLegalEntity(deps, params.id, call) }),
  };
}

function verify(deps: IlDeps, id: string, by: 'mis' | 'nhs', call: Call) {
  return deps.db.transaction().execute(async (transaction) => {
    const verified = await deps.prm.verifyLegalEntity(id, by, withinOf(transaction, call));
    await announceStatus(transaction, [
      {
        entity_type: 'LegalEntity',
        entity_id: id,
        new_value: `${by.toUpperCase()}_VERIFIED`,
        changed_by: call.principal.user_id,
      },
    ]);
    return verified;
  });
}

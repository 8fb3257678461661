import { randomUUID } from 'node:crypto';
import { division_types } from '@zdravo/country-ua';
import type { Handlers } from '@zdravo/kit/contract';
import type { Call } from '@zdravo/kit/http';
import { conflict, forbidden, invalidField, notFound } from '@zdravo/kit/problem';
import type { Division } from '@zdravo/prm';
import type { Static } from 'typebox';
import { findSettlements } from '../addresses/settlements.ts';
import { announceStatus } from '../audit.ts';
import { emptyPage, listedFor, restrictedTo } from '../client-context.ts';
import { type IlDeps, type IlTransaction, withinOf } from '../deps.ts';
import { checkAddresses, knownCodes, refuse, typeCodes, uniqueTypes } from '../schemas/checks.ts';
import type { contract, DivisionInput } from './contract.ts';

type Input = Static<typeof DivisionInput>;

export function createHandlers(deps: IlDeps): Handlers<typeof contract> {
  return {
    listDivisions: ({ query }, call) => list(deps, query, call),
    getDivision: async ({ params }, call) => {
      const division = await deps.prm.findDivision(params.id);
      const own = restrictedTo(call.principal);
      if (!division || (own !== undefined && division.legal_entity_id !== own)) throw notFound();
      return { data: division };
    },
    createDivision: async ({ body }, call) => {
      const legal_entity_id = call.principal.client_id;
      const checked = await check(deps, body, legal_entity_id);
      const data = await deps.db.transaction().execute(async (transaction) => {
        const created = await deps.prm.createDivision(
          { ...checked, id: randomUUID(), legal_entity_id },
          withinOf(transaction, call),
        );
        await announce(transaction, created, call);
        return created;
      });
      return { data };
    },
    updateDivision: async ({ params, body }, call) => {
      const { legal_entity_id } = await getOwnDivision(deps, params.id, call);
      const checked = await check(deps, body, legal_entity_id);
      return {
        data: await deps.prm.updateDivision(params.id, checked, {
          context: call.context,
          actor_id: call.principal.user_id,
        }),
      };
    },
    activateDivision: async ({ params }, call) => ({ data: await setStatus(deps, params.id, 'ACTIVE', call) }),
    deactivateDivision: async ({ params }, call) => ({ data: await setStatus(deps, params.id, 'INACTIVE', call) }),
  };
}

async function list(
  deps: IlDeps,
  { ids, ...query }: { ids?: string; legal_entity_id?: string; page?: number; page_size?: number },
  call: Call,
) {
  const listed = listedFor(call.principal, query.legal_entity_id);
  if (!listed) return emptyPage(query);
  const wanted = ids?.split(',').filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id));
  return deps.prm.listDivisions({ ...query, ...listed, ...(wanted === undefined ? {} : { ids: wanted }) });
}

/** The checks of domain.md §3.3; the mountain flag is the settlement's. */
async function check(deps: IlDeps, { location, legal_entity_id: _given, ...input }: Input, legal_entity_id: string) {
  const legal_entity = await deps.prm.findLegalEntity(legal_entity_id);
  if (!legal_entity?.is_active) throw conflict('Legal entity is not active', 'legal_entity_not_active');
  const allowed = division_types[legal_entity.type] ?? [];
  if (!allowed.includes(input.type)) throw invalidField('$.type', 'value is not allowed in enum', 'inclusion', allowed);
  refuse([
    ...(await knownCodes(deps.db, typeCodes(input.phones, '$.phones', 'PHONE_TYPE'))),
    ...uniqueTypes(input.phones, '$.phones'),
  ]);
  refuse(await checkAddresses(deps.db, input.addresses, ['RESIDENCE'], '$.addresses'));
  const residence = input.addresses.find((address) => address.type === 'RESIDENCE')!;
  const settlement = (await findSettlements(deps.db, [residence.settlement_id])).get(residence.settlement_id)!;
  const place = location ? { longitude: location.longitude, latitude: location.latitude } : null;
  return { ...input, location: place, mountain_group: settlement.mountain_group };
}

async function getOwnDivision(deps: IlDeps, id: string, call: Call): Promise<Division> {
  const division = await deps.prm.findDivision(id);
  if (!division) throw notFound();
  const own = restrictedTo(call.principal);
  if (own !== undefined && division.legal_entity_id !== own) throw forbidden('Division of another legal entity');
  return division;
}

async function setStatus(deps: IlDeps, id: string, status: Division['status'], call: Call): Promise<Division> {
  await getOwnDivision(deps, id, call);
  return deps.db.transaction().execute(async (transaction) => {
    const changed = await deps.prm.setDivisionStatus(id, status, withinOf(transaction, call));
    await announce(transaction, changed, call);
    return changed;
  });
}

function announce(transaction: IlTransaction, { id, status }: Division, call: Call): Promise<void> {
  const changed_by = call.principal.user_id;
  return announceStatus(transaction, [{ entity_type: 'Division', entity_id: id, new_value: status, changed_by }]);
}

import type { Client } from '@zdravo/kit/client';
import type { Contract, Handlers } from '@zdravo/kit/contract';
import type { Call, CallContext, Principal } from '@zdravo/kit/http';
import { accessDenied } from '@zdravo/kit/problem';
import { contract } from './contract.ts';

type Routes = typeof contract;
type AnyHandler = (input: never, call: Call) => Promise<unknown>;

/** The same routes as the gateway's process calls them; who may call was decided there, who calls travels in the context. */
export const internal_contract = Object.fromEntries(
  Object.entries(contract as Contract).map(([name, route]) => [
    name,
    { ...route, access: { kind: 'internal' as const }, also: [] },
  ]),
) as unknown as Routes;

/** For the gateway: handlers of the public contract that call the reports' process. */
export function handlersThrough(client: Client<Routes>): Handlers<Routes> {
  const forward = Object.entries(client).map(([name, call]) => [
    name,
    (input: never, { context, principal }: Call) =>
      (call as (input: never, context: CallContext) => Promise<unknown>)(input, {
        ...context,
        ...(principal ? { client_type: principal.client_type } : {}),
      }),
  ]);
  return Object.fromEntries(forward) as Handlers<Routes>;
}

/** For the reports' process: the principal as the gateway passed it on. */
export function asPassedOn(handlers: Handlers<Routes>): Handlers<Routes> {
  const served = Object.entries(handlers).map(([name, handler]) => [
    name,
    (input: never, call: Call) => {
      const is_public = (contract as Contract)[name]!.access.kind === 'public';
      return (handler as AnyHandler)(input, is_public ? call : { ...call, principal: principalOf(call.context) });
    },
  ]);
  return Object.fromEntries(served) as Handlers<Routes>;
}

function principalOf({ actor_id, client_id, client_type }: CallContext): Principal {
  if (!actor_id || !client_id || !client_type) throw accessDenied('The gateway did not say who calls.');
  return { user_id: actor_id, client_id, client_type, scopes: new Set() };
}

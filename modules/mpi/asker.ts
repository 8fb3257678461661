import type { CallContext } from '@zdravo/kit/http';
import { malformed } from '@zdravo/kit/problem';
import type { Asker } from './deps.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const word = /^[a-z0-9_:.-]{1,64}$/;

/** The real actor behind a call, checked: what is written to the audit must be what it says. @throws Problem 400 */
export function askerOf(context: CallContext): Asker {
  return {
    request_id: context.request_id,
    actor_id: checked(context.actor_id, uuid, 'x-actor-id'),
    client_id: checked(context.client_id, uuid, 'x-client-id'),
    purpose: checked(context.purpose, word, 'x-purpose'),
  };
}

function checked(value: string | undefined, form: RegExp, header: string): string | null {
  if (value === undefined) return null;
  if (form.test(value)) return value;
  throw malformed(`The header ${header} is malformed.`, 'context_malformed');
}

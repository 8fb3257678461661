import type { Handlers } from '@zdravo/kit/contract';
import type { contract } from './contract.ts';
import type { AuthDeps } from './deps.ts';
import { adminHandlers } from './handlers/admin.ts';
import { oauthHandlers } from './handlers/oauth.ts';

export function createHandlers(deps: AuthDeps): Handlers<typeof contract> {
  return { ...oauthHandlers(deps), ...adminHandlers(deps) };
}

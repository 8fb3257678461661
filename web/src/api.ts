import { createPublicClient } from '@zdravo/kit/public-client';
import type { page_routes } from '../page-routes.ts';

/** The public API, as the contracts type it. */
export const api = createPublicClient<typeof page_routes>(page_route_addresses);

let login_client: Promise<string> | undefined;

/** The password grant of these pages, by their own client: the only one that may take a password. */
export async function signIn(email: string, password: string, scope: string) {
  login_client ??= fetchLoginClient();
  const client_id = await login_client;
  return api.createToken({ body: { token: { grant_type: 'password', email, password, client_id, scope } } });
}

async function fetchLoginClient(): Promise<string> {
  const settings = await fetch('/pages/settings.json').then((response) => response.json());
  return (settings as { login_client_id: string }).login_client_id;
}

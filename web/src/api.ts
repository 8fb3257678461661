import { createPublicClient } from '@zdravo/kit/public-client';
import type { page_routes } from '../page-routes.ts';
import { getSettings } from './settings.ts';

/** The public API, as the contracts type it. */
export const api = createPublicClient<typeof page_routes>(page_route_addresses);

/** The password grant of these pages, by their own client. */
export async function signIn(email: string, password: string, scope: string) {
  const { login_client_id: client_id } = await getSettings();
  return api.createToken({ body: { token: { grant_type: 'password', email, password, client_id, scope } } });
}

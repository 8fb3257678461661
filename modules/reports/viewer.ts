import type { Principal } from '@zdravo/kit/http';

/** The payer sees every clinic; anyone else only what is of the legal entity that the token is for. */
export function ownLegalEntity({ client_type, client_id }: Principal): string | undefined {
  return client_type === 'NHS ADMIN' ? undefined : client_id;
}

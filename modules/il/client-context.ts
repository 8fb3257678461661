import type { Principal } from '@zdravo/kit/http';

const personal_types = new Set(['MSP', 'PHARMACY']);

/**
 * The legal entity that a caller's reads are restricted to: clinics and pharmacies see their own, vendors and the payer all
 * (domain.md §2.0, client context).
 */
export function restrictedTo(principal: Principal): string | undefined {
  return personal_types.has(principal.client_type) ? principal.client_id : undefined;
}

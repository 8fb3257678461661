import type { Paging } from '@zdravo/kit/contract';
import { type Principal, pageOf, pagingOf } from '@zdravo/kit/http';

const personal_types = new Set(['MSP', 'PHARMACY']);

/**
 * The legal entity that a caller's reads are restricted to: clinics and pharmacies see their own, vendors and the payer all
 * (domain.md §2.0, client context).
 */
export function restrictedTo(principal: Principal): string | undefined {
  return personal_types.has(principal.client_type) ? principal.client_id : undefined;
}

/**
 * The filter of a list by legal entity: a clinic's own, whatever it asks; else what is asked for, or none. Nothing when a clinic
 * asks for another's: that list is empty, not refused (domain.md §2.0).
 */
export function listedFor(principal: Principal, asked: string | undefined): { legal_entity_id?: string } | undefined {
  const own = restrictedTo(principal);
  if (own !== undefined && asked !== undefined && asked !== own) return undefined;
  const legal_entity_id = own ?? asked;
  return legal_entity_id === undefined ? {} : { legal_entity_id };
}

/** A list without rows. */
export function emptyPage(query: { page?: number; page_size?: number }): { data: never[]; paging: Paging } {
  return { data: [], paging: pagingOf(pageOf(query), 0) };
}

import { type TSchema, Type } from 'typebox';
import type { RouteDeclaration } from './route.ts';

/** `meta` of every reference answer; clients really read `meta.code` (domain.md §2.0). */
export const Meta = Type.Object({
  url: Type.String(),
  type: Type.String(),
  code: Type.Integer(),
  request_id: Type.String(),
  idempotency_key: Type.Optional(Type.String()),
});

export const PagingOf = Type.Object({
  page_number: Type.Integer(),
  page_size: Type.Integer(),
  total_entries: Type.Integer(),
  total_pages: Type.Integer(),
});

/** The schema of a route's whole answer. */
export function envelopeOf(route: RouteDeclaration): TSchema {
  if (route.envelope === 'plain') return route.data;
  return Type.Object({
    meta: Meta,
    data: route.data,
    ...(route.urgent ? { urgent: Type.Optional(route.urgent) } : {}),
    ...(route.paged ? { paging: PagingOf } : {}),
  });
}

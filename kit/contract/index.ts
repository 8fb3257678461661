export { envelopeOf, Meta, PagingOf } from './envelope.ts';
export { knownPartOf } from './known-part.ts';
export type { Access, Contract, Handlers, Paging, Reply, RouteDeclaration, RouteInput, RouteOutput } from './route.ts';
export { route } from './route.ts';
export { CivilDate, Instant, knownPart, Nullable, Open, PageQuery, Uuid } from './types.ts';

import { CivilDate, Nullable, route, Uuid } from '@zdravo/kit/contract';
import { FeedPage, FeedQuery } from '@zdravo/kit/events';
import { type Static, Type } from 'typebox';
import { linkContract } from './linking/contract.ts';
import { AuthenticationMethod, Person, PersonRead } from './person.ts';
import { searchContract } from './search/contract.ts';

export { AuthenticationMethod, Person, PersonRead } from './person.ts';

const PersonId = Type.Object({ id: Uuid });

/** The answer of a write: the id under which the person lives from now on, which may be a parent's. */
export const PersonWritten = Type.Object({
  id: Uuid,
  /** What other perimeters may keep: it names nobody and cannot be turned back into the id. */
  pseudonym: Uuid,
  created: Type.Boolean(),
  version: Type.Integer(),
});
export type PersonWritten = Static<typeof PersonWritten>;

/** Who is this? Asked when a declaration request is created; the caller already knows all these data. */
export const PersonMatch = Type.Union([
  Type.Object({
    result: Type.Literal('found'),
    id: Uuid,
    authentication_methods: Type.Array(AuthenticationMethod),
  }),
  Type.Object({ result: Type.Literal('none') }),
]);
export type PersonMatch = Static<typeof PersonMatch>;

/** The fields of the reference's `GET /api/persons`. */
export const SearchedFields = Type.Object({
  first_name: Type.String(),
  last_name: Type.String(),
  birth_date: CivilDate,
  second_name: Type.Optional(Type.String()),
  tax_id: Type.Optional(Type.String()),
  phone_number: Type.Optional(Type.String()),
});
export type SearchedFields = Static<typeof SearchedFields>;

/** Matches of a search: only what was asked by, and the id. `too_many` never says how many. */
export const PersonSearch = Type.Union([
  Type.Object({
    result: Type.Literal('found'),
    persons: Type.Array(
      Type.Object({
        id: Uuid,
        birth_country: Type.String(),
        birth_settlement: Type.String(),
        merged_ids: Type.Array(Uuid),
        first_name: Type.String(),
        last_name: Type.String(),
        birth_date: CivilDate,
        second_name: Type.Optional(Type.String()),
        tax_id: Type.Optional(Type.String()),
        phone_number: Type.Optional(Type.String()),
      }),
    ),
  }),
  Type.Object({ result: Type.Literal('too_many') }),
]);
export type PersonSearch = Static<typeof PersonSearch>;

/** What stands under an id, and whether the index has the data that a source brought. */
export const PersonState = Type.Object({
  id: Uuid,
  /** The parent's for a merged id or an alias. */
  person_id: Uuid,
  status: Type.Enum(['active', 'erased']),
  pseudonym: Nullable(Uuid),
  source_id: Uuid,
  knows_source: Type.Boolean(),
});
export type PersonState = Static<typeof PersonState>;

/** A batch of versions of persons, as the log is told of it: nothing of whose they are. */
export const VersionBatch = Type.Object({
  /** Counts from 1 without a gap. */
  position: Type.Integer(),
  id: Uuid,
  /** RFC 6962 root over the digests of its versions, hex. */
  root: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  count: Type.Integer({ minimum: 1 }),
  /** Nothing waited after it. */
  is_last: Type.Boolean(),
  taken_at: Type.String(),
});
export type VersionBatch = Static<typeof VersionBatch>;

const internal = { access: { kind: 'internal' }, envelope: 'plain' } as const;

/** All that the rest of the platform may ask of the Master Patient Index. */
export const contract = {
  ...linkContract,
  ...searchContract,
  putPerson: route({
    ...internal,
    method: 'PUT',
    path: '/persons/:id',
    tag: 'persons',
    summary: 'Create a person under the caller’s id, or update the one who lives there',
    description:
      'Safe to repeat. When the data show that this is a known person (the same naturally unique identifier), that person is updated and their id is the answer.',
    params: PersonId,
    body: Type.Object({
      person: Person,
      source: Type.Object({ type: Type.String(), id: Uuid }),
      /** Of a person whom a restored index lost: what the other perimeters call them. Ignored for one who is known. */
      pseudonym: Type.Optional(Uuid),
    }),
    data: PersonWritten,
  }),
  getPerson: route({
    ...internal,
    method: 'GET',
    path: '/persons/:id',
    tag: 'persons',
    summary: 'The whole person; a merged id answers with the parent. Audited with actor and purpose.',
    params: PersonId,
    data: PersonRead,
  }),
  matchPerson: route({
    ...internal,
    method: 'POST',
    path: '/person_matches',
    tag: 'persons',
    summary: 'Who is this? Compares complete data of one person with the index',
    body: Type.Object({ person: Person }),
    data: PersonMatch,
  }),
  searchPersons: route({
    ...internal,
    method: 'POST',
    path: '/person_searches',
    tag: 'persons',
    summary: 'Find persons by what the caller knows of them; too many matches are refused',
    body: SearchedFields,
    data: PersonSearch,
  }),
  resetAuthenticationMethod: route({
    ...internal,
    method: 'PUT',
    path: '/persons/:id/authentication_method_reset',
    tag: 'persons',
    summary: 'Forget the authentication method: the next declaration establishes a new one',
    params: PersonId,
    body: Type.Object({ reset_id: Uuid }),
    data: PersonWritten,
  }),
  erasePerson: route({
    ...internal,
    method: 'PUT',
    path: '/persons/:id/erasure',
    tag: 'persons',
    summary: 'Drop the person’s keys for good (crypto-shredding); the id stays as a tombstone',
    params: PersonId,
    body: Type.Object({ order_id: Uuid }),
    data: Type.Object({ id: Uuid, erased_at: Type.String() }),
  }),
  findPersonStates: route({
    ...internal,
    method: 'POST',
    path: '/person_states',
    tag: 'persons',
    summary: 'Who lives under these ids now, without personal data, for reconciliation; unknown ids are absent',
    body: Type.Object({
      persons: Type.Array(Type.Object({ id: Uuid, source_id: Uuid }), { maxItems: 1000 }),
    }),
    data: Type.Array(PersonState),
  }),
  listVersionBatches: route({
    ...internal,
    method: 'GET',
    path: '/version_batches',
    tag: 'integrity',
    summary: 'Batches of versions of persons, the newest first; `before` is the last position of the page before',
    query: Type.Object({
      before: Type.Optional(Type.Integer({ minimum: 1 })),
      limit: Type.Integer({ minimum: 1, maximum: 1000 }),
    }),
    data: Type.Array(VersionBatch),
  }),
  readEvents: route({
    ...internal,
    method: 'GET',
    path: '/events',
    tag: 'events',
    summary: 'person.created, person.updated, person.merged, person.erased, in order per person',
    query: FeedQuery,
    data: FeedPage,
  }),
};

import { CivilDate, route, Uuid } from '@zdravo/kit/contract';
import { type Static, Type } from 'typebox';
import { PersonRead } from '../person.ts';

const optional = Type.Optional;
const Name = Type.String({ minLength: 1, maxLength: 255 });

/**
 * What somebody who stands before the clerk says of themselves. Names alone are too little (`too_many`): a day of birth, a
 * patronymic, a telephone or a paper narrows them down.
 */
export const SearchQuery = Type.Object(
  {
    first_name: Name,
    last_name: Name,
    second_name: optional(Name),
    birth_date: optional(CivilDate),
    birth_settlement: optional(Name),
    tax_id: optional(Type.String({ minLength: 1, maxLength: 32 })),
    phone_number: optional(Type.String({ minLength: 1, maxLength: 32 })),
    document: optional(
      Type.Object({ type: Type.String({ maxLength: 64 }), number: Name }, { additionalProperties: false }),
    ),
  },
  { additionalProperties: false },
);
export type SearchQuery = Static<typeof SearchQuery>;

/** About what a question may be: known to whoever is asked, of little use to whoever is not. */
export const QuestionAttribute = Type.Enum([
  'patronymic_initial',
  'birth_years',
  'birth_settlement',
  'residence_settlement',
]);
export type QuestionAttribute = Static<typeof QuestionAttribute>;

/** Expected answers, never errors. How many match is never told. */
export const SearchAnswer = Type.Union([
  Type.Object({
    result: Type.Literal('found'),
    /** For whoever asked, once, for ten minutes. */
    handle: Type.String(),
  }),
  Type.Object({
    result: Type.Literal('question'),
    /** One-use; the answer goes back with it. */
    dialogue: Type.String(),
    attribute: QuestionAttribute,
    /** Always five, sorted; some of them are nobody's. */
    options: Type.Array(Type.String()),
  }),
  Type.Object({ result: Type.Literal('too_many') }),
  Type.Object({ result: Type.Literal('none') }),
]);
export type SearchAnswer = Static<typeof SearchAnswer>;

/** `answer` is one of the options, or null: none of them. */
export const SearchReply = Type.Object(
  { dialogue: Type.String({ maxLength: 100 }), answer: Type.Union([Type.String({ maxLength: 255 }), Type.Null()]) },
  { additionalProperties: false },
);
export type SearchReply = Static<typeof SearchReply>;

const Handle = Type.Object({ handle: Type.String({ maxLength: 100 }) });

const internal = { access: { kind: 'internal' }, envelope: 'plain', tag: 'search' } as const;

export const searchContract = {
  startSearch: route({
    ...internal,
    method: 'POST',
    path: '/searches',
    summary: 'Begin a search dialogue',
    body: SearchQuery,
    data: SearchAnswer,
  }),
  replyToSearch: route({
    ...internal,
    method: 'POST',
    path: '/search_replies',
    summary: 'Answer the question of a search dialogue',
    body: SearchReply,
    data: SearchAnswer,
  }),
  openHandle: route({
    ...internal,
    method: 'POST',
    path: '/search_handle_openings',
    summary: 'Whom a handle stands for, once, so that it can be decided whether they may be read',
    body: Handle,
    data: Type.Object({ person_id: Uuid }),
  }),
  readByHandle: route({
    ...internal,
    method: 'POST',
    path: '/search_handle_readings',
    summary: 'The whole person of an opened handle, once. Audited with actor and purpose.',
    body: Handle,
    data: PersonRead,
  }),
  liftSearchLock: route({
    ...internal,
    method: 'DELETE',
    path: '/search_locks/:id',
    summary: 'Let an actor or an organisation that was locked search again. Audited with who lifted it.',
    params: Type.Object({ id: Uuid }),
    data: Type.Object({ id: Uuid }),
  }),
};

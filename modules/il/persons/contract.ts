import { Open, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Person } from '@zdravo/mpi/contract';
import { SearchAnswer, SearchQuery, SearchReply } from '@zdravo/mpi/search-contract';
import { Type } from 'typebox';

const tag = 'Persons';
const reference = { tag, envelope: 'reference' } as const;
const optional = Type.Optional;
const Text = Type.String({ minLength: 1, maxLength: 255 });

/** Only what was asked by, and what people tell namesakes apart by; the id is the one thing that a caller learns. */
const FoundPerson = Type.Object({
  id: Type.String(),
  first_name: Type.String(),
  last_name: Type.String(),
  birth_date: Type.String(),
  second_name: optional(Type.String()),
  tax_id: optional(Type.String()),
  phone_number: optional(Type.String()),
  birth_country: Type.String(),
  birth_settlement: Type.String(),
  merged_ids: Type.Array(Type.String()),
});

const { secret: _secret, ...shown } = Person.properties;
/** All but the secret word, which is the patient's. */
const FullPerson = Type.Object({ id: Uuid, ...shown });

/** Why somebody asks: HL7 v3 PurposeOfUse (treatment, emergency, administration, the patient's own request, payment). */
const Purpose = Type.Enum(['TREAT', 'ETREAT', 'PATADMIN', 'PATRQT', 'HPAYMT']);

const SearchRequest = Type.Union([
  Type.Object({ purpose: Purpose, search: SearchQuery }, { additionalProperties: false }),
  Type.Object({ purpose: Purpose, ...SearchReply.properties }, { additionalProperties: false }),
]);

const SearchCanary = Type.Object({
  id: Type.String(),
  actor_id: Type.String(),
  client_id: Type.String(),
  reason: Type.String(),
  path: Type.Array(Type.String()),
  purpose: Type.String(),
  request_id: Type.String(),
  raised_at: Type.String(),
});

export const contract = {
  searchByDialogue: route({
    ...reference,
    method: 'POST',
    path: '/api/persons/search',
    summary: 'Look for a patient step by step: a handle, one more question, too many, or nobody (ours)',
    description:
      'Begin with `search`: both names and a day of birth, a patronymic, a telephone, a tax number or a paper. A question goes back with its `dialogue` and one of its options, or null when none of them is right. Some options are nobody’s: guessing is noticed. Names may be mistyped or change places.',
    access: { kind: 'scopes', scopes: ['person:read'] },
    body: SearchRequest,
    data: SearchAnswer,
  }),
  readFoundPerson: route({
    ...reference,
    method: 'GET',
    path: '/api/persons/:handle',
    summary: 'The whole person whom a search found, once (ours)',
    description:
      'For clinics and pharmacies where the patient has an active declaration, and for whoever has `person:details`. The handle is used up by the attempt.',
    access: { kind: 'scopes', scopes: ['person:read'] },
    params: Type.Object({ handle: Type.String({ minLength: 1, maxLength: 100 }) }),
    query: Type.Object({ purpose: Purpose }),
    data: FullPerson,
  }),
  listSearchCanaries: route({
    ...reference,
    method: 'GET',
    path: '/api/search_canaries',
    summary: 'Who took a decoy for the truth or searched like one who browses, the newest first (ours)',
    access: { kind: 'scopes', scopes: ['search_canary:read'] },
    query: Type.Object({ ...PageQuery, actor_id: optional(Uuid), client_id: optional(Uuid) }),
    data: Type.Array(SearchCanary),
    paged: true,
  }),
  liftSearchLock: route({
    ...reference,
    method: 'DELETE',
    path: '/api/search_locks/:id',
    summary: 'Let a user or an organisation that was locked search again, after an officer has looked into it (ours)',
    description: '`id`: the `actor_id` or `client_id` of the canary. 404 when nobody of that id is locked.',
    access: { kind: 'scopes', scopes: ['search_lock:lift'] },
    params: Type.Object({ id: Uuid }),
    data: Type.Object({ id: Uuid }),
  }),
  searchPersons: route({
    ...reference,
    method: 'GET',
    path: '/api/persons',
    summary: 'Find a patient by what is known of them; too many matches are refused',
    access: { kind: 'scopes', scopes: ['person:read'] },
    query: Type.Object({
      ...PageQuery,
      first_name: Text,
      last_name: Text,
      birth_date: Type.String({ format: 'date' }),
      second_name: optional(Text),
      tax_id: optional(Type.String({ maxLength: 32 })),
      phone_number: optional(Type.String({ maxLength: 32 })),
    }),
    data: Type.Array(FoundPerson),
    paged: true,
  }),
  resetAuthenticationMethod: route({
    ...reference,
    method: 'PATCH',
    path: '/api/persons/:id/actions/reset_authentication_method',
    summary: 'Forget how a patient proves consent: the next declaration establishes it anew',
    access: { kind: 'scopes', scopes: ['person:reset_authentication_method'] },
    params: Type.Object({ id: Uuid }),
    body: optional(Open({})),
    data: Type.Object({ id: Type.String(), authentication_methods: Type.Array(Type.Object({ type: Type.String() })) }),
  }),
};

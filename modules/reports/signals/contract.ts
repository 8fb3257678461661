import { Nullable, PageQuery, route, Uuid } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const common = { tag: 'Signals', envelope: 'reference' } as const;
const State = Type.Enum(['new', 'in_work', 'confirmed', 'dismissed']);
const Signal = Type.Object({
  id: Uuid,
  kind: Type.String(),
  subject_type: Type.String(),
  subject_id: Uuid,
  legal_entity_id: Nullable(Uuid),
  score: Type.String(),
  facts: Type.Unknown(),
  explanation: Type.String(),
  table_revision: Type.Integer(),
  state: Type.String(),
  note: Nullable(Type.String()),
  found_at: Type.String(),
  decided_by: Nullable(Uuid),
  decided_at: Nullable(Type.String()),
});

export const signals_contract = {
  listSignals: route({
    ...common,
    method: 'GET',
    path: '/api/signals',
    summary: 'Signs of fraud, the highest score first',
    access: { kind: 'scopes', scopes: ['signal:read'] },
    query: Type.Object({
      ...PageQuery,
      kind: Type.Optional(Type.String({ pattern: '^[a-z_]{1,40}$' })),
      state: Type.Optional(State),
      legal_entity_id: Type.Optional(Uuid),
    }),
    paged: true,
    data: Type.Array(Signal),
  }),
  changeSignal: route({
    ...common,
    method: 'PATCH',
    path: '/api/signals/:id',
    summary: 'Take a signal into work, confirm or dismiss it, with a note',
    access: { kind: 'scopes', scopes: ['signal:write'] },
    params: Type.Object({ id: Uuid }),
    body: Type.Object(
      { state: State, note: Type.Optional(Type.String({ maxLength: 2_000 })) },
      { additionalProperties: false },
    ),
    data: Signal,
  }),
};

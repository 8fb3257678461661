import { PageQuery, route } from '@zdravo/kit/contract';
import { Type } from 'typebox';

const optional = Type.Optional;

const StatusChangeEvent = Type.Object({
  id: Type.String(),
  event_type: Type.String(),
  entity_type: Type.String(),
  entity_id: Type.String(),
  properties: Type.Record(Type.String(), Type.Unknown()),
  event_time: Type.String(),
  changed_by: Type.String(),
});

export const contract = {
  listEvents: route({
    method: 'GET',
    path: '/api/events',
    tag: 'Events',
    summary: 'Changes of status, the oldest first, for vendors that poll; kept 30 days',
    access: { kind: 'scopes', scopes: ['event:read'] },
    envelope: 'reference',
    query: Type.Object({
      ...PageQuery,
      date: optional(Type.String({ format: 'date' })),
      attribute_name: optional(Type.String({ maxLength: 64 })),
      new_value: optional(Type.String({ maxLength: 64 })),
      event_type: optional(Type.String({ maxLength: 64 })),
      entity_type: optional(Type.String({ maxLength: 64 })),
    }),
    data: Type.Array(StatusChangeEvent),
    paged: true,
  }),
};

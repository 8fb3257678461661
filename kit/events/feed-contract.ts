import { Type } from 'typebox';

/** One event as it travels between perimeters. */
export const FeedEvent = Type.Object({
  id: Type.String(),
  type: Type.String(),
  object_type: Type.String(),
  object_id: Type.String(),
  occurred_at: Type.String(),
  payload: Type.Record(Type.String(), Type.Unknown()),
});

export const FeedPage = Type.Object({ events: Type.Array(FeedEvent), next: Type.String() });

export const FeedQuery = Type.Object({
  after: Type.Optional(Type.String({ pattern: '^\\d+/\\d+$' })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
});

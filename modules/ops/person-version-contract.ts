import { route, Uuid } from '@zdravo/kit/contract';
import { type Static, Type } from 'typebox';

/** A batch of versions of persons, as the patient index holds it: nothing of whose they are. */
export const NewPersonVersionBatch = Type.Object({
  /** RFC 6962 root over the digests of its versions, hex. */
  root: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  count: Type.Integer({ minimum: 1 }),
  /** No version waited after it. */
  is_last: Type.Boolean(),
  taken_at: Type.String({ pattern: '^\\d{4}-\\d\\d-\\d\\dT[\\d:.]{8,15}Z$' }),
});
export type NewPersonVersionBatch = Static<typeof NewPersonVersionBatch>;

export const PersonVersionBatch = Type.Object({
  id: Uuid,
  /** Hex. */
  leaf_hash: Type.String(),
});
export type PersonVersionBatch = Static<typeof PersonVersionBatch>;

const common = { access: { kind: 'internal' }, envelope: 'plain', tag: 'persons' } as const;

/** How versions of persons come to the log: by the batch (decision 81). */
export const personVersionContract = {
  putPersonVersionBatch: route({
    ...common,
    method: 'PUT',
    path: '/person_version_batches/:id',
    summary: 'Commit a batch of versions of persons to the log, as one leaf that says root, count and time',
    description: 'Safe to repeat. Another batch under the same id is a 409.',
    params: Type.Object({ id: Uuid }),
    body: NewPersonVersionBatch,
    data: PersonVersionBatch,
  }),
  findPersonVersionBatches: route({
    ...common,
    method: 'POST',
    path: '/person_version_batches',
    summary: 'Which of these batches the log knows',
    body: Type.Object({ ids: Type.Array(Uuid, { maxItems: 1000 }) }),
    data: Type.Array(Uuid),
  }),
};

import { Nullable, route, Uuid } from '@zdravo/kit/contract';
import { ContainerReceipt, DeclarationReceipt } from '@zdravo/ops/contract';
import { Type } from 'typebox';

const tag = 'Receipts';

/** What accompanies the answer of a write: `urgent`, for a later read does not give it. */
export const Seals = Type.Object({
  /** The log's signed promise that the version will be in its tree by a deadline: keep it (lib/tlog, promises.ts). */
  promise: Type.Optional(Type.String()),
  /** With `Prefer: wait=N`, once a cosigned checkpoint covers the leaf. */
  receipt: Type.Optional(DeclarationReceipt),
});
const access = { kind: 'scopes', scopes: ['declaration:read'] } as const;
const params = Type.Object({ id: Uuid });

export const contract = {
  getDeclarationReceipt: route({
    method: 'GET',
    path: '/api/declarations/:id/receipt',
    tag,
    summary:
      'Proof that a declaration is in the log and was not altered; verify it with `npx zdravo-verify` or at /verify/',
    description:
      'With `Prefer: wait=N` (RFC 7240, at most 10 seconds) a declaration that was just written is waited for. 202 while no checkpoint covers it.',
    access,
    envelope: 'reference',
    params,
    query: Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2_147_483_647 })) }),
    data: DeclarationReceipt,
    also_statuses: [202],
  }),
  getContainerReceipt: route({
    method: 'GET',
    path: '/api/declarations/:id/container_receipt',
    tag,
    summary: 'Proof that the upgraded container of a declaration (time-stamp, revocation data) is in the log',
    description: 'The declaration’s own receipt proves the container as received. 404 until it was upgraded.',
    access,
    envelope: 'reference',
    params,
    data: ContainerReceipt,
    also_statuses: [202],
  }),
  getRegistrationReceipt: route({
    method: 'GET',
    path: '/api/legal_entities/:id/registration_receipt',
    tag,
    summary: 'Proof that the newest signed registration of a legal entity is in the log',
    description: 'Version 1 is the container as received, 2 its upgrade; the newest unless named.',
    access: { kind: 'scopes', scopes: ['legal_entity:read'] },
    envelope: 'reference',
    params,
    query: Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1, maximum: 2 })) }),
    data: ContainerReceipt,
    also_statuses: [202],
  }),
  getConfirmationSheet: route({
    method: 'GET',
    path: '/api/declarations/:id/confirmation_sheet',
    tag,
    summary: 'The sheet that the patient takes home: a PDF with a code that opens the verification of the record',
    access,
    envelope: 'reference',
    params,
    data: Type.Object({
      content_type: Type.String(),
      file_name: Type.String(),
      /** Base64. */
      content: Type.String(),
      leaf_index: Nullable(Type.Integer()),
      leaf_hash: Type.String(),
    }),
  }),
};

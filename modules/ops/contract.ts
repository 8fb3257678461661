import { CivilDate, Nullable, PageQuery, PagingOf, route, Uuid } from '@zdravo/kit/contract';
import { FeedPage, FeedQuery } from '@zdravo/kit/events';
import { type Static, Type } from 'typebox';

export const DeclarationStatus = Type.Enum(['pending_verification', 'active', 'terminated', 'closed', 'rejected']);
export type DeclarationStatus = Static<typeof DeclarationStatus>;

/** What binds a declaration to the proofs of consent: hashes and ids, never the proofs themselves. */
export const Evidence = Type.Object({
  /** Of the container exactly as first received, hex. */
  signed_content_sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  verification_id: Type.Optional(Nullable(Uuid)),
  documents: Type.Array(Type.Object({ type: Type.String(), sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }) })),
});

const signed_fields = {
  person_id: Uuid,
  /** `mpi`'s name for the person towards reports. */
  pseudonym: Uuid,
  employee_id: Uuid,
  division_id: Uuid,
  legal_entity_id: Uuid,
  declaration_request_id: Uuid,
  declaration_number: Type.String(),
  scope: Type.String(),
  start_date: CivilDate,
  end_date: CivilDate,
  signed_at: Type.String(),
  /** Log head that the doctor signed, `\x` and hex. */
  seed: Type.String(),
  overlimit: Type.Boolean(),
};

/** A declaration to be stored; `status` is its first one. */
export const NewDeclaration = Type.Object({
  ...signed_fields,
  status: Type.Enum(['active', 'pending_verification']),
  reason: Type.Optional(Nullable(Type.String())),
  created_by: Uuid,
  evidence: Evidence,
});
export type NewDeclaration = Static<typeof NewDeclaration>;

/** A declaration as it is now, with its place in the log. */
export const Declaration = Type.Object({
  id: Uuid,
  ...signed_fields,
  status: DeclarationStatus,
  is_active: Type.Boolean(),
  reason: Nullable(Type.String()),
  reason_description: Nullable(Type.String()),
  created_by: Uuid,
  updated_by: Uuid,
  inserted_at: Type.String(),
  updated_at: Type.String(),
  version: Type.Integer(),
  /** Salted hash that the log holds for this version, hex. */
  leaf_hash: Type.String(),
  /** Place of that leaf in the tree of `checkpoint_size`; null while no checkpoint covers it. */
  leaf_index: Nullable(Type.Integer()),
  /** Leaves under the newest published checkpoint when this was answered. */
  checkpoint_size: Type.Integer(),
});
export type Declaration = Static<typeof Declaration>;

/** The answer of a write: with the log's signed promise that the newest version will be in its tree (lib/tlog). */
export const WrittenDeclaration = Type.Object({ ...Declaration.properties, promise: Type.String() });
export type WrittenDeclaration = Static<typeof WrittenDeclaration>;

/** What anyone needs to check, without trusting us, that a version is in the log and what it says. */
export const DeclarationReceipt = Type.Object({
  declaration_id: Uuid,
  version: Type.Integer(),
  /** Hex. */
  leaf_hash: Type.String(),
  /** Null, as the next three, while no checkpoint covers the leaf. */
  leaf_index: Nullable(Type.Integer()),
  checkpoint_size: Nullable(Type.Integer()),
  /** The leaf's public entry, canonical JSON, exactly as hashed. */
  entry: Nullable(Type.String()),
  /** c2sp.org/tlog-proof. */
  receipt: Nullable(Type.String()),
  /** The stored canonical bytes and the seed (base64) that open the entry's commitment; null once the person was erased. */
  record: Nullable(Type.Object({ body: Type.String(), seed: Type.String() })),
});
export type DeclarationReceipt = Static<typeof DeclarationReceipt>;

/** An upgraded container: the second object beside the container as first received. */
export const NewContainerUpgrade = Type.Object({
  /** Of the upgraded container, hex. */
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  /** ETSI EN 319 122-1: with a time-stamp, or with revocation data too. */
  level: Type.Enum(['B-T', 'B-LT']),
});
export type NewContainerUpgrade = Static<typeof NewContainerUpgrade>;

export const ContainerUpgrade = Type.Object({
  declaration_id: Uuid,
  ...NewContainerUpgrade.properties,
  recorded_at: Type.String(),
  /** Of the upgrade's own leaf, hex. */
  leaf_hash: Type.String(),
});
export type ContainerUpgrade = Static<typeof ContainerUpgrade>;

/** A signed container that is no declaration's. */
export const NewSignedDocument = Type.Object({
  /** As media names it. */
  type: Type.String({ pattern: '^[a-z][a-z_]{1,40}$' }),
  /** Of the container as received, hex. */
  sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
});
export type NewSignedDocument = Static<typeof NewSignedDocument>;

export const SignedDocument = Type.Object({
  id: Uuid,
  /** 1 as received, 2 upgraded. */
  version: Type.Integer(),
  recorded_at: Type.String(),
  /** Hex. */
  leaf_hash: Type.String(),
});
export type SignedDocument = Static<typeof SignedDocument>;

export const DocumentState = Type.Object({
  id: Uuid,
  /** The newest: 1 as received, 2 upgraded. */
  version: Type.Integer(),
});
export type DocumentState = Static<typeof DocumentState>;

const { declaration_id: _declaration, ...proof_members } = DeclarationReceipt.properties;
/** The receipt of a container's own leaf: whose it is, says the body of its record. */
export const ContainerReceipt = Type.Object(proof_members);
export type ContainerReceipt = Static<typeof ContainerReceipt>;

const Change = Type.Object({
  actor_id: Uuid,
  reason: Type.Optional(Nullable(Type.String())),
  reason_description: Type.Optional(Nullable(Type.String())),
});

/** An order to forget somebody; what the leaf of the erasure commits to, but for the last two. */
export const ErasureOrder = Type.Object({
  order_id: Uuid,
  ground: Type.String(),
  /** The paper that the order stands on. */
  document_number: Type.String(),
  document_date: CivilDate,
  ordered_by: Uuid,
  approved_by: Uuid,
  ordered_at: Type.String(),
  approved_at: Type.String(),
  /** Ends what lives instead of refusing: for ids that the patient index has erased already. */
  end_living: Type.Optional(Type.Boolean()),
  /** Refuses when a declaration ended after this moment. */
  last_ended_before: Type.Optional(Type.String()),
});
export type ErasureOrder = Static<typeof ErasureOrder>;

const DeclarationId = Type.Object({ id: Uuid });
const internal = { access: { kind: 'internal' }, envelope: 'plain' } as const;
const declarations = { ...internal, tag: 'declarations' } as const;

/** A declaration as far as the other registers have a part in it. */
export const DeclarationState = Type.Object({
  id: Uuid,
  declaration_request_id: Uuid,
  person_id: Uuid,
  pseudonym: Uuid,
  employee_id: Uuid,
  division_id: Uuid,
  legal_entity_id: Uuid,
  status: DeclarationStatus,
  signed_content_sha256: Type.String(),
  /** Of the upgraded container that the log knows, hex. */
  upgraded_sha256: Type.Union([Type.String(), Type.Null()]),
  start_date: CivilDate,
  end_date: CivilDate,
  inserted_at: Type.String(),
});
export type DeclarationState = Static<typeof DeclarationState>;

const TerminationOrder = Type.Object({
  id: Uuid,
  subject_type: Type.Enum(['employee', 'legal_entity', 'person']),
  subject_id: Uuid,
  reason: Type.String(),
  ordered_at: Type.String(),
  is_done: Type.Boolean(),
});
export type ListedOrder = Static<typeof TerminationOrder>;

/** The whole of a list, by id: `after` is the last id of the page before. */
const KeysetQuery = Type.Object({
  after: Type.Optional(Uuid),
  limit: Type.Integer({ minimum: 1, maximum: 1000 }),
});

const WaitQuery = Type.Object({ wait_ms: Type.Optional(Type.Integer({ minimum: 0, maximum: 10_000 })) });

/** All that the rest of the platform may ask of Operations. */
export const contract = {
  putDeclaration: route({
    ...declarations,
    method: 'PUT',
    path: '/declarations/:id',
    summary: 'Store a signed declaration and end the person’s earlier ones, in one transaction',
    description:
      'Safe to repeat: the same id answers with what is stored. A different declaration under the same id or request is a 409.',
    params: DeclarationId,
    body: NewDeclaration,
    data: WrittenDeclaration,
  }),
  getDeclaration: route({
    ...declarations,
    method: 'GET',
    path: '/declarations/:id',
    summary: 'One declaration as it is now',
    params: DeclarationId,
    data: Declaration,
  }),
  getReceipt: route({
    ...declarations,
    method: 'GET',
    path: '/declarations/:id/receipt',
    summary: 'Proof that a version (the newest unless named) is in the log; waits for the next checkpoint if asked to',
    params: DeclarationId,
    query: Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1 })), ...WaitQuery.properties }),
    data: DeclarationReceipt,
  }),
  listDeclarations: route({
    ...declarations,
    method: 'GET',
    path: '/declarations',
    summary: 'Declarations of a clinic, a doctor or a person',
    query: Type.Object({
      ...PageQuery,
      legal_entity_id: Type.Optional(Uuid),
      employee_id: Type.Optional(Uuid),
      person_id: Type.Optional(Uuid),
      status: Type.Optional(DeclarationStatus),
    }),
    data: Type.Object({ declarations: Type.Array(Declaration), paging: PagingOf }),
  }),
  putApproval: route({
    ...declarations,
    method: 'PUT',
    path: '/declarations/:id/approval',
    summary: 'pending_verification → active',
    params: DeclarationId,
    body: Change,
    data: WrittenDeclaration,
  }),
  putRejection: route({
    ...declarations,
    method: 'PUT',
    path: '/declarations/:id/rejection',
    summary: 'pending_verification → rejected',
    params: DeclarationId,
    body: Change,
    data: WrittenDeclaration,
  }),
  putTermination: route({
    ...declarations,
    method: 'PUT',
    path: '/declarations/:id/termination',
    summary: 'active or pending_verification → terminated',
    params: DeclarationId,
    body: Change,
    data: WrittenDeclaration,
  }),
  putContainerUpgrade: route({
    ...declarations,
    method: 'PUT',
    path: '/declarations/:id/container_upgrade',
    summary: 'Commit the upgraded container (time-stamp, revocation data) to the log, as a leaf of its own',
    description: 'Safe to repeat. Another container for the same declaration is a 409.',
    params: DeclarationId,
    body: NewContainerUpgrade,
    data: ContainerUpgrade,
  }),
  getContainerReceipt: route({
    ...declarations,
    method: 'GET',
    path: '/declarations/:id/container_upgrade/receipt',
    summary: 'Proof that the upgraded container is in the log',
    params: DeclarationId,
    query: WaitQuery,
    data: ContainerReceipt,
  }),
  putSignedDocument: route({
    ...internal,
    tag: 'documents',
    method: 'PUT',
    path: '/signed_documents/:id',
    summary: 'Commit a signed container that is no declaration’s to the log, as a leaf of its own',
    description: 'Safe to repeat. Another container under the same id is a 409.',
    params: DeclarationId,
    body: NewSignedDocument,
    data: SignedDocument,
  }),
  putDocumentUpgrade: route({
    ...internal,
    tag: 'documents',
    method: 'PUT',
    path: '/signed_documents/:id/upgrade',
    summary: 'Commit its upgrade (time-stamp, revocation data), as a second leaf',
    description: 'Safe to repeat. Another container is a 409; 404 before the first one was committed.',
    params: DeclarationId,
    body: NewContainerUpgrade,
    data: SignedDocument,
  }),
  getDocumentReceipt: route({
    ...internal,
    tag: 'documents',
    method: 'GET',
    path: '/signed_documents/:id/receipt',
    summary: 'Proof that a signed document (version 1 as received, 2 upgraded; the newest unless named) is in the log',
    params: DeclarationId,
    query: Type.Object({ version: Type.Optional(Type.Integer({ minimum: 1 })), ...WaitQuery.properties }),
    data: ContainerReceipt,
  }),
  findDocumentStates: route({
    ...internal,
    tag: 'documents',
    method: 'POST',
    path: '/signed_document_states',
    summary: 'How far the log knows these documents; what it does not know is absent',
    body: Type.Object({ ids: Type.Array(Uuid, { maxItems: 1000 }) }),
    data: Type.Array(DocumentState),
  }),
  putTerminations: route({
    ...declarations,
    method: 'PUT',
    path: '/terminations/:id',
    summary: 'Terminate all living declarations of a doctor, a clinic or a person, in the background',
    description: 'The order is durable when this answers; a job works it off in batches. Safe to repeat.',
    params: DeclarationId,
    body: Type.Object({
      subject_type: Type.Enum(['employee', 'legal_entity', 'person']),
      subject_id: Uuid,
      actor_id: Uuid,
      reason: Type.String(),
      reason_description: Type.Optional(Nullable(Type.String())),
    }),
    data: Type.Object({ id: Uuid, is_done: Type.Boolean(), terminated: Type.Integer() }),
  }),
  putPersonAlias: route({
    ...internal,
    tag: 'persons',
    method: 'PUT',
    path: '/person_aliases/:id',
    summary: 'Two persons are one: later declarations go to the parent, the older of two living ones ends',
    params: DeclarationId,
    body: Type.Object({ parent_id: Uuid, parent_pseudonym: Uuid, actor_id: Uuid }),
    data: Type.Object({ person_id: Uuid, parent_id: Uuid, ended: Type.Array(Uuid), moved: Type.Array(Uuid) }),
  }),
  putPersonAliasRemoval: route({
    ...internal,
    tag: 'persons',
    method: 'PUT',
    path: '/person_aliases/:id/removal',
    summary:
      'A merge is taken back: what had been moved returns; people decide about what ended or was signed meanwhile',
    params: DeclarationId,
    body: Type.Object({ from_parent_id: Uuid, pseudonym: Uuid, actor_id: Uuid }),
    data: Type.Object({
      person_id: Uuid,
      returned: Type.Array(Uuid),
      ended: Type.Array(Uuid),
      signed_meanwhile: Type.Array(Uuid),
    }),
  }),
  getErasureObstacles: route({
    ...internal,
    tag: 'persons',
    method: 'GET',
    path: '/persons/:id/erasure_obstacles',
    summary: 'What stands against the erasure of a person and of all who were merged into them',
    params: DeclarationId,
    data: Type.Object({ living: Type.Array(Uuid), last_ended_at: Nullable(Type.String()) }),
  }),
  putErasure: route({
    ...internal,
    tag: 'persons',
    method: 'PUT',
    path: '/erasures/:id',
    summary: 'Forget a person by order: an erase leaf, then the keys go (crypto-shredding)',
    description: 'Safe to repeat. 409 `declaration_lives` and `retention` leave everything as it is.',
    params: DeclarationId,
    body: ErasureOrder,
    data: Type.Object({ person_ids: Type.Array(Uuid), erased_at: Type.String() }),
  }),
  countDeclarations: route({
    ...declarations,
    method: 'POST',
    path: '/declaration_counts',
    summary: 'Living declarations per doctor’s employment, for the reconciliation of limits',
    body: Type.Object({ employee_ids: Type.Array(Uuid, { maxItems: 1000 }) }),
    data: Type.Array(Type.Object({ employee_id: Uuid, declaration_count: Type.Integer() })),
  }),
  findByRequest: route({
    ...declarations,
    method: 'POST',
    path: '/declarations_by_request',
    summary: 'Which of these declaration requests have a declaration, for reconciliation',
    body: Type.Object({ declaration_request_ids: Type.Array(Uuid, { maxItems: 1000 }) }),
    data: Type.Array(
      Type.Object({
        declaration_request_id: Uuid,
        declaration_id: Uuid,
        person_id: Uuid,
        status: DeclarationStatus,
        signed_content_sha256: Type.String(),
      }),
    ),
  }),
  listStates: route({
    ...declarations,
    method: 'GET',
    path: '/declaration_states',
    summary: 'Every declaration, by id, for reconciliation',
    query: KeysetQuery,
    data: Type.Array(DeclarationState),
  }),
  findStates: route({
    ...declarations,
    method: 'POST',
    path: '/declaration_states',
    summary: 'The same of these ids; what is not there is absent',
    body: Type.Object({ ids: Type.Array(Uuid, { maxItems: 1000 }) }),
    data: Type.Array(DeclarationState),
  }),
  listTerminationOrders: route({
    ...declarations,
    method: 'GET',
    path: '/terminations',
    summary: 'Every order to end declarations, by id, for reconciliation',
    query: KeysetQuery,
    data: Type.Array(TerminationOrder),
  }),
  latestHead: route({
    ...internal,
    tag: 'log',
    method: 'GET',
    path: '/latest_head',
    summary: 'Root of the newest log head, in the form that clients sign as `seed`',
    data: Type.Object({ hash: Type.String(), size: Type.Integer(), at: Type.String() }),
  }),
  getHead: route({
    ...internal,
    tag: 'log',
    method: 'GET',
    path: '/heads/:hash',
    summary: 'When this root was the head; 404 when it never was',
    params: Type.Object({ hash: Type.String({ maxLength: 200 }) }),
    data: Type.Object({
      hash: Type.String(),
      size: Type.Integer(),
      at: Type.String(),
      superseded_at: Nullable(Type.String()),
    }),
  }),
  readEvents: route({
    ...internal,
    tag: 'events',
    method: 'GET',
    path: '/events',
    summary: 'declaration.activated, .pending, .terminated, .closed, .rejected, in order per declaration',
    query: FeedQuery,
    data: FeedPage,
  }),
};

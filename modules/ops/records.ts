import { CivilDate, Nullable, Uuid } from '@zdravo/kit/contract';
import { type Static, Type } from 'typebox';

// What Operations keep and tell, as the routes of the contract carry it.

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

/** An order that ends all declarations of a doctor, a clinic or a person. */
export const TerminationOrder = Type.Object({
  id: Uuid,
  subject_type: Type.Enum(['employee', 'legal_entity', 'person']),
  subject_id: Uuid,
  reason: Type.String(),
  ordered_at: Type.String(),
  is_done: Type.Boolean(),
});
export type ListedOrder = Static<typeof TerminationOrder>;

import { createHash, createHmac, type KeyObject } from 'node:crypto';
import { fewRandomBytes, openEnvelope, sealEnvelope } from '@zdravo/kit/keys';
import { canonicalJson, hashLeaf } from '@zdravo/tlog';
import type { DeclarationStatus, NewDeclaration } from './contract.ts';

export type Op = 'create' | 'approve' | 'reject' | 'terminate' | 'close' | 'relink';

/** What a version's body says: the signed facts and the state that this version began. */
export type VersionBody = Omit<NewDeclaration, 'status'> & {
  id: string;
  version: number;
  op: Op;
  status: DeclarationStatus;
  reason: string | null;
  reason_description: string | null;
  updated_by: string;
  inserted_at: string;
  updated_at: string;
};

export type SealedVersion = { body: Buffer; sealed_seed: Buffer; entry: Buffer; leaf_hash: Buffer };

/**
 * Makes a version's stored bytes and its leaf. The leaf is public, so it commits to the body by one salted hash: without
 * the seed nobody can guess what it stands for (trust.md §6.1).
 * @param keys of the person (seals the seed) and of the log (makes the record's stable handle).
 */
export function sealVersion(body: VersionBody, keys: { person_key: Uint8Array; handle_key: KeyObject }): SealedVersion {
  const bytes = Buffer.from(canonicalJson(body));
  const seed = fewRandomBytes(32);
  const entry = Buffer.from(
    canonicalJson({
      c: commitment(seed, bytes).toString('base64'),
      h: handleOf(`declaration ${body.id}`, keys.handle_key),
      k: 'declaration',
      n: body.version,
      op: body.op,
      v: leaf_version,
    }),
  );
  return {
    body: bytes,
    sealed_seed: sealEnvelope(keys.person_key, seed, seedContext(body)),
    entry,
    leaf_hash: Buffer.from(hashLeaf(entry)),
  };
}

/** The seed of a stored version, for receipts and the auditor. @throws KeyError when key or bytes were altered. */
export function openSeed(
  version: { id: string; version: number; sealed_seed: Uint8Array },
  person_key: Uint8Array,
): Buffer {
  return openEnvelope(person_key, version.sealed_seed, seedContext(version));
}

/** SHA-256 over a label, the seed and the stored bytes; the label names the leaf version. */
export function commitment(seed: Uint8Array, body: Uint8Array): Buffer {
  return createHash('sha256').update(`zdravo-version/v${leaf_version}\n`).update(seed).update(body).digest();
}

/** The public name of a record in the log: stable, so that anyone sees two living versions clash. */
export function handleOf(record: string, handle_key: KeyObject): string {
  return createHmac('sha256', handle_key).update(record).digest('base64');
}

export function parseBody(bytes: Uint8Array): VersionBody {
  return JSON.parse(Buffer.from(bytes).toString('utf8')) as VersionBody;
}

const leaf_version = 1;

function seedContext(version: { id: string; version: number }): Buffer {
  return Buffer.from(`declaration ${version.id} ${version.version}`);
}

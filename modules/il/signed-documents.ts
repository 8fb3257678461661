import { createHash } from 'node:crypto';
import { type Invalid, invalidField, unavailable, validationFailed } from '@zdravo/kit/problem';
import { type SignaturePolicy, type Signer, type VerificationResult, VerifierBusyError } from '@zdravo/signature';
import { Type } from 'typebox';
import type { IlDeps } from './deps.ts';
import { readSigned, readStored } from './signed-content.ts';

/** Largest signed body, bytes of base64. */
export const signed_body_limit_bytes = 4 * 1024 * 1024;

export const SignedContentEncoding = Type.Enum(['base64']);
export const SignedContent = Type.String({ minLength: 1, maxLength: signed_body_limit_bytes });

export type SignedDocument = {
  container: Buffer;
  /** Hex; of the container exactly as received. */
  sha256: string;
  /** The signed JSON object. */
  content: Record<string, unknown>;
  signer: Signer;
};

/** One person's or one organisation's signature; a status that nobody can tell passes, one that is told is obeyed. */
const policy: SignaturePolicy = { signer_count: 1, layers: 1, revocation: 'if_available' };

/**
 * Opens a signed container: base64, one valid signature over trusted anchors, a JSON object inside.
 * @param entry JSON path of the body's member, for the error.
 * @throws Problem 422, or 503 when the verifiers have too much to do or a certificate's status is required and unknown.
 */
export async function openSignedDocument(deps: IlDeps, text: string, entry: string): Promise<SignedDocument> {
  const { container, result } = await verifyContainer(deps, text, entry, policy);
  if (result.indication !== 'TOTAL_PASSED') refuseContainer(entry, result);
  return {
    container,
    sha256: result.container_sha256,
    content: readSigned(result.content!, entry),
    signer: result.signatures[0]!.signer,
  };
}

/** A verdict about a container in base64, whatever it is. @throws Problem 422 for what is no base64, 503 when busy. */
export async function verifyContainer(
  deps: Pick<IlDeps, 'signatures' | 'clock'>,
  text: string,
  entry: string,
  by: SignaturePolicy,
): Promise<{ container: Buffer; result: VerificationResult }> {
  const container = decodeBase64(text, entry);
  const result = await deps.signatures.verify(container, by, { at: deps.clock.now() }).catch((error: unknown) => {
    if (error instanceof VerifierBusyError)
      throw unavailable('Too many signatures wait to be verified.', 2, error.code);
    throw error;
  });
  return { container, result };
}

/** A responder that was away is left alone for 15 s, and one that does not know a new certificate yet learns of it later. */
const status_retry_s = 60;

/**
 * @throws Problem 422 with the sub-indication of ETSI EN 319 102-1; 503 `certificate_status_unknown` when nothing is wrong
 * with the container, but nobody can tell its certificates' status at present: the same container may pass later.
 */
export function refuseContainer(
  entry: string,
  { validation_error_message, sub_indication }: Pick<VerificationResult, 'validation_error_message' | 'sub_indication'>,
): never {
  if (sub_indication === 'TRY_LATER')
    throw unavailable(validation_error_message, status_retry_s, 'certificate_status_unknown');
  throw validationFailed([signatureInvalid(entry, validation_error_message, sub_indication)]);
}

/**
 * The content of a container that was verified when it was received, `at`. Its signature is not judged again: certificates
 * expire. @throws Problem 422 when it holds no JSON object.
 */
export async function openStoredDocument(
  deps: Pick<IlDeps, 'signatures'>,
  container: Uint8Array,
  at: Date,
): Promise<{ sha256: string; content: Record<string, unknown> }> {
  const result = await deps.signatures.verify(container, policy, { at, offline: true });
  return { sha256: result.container_sha256, content: readStored(result.content ?? new Uint8Array(), '$') };
}

/** What reads and writes back as itself is base64, and that costs next to nothing; anything else is looked at closely. */
function decodeBase64(text: string, entry: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (text !== '' && bytes.toString('base64') === text) return bytes;
  const compact = text.replaceAll(/\s/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(compact) || compact.length % 4 !== 0)
    throw invalidField(entry, 'Not a base64 string', 'invalid');
  return Buffer.from(compact, 'base64');
}

function signatureInvalid(entry: string, message: string, sub_indication: string | undefined): Invalid {
  return {
    entry,
    entry_type: 'json_data_property',
    rules: [{ rule: 'invalid', params: [sub_indication ?? 'GENERIC'], description: message }],
  };
}

/** A version-4 shaped id that the bytes determine: the same container is the same resource. */
export function idOfBytes(label: string, sha256: string): string {
  const hex = createHash('sha256').update(`${label} ${sha256}`).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

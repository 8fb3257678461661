import { Asn1Error, default_limits, type ReadLimits } from '../asn1/reader.ts';
import { readSignedData, type SignedData } from '../cms/signed-data.ts';
import { sha256Hex } from '../crypto/digests.ts';
import type { RevocationData } from '../revocation/revocation-data.ts';
import type { TrustStore } from '../trust/trust-store.ts';
import { checkSignature } from './check-signature.ts';
import type { OpenStatus } from './check-status.ts';
import { describeCount, fits, leastOf, mostOf, type SignaturePolicy } from './policy.ts';
import {
  type Fault,
  fault,
  indicationOf,
  type SignatureReport,
  type VerificationResult,
  worstFault,
} from './result.ts';

export type VerifyOptions = {
  /** When the container was first received: the latest time at which the signatures are known to have existed. */
  at: Date;
  limits?: ReadLimits;
  /** Revocation lists and OCSP answers from a cache or a responder, beside those that the container holds. */
  revocation_data?: RevocationData;
};

/**
 * Verifies a CMS/CAdES container (ETSI EN 319 122-1) by a policy, over configured anchors only, after the process of
 * ETSI EN 319 102-1. Hostile input is an answer, never a throw; the promise rejects only for a bug.
 */
export async function verify(
  container: Uint8Array,
  policy: SignaturePolicy,
  trust: TrustStore,
  options: VerifyOptions,
): Promise<VerificationResult> {
  return verifyNow(container, policy, trust, options);
}

/** The same, at once: for worker threads and benchmarks. */
export function verifyNow(
  container: Uint8Array,
  policy: SignaturePolicy,
  trust: TrustStore,
  options: VerifyOptions,
): VerificationResult {
  return verifyAndList(container, policy, trust, options).result;
}

/** A status that nobody could tell, of the signature at this index of the result. */
export type OpenSignatureStatus = OpenStatus & { signature: number };

/** The same, with the certificates whose revocation status nobody could tell. */
export function verifyAndList(
  container: Uint8Array,
  policy: SignaturePolicy,
  trust: TrustStore,
  options: VerifyOptions,
): { result: VerificationResult; needs: OpenSignatureStatus[] } {
  const opened = openEnvelopes(container, policy, options.limits ?? default_limits);
  const { at, revocation_data = {} } = options;
  const checked = opened.envelopes.flatMap(({ signed_data, content }, index) =>
    // One more than the policy allows is enough to refuse: a container must not choose what its verification costs.
    signed_data.signer_infos
      .slice(0, mostOf(policy.signer_count) + 1)
      .map((signer_info) =>
        checkSignature({ signer_info, signed_data, content, layer: index + 1, policy, trust, at, revocation_data }),
      ),
  );
  const signatures = checked.map(({ report }) => report);
  const problem = opened.fault ?? findCountFault(opened.envelopes, signatures, policy) ?? worstFault(signatures);
  const content = opened.envelopes.at(-1)?.content;
  const result = {
    indication: indicationOf(problem?.sub_indication),
    ...(problem ? { sub_indication: problem.sub_indication } : {}),
    validation_error_message: problem?.message ?? '',
    ...(content ? { content } : {}),
    content_sha256: content ? sha256Hex(content) : null,
    container_sha256: sha256Hex(container),
    layers: opened.envelopes.length,
    signatures,
  };
  return { result, needs: checked.flatMap(({ needs }, signature) => needs.map((need) => ({ ...need, signature }))) };
}

type Envelope = { signed_data: SignedData; content: Uint8Array | undefined };
type Opened = { envelopes: Envelope[]; fault: Fault | undefined };

/**
 * Peels as many envelopes as the policy allows; one fewer is a fault. One more stays closed inside the content where their number is
 * exact, since what is signed may be a container; where all are to be opened, it is a fault.
 */
function openEnvelopes(container: Uint8Array, policy: SignaturePolicy, limits: ReadLimits): Opened {
  const layers = policy.layers ?? 1;
  const envelopes: Envelope[] = [];
  for (let next: Uint8Array | undefined = container; next; ) {
    const is_enough = envelopes.length >= mostOf(layers);
    if (is_enough && typeof layers === 'number') break;
    const signed_data = findSignedData(next, limits);
    if (typeof signed_data === 'string') {
      if (envelopes.length >= Math.max(1, leastOf(layers))) break;
      return { envelopes, fault: fault('FORMAT_FAILURE', signed_data) };
    }
    if (is_enough) return { envelopes, fault: tooDeep(mostOf(layers)) };
    const content: Uint8Array | undefined = signed_data.content ?? policy.detached_content;
    envelopes.push({ signed_data, content });
    const attached = signed_data.content !== undefined;
    if (attached === (policy.detached_content !== undefined)) return { envelopes, fault: attachmentFault(attached) };
    next = signed_data.content;
  }
  return { envelopes, fault: undefined };
}

function tooDeep(most: number): Fault {
  return fault('SIG_CONSTRAINTS_FAILURE', `container has more than ${most} envelopes, one in another`);
}

function attachmentFault(attached: boolean): Fault {
  if (attached)
    return fault('SIG_CONSTRAINTS_FAILURE', 'The container holds content where a detached signature is due');
  return fault('SIGNED_DATA_NOT_FOUND', 'The container holds no content');
}

function findSignedData(container: Uint8Array, limits: ReadLimits): SignedData | string {
  try {
    return readSignedData(container, limits);
  } catch (error) {
    if (error instanceof Asn1Error) return `Not a signed container: ${error.message}`;
    throw error;
  }
}

function findCountFault(
  envelopes: Envelope[],
  signatures: SignatureReport[],
  policy: SignaturePolicy,
): Fault | undefined {
  for (const { signed_data } of envelopes) {
    const found = signed_data.signer_infos.length;
    if (fits(found, policy.signer_count)) continue;
    const due = describeCount(policy.signer_count);
    return fault('SIG_CONSTRAINTS_FAILURE', `envelope contains ${found} signatures instead of ${due}`);
  }
  const own = signatures.map(({ layer, certificate_sha256 }) => `${layer} ${certificate_sha256}`);
  if (new Set(own).size < own.length)
    return fault('SIG_CONSTRAINTS_FAILURE', 'One signer signed the same envelope twice');
  const stamps = signatures.filter((signature) => signature.is_stamp).length;
  return (
    countFault('seals', stamps, policy.stamps) ??
    countFault('personal signatures', signatures.length - stamps, policy.persons)
  );
}

function countFault(what: string, found: number, due: SignaturePolicy['stamps']): Fault | undefined {
  if (due === undefined || fits(found, due)) return undefined;
  return fault('SIG_CONSTRAINTS_FAILURE', `container has ${found} ${what} instead of ${describeCount(due)}`);
}

import { oids } from '../asn1/oids.ts';
import { Asn1Error } from '../asn1/reader.ts';
import { sameBytes } from '../asn1/values.ts';
import type { SignedData } from '../cms/signed-data.ts';
import {
  contentTypeOf,
  messageDigestOf,
  type SignedAttributes,
  type SignerInfo,
  signingTimeOf,
} from '../cms/signer-info.ts';
import { digest } from '../crypto/digests.ts';
import { verifySignature } from '../crypto/verify-signature.ts';
import { buildChain } from '../trust/chain.ts';
import { rememberCertificate, type TrustStore } from '../trust/trust-store.ts';
import type { Certificate } from '../x509/certificate.ts';
import { key_usage } from '../x509/extensions.ts';
import { nobody, signerOf } from '../x509/signer-identity.ts';
import { findSignerCertificate } from './find-signer.ts';
import type { SignaturePolicy } from './policy.ts';
import { type Fault, fault, indicationOf, type SignatureReport } from './result.ts';

export type SignatureQuestion = {
  signer_info: SignerInfo;
  signed_data: SignedData;
  content: Uint8Array | undefined;
  layer: number;
  policy: SignaturePolicy;
  trust: TrustStore;
  at: Date;
};

/** One signature through all steps; the first fault decides. */
export function checkSignature(question: SignatureQuestion): SignatureReport {
  const state: State = { certificate: undefined, signing_time: undefined };
  const problem = findFault(question, state);
  const { certificate } = state;
  return {
    layer: question.layer,
    is_valid: problem === undefined,
    is_stamp: certificate?.extensions.is_seal ?? false,
    indication: indicationOf(problem?.sub_indication),
    ...(problem ? { sub_indication: problem.sub_indication } : {}),
    validation_error_message: problem?.message ?? '',
    signer: certificate ? signerOf(certificate) : nobody,
    level: 'B-B',
    signing_time: state.signing_time?.toISOString() ?? null,
    best_signature_time: question.at.toISOString(),
    algorithm: question.signer_info.signature_algorithm.oid,
    certificate_sha256: certificate?.sha256 ?? null,
    certificate_serial: certificate?.serial ?? null,
  };
}

type State = { certificate: Certificate | undefined; signing_time: Date | undefined };

function findFault(question: SignatureQuestion, state: State): Fault | undefined {
  try {
    return runSteps(question, state);
  } catch (error) {
    if (error instanceof Asn1Error) return fault('FORMAT_FAILURE', error.message);
    throw error;
  }
}

function runSteps(question: SignatureQuestion, state: State): Fault | undefined {
  const { signer_info, signed_data, content, trust, at } = question;
  const { signed } = signer_info;
  if (!signed) return fault('SIG_CONSTRAINTS_FAILURE', 'The signature has no signed attributes');
  state.signing_time = signingTimeOf(signed);
  const offered = readOffered(signed_data, trust);
  const found = findSignerCertificate(signer_info, signed, offered);
  if (!found.certificate) return found.fault;
  const certificate = found.certificate;
  state.certificate = certificate;
  return (
    findContentFault(question, signed, content) ??
    findCryptoFault(question, signed, certificate) ??
    findKeyUsageFault(certificate) ??
    buildChain({ certificate, offered, trust, service: 'certificates', at }).fault
  );
}

/** Certificates in the container that can be read; a broken one is nobody's certificate. */
function readOffered(signed_data: SignedData, trust: TrustStore): Certificate[] {
  return signed_data.certificates.flatMap((der) => {
    try {
      return [rememberCertificate(trust, der)];
    } catch (error) {
      if (error instanceof Asn1Error) return [];
      throw error;
    }
  });
}

/** RFC 5652 §11.1–11.2: content type and message digest are signed and match what is there. */
function findContentFault(
  { signer_info, signed_data }: SignatureQuestion,
  signed: SignedAttributes,
  content: Uint8Array | undefined,
): Fault | undefined {
  if (content === undefined) return fault('SIGNED_DATA_NOT_FOUND', 'The container holds no content');
  const type = contentTypeOf(signed);
  if (type === undefined) return fault('FORMAT_FAILURE', 'No content type among the signed attributes');
  if (type !== signed_data.content_type) return fault('FORMAT_FAILURE', 'The signed content type is another one');
  if (type !== oids.data) return fault('SIG_CONSTRAINTS_FAILURE', `Content of type ${type} is not a document`);
  const expected = messageDigestOf(signed);
  if (!expected) return fault('FORMAT_FAILURE', 'No message digest among the signed attributes');
  const actual = digest(signer_info.digest_algorithm.oid, content);
  if (!actual) return fault('CRYPTO_CONSTRAINTS_FAILURE', `Digest ${signer_info.digest_algorithm.oid} is not accepted`);
  return sameBytes(actual, expected) ? undefined : fault('HASH_FAILURE', 'The content is not the one that was signed');
}

function findCryptoFault(
  { signer_info }: SignatureQuestion,
  signed: SignedAttributes,
  certificate: Certificate,
): Fault | undefined {
  const { outcome, reason } = verifySignature({
    key: certificate.public_key,
    algorithm: signer_info.signature_algorithm,
    digest_algorithm: signer_info.digest_algorithm.oid,
    message: signed.der,
    signature: signer_info.signature,
  });
  if (outcome === 'valid') return undefined;
  return fault(outcome === 'invalid' ? 'SIG_CRYPTO_FAILURE' : 'CRYPTO_CONSTRAINTS_FAILURE', reason);
}

/** A signature under a document is a commitment to its content (RFC 5280 §4.2.1.3, nonRepudiation). */
function findKeyUsageFault({ extensions }: Certificate): Fault | undefined {
  if (extensions.is_authority)
    return fault('CHAIN_CONSTRAINTS_FAILURE', 'A certification authority does not sign documents');
  if (extensions.key_usage !== undefined && extensions.key_usage & key_usage.non_repudiation) return undefined;
  return fault('CHAIN_CONSTRAINTS_FAILURE', 'The certificate is not for signatures (key usage)');
}

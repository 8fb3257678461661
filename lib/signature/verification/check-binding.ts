import { oids } from '../asn1/oids.ts';
import { Asn1Error } from '../asn1/reader.ts';
import { sameBytes } from '../asn1/values.ts';
import type { SignedData } from '../cms/signed-data.ts';
import { contentTypeOf, messageDigestOf, type SignedAttributes, type SignerInfo } from '../cms/signer-info.ts';
import { digest } from '../crypto/digests.ts';
import { verifySignature } from '../crypto/verify-signature.ts';
import { rememberCertificate, type TrustStore } from '../trust/trust-store.ts';
import type { Certificate } from '../x509/certificate.ts';
import { findSignerCertificate } from './find-signer.ts';
import { type Fault, fault } from './result.ts';

export type BindingQuestion = {
  signer_info: SignerInfo;
  signed_data: SignedData;
  content: Uint8Array | undefined;
  /** What the content has to be: a document, or the body of a time-stamp. */
  content_type: string;
  offered: Certificate[];
};

/** The certificate when it could be told, also beside a fault: a refusal names whose signature it is. */
export type Binding = { certificate: Certificate | undefined; fault: Fault | undefined };

/** Whether content, attributes, signature and one certificate belong together. Trust is another question. Throws Asn1Error. */
export function checkBinding(question: BindingQuestion): Binding {
  const { signed } = question.signer_info;
  if (!signed) {
    return {
      certificate: undefined,
      fault: fault('SIG_CONSTRAINTS_FAILURE', 'The signature has no signed attributes'),
    };
  }
  const found = findSignerCertificate(question.signer_info, signed, question.offered);
  if (!found.certificate) return { certificate: undefined, fault: found.fault };
  const { certificate } = found;
  return {
    certificate,
    fault: findContentFault(question, signed) ?? findCryptoFault(question.signer_info, signed, certificate),
  };
}

/** Certificates in a container that can be read; a broken one is nobody's certificate. */
export function readOffered(signed_data: SignedData, trust: TrustStore): Certificate[] {
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
function findContentFault(question: BindingQuestion, signed: SignedAttributes): Fault | undefined {
  const { content, content_type, signed_data, signer_info } = question;
  if (content === undefined) return fault('SIGNED_DATA_NOT_FOUND', 'The container holds no content');
  const type = contentTypeOf(signed);
  if (type === undefined) return fault('FORMAT_FAILURE', 'No content type among the signed attributes');
  if (type !== signed_data.content_type) return fault('FORMAT_FAILURE', 'The signed content type is another one');
  if (type !== content_type) return fault('SIG_CONSTRAINTS_FAILURE', `Content of type ${type} is not accepted here`);
  const expected = messageDigestOf(signed);
  if (!expected) return fault('FORMAT_FAILURE', 'No message digest among the signed attributes');
  const actual = digest(signer_info.digest_algorithm.oid, content);
  if (!actual) return fault('CRYPTO_CONSTRAINTS_FAILURE', `Digest ${signer_info.digest_algorithm.oid} is not accepted`);
  return sameBytes(actual, expected) ? undefined : fault('HASH_FAILURE', 'The content is not the one that was signed');
}

function findCryptoFault(
  signer_info: SignerInfo,
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

export const document_type = oids.data;

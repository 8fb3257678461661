export { Asn1Error, type ReadLimits } from './asn1/reader.ts';
export {
  type AuthorityPlan,
  type CertificateAuthority,
  type CertificateRequest,
  type CertificateUse,
  createCertificateAuthority,
  issueCertificate,
} from './development/authority.ts';
export { type CertificateFiles, certificatesIn, readKeyFile, toKeyFile } from './development/key-file.ts';
export { type Signatory, type SignOptions, sign, signTogether } from './development/sign.ts';
export type { KeyAlgorithm } from './development/signing-keys.ts';
export {
  createTrustStore,
  type TrustAnchor,
  type TrustedService,
  type TrustStore,
  type TrustStoreOptions,
} from './trust/trust-store.ts';
export { type Count, one_signature, type SignaturePolicy } from './verification/policy.ts';
export { type ReferenceAnswer, type ReferenceSignature, referenceAnswer } from './verification/reference-answer.ts';
export type { Indication, Level, SignatureReport, SubIndication, VerificationResult } from './verification/result.ts';
export { type VerifyOptions, verify, verifyNow } from './verification/verify.ts';
export type { Signer } from './x509/signer-identity.ts';

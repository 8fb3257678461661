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
export { answerOcspRequest, issueCrl, startCrlServer, startOcspResponder } from './development/revocation-authority.ts';
export { type Signatory, type SignOptions, sign, signTogether } from './development/sign.ts';
export { signXml } from './development/sign-xml.ts';
export type { KeyAlgorithm } from './development/signing-keys.ts';
export { answerTimeStampRequest, startTimeStampAuthority } from './development/time-stamp-authority.ts';
export {
  createVerifierPool,
  VerifierBusyError,
  type VerifierPool,
  type VerifierPoolOptions,
} from './pool/verifier-pool.ts';
export { createRevocationCache, type RevocationCacheOptions } from './revocation/revocation-cache.ts';
export type { RevocationData } from './revocation/revocation-data.ts';
export { createRevocationSource, type RevocationSourceOptions } from './revocation/revocation-source.ts';
export { readTrustFolder } from './trust/trust-folder.ts';
export {
  openTrustList,
  readTrustList,
  type TrustList,
  TrustListError,
  type TrustListFlaw,
  type TrustListProof,
} from './trust/trust-list.ts';
export {
  createTrustStore,
  DevelopmentAnchorError,
  isForDevelopment,
  type TrustAnchor,
  type TrustedService,
  type TrustStore,
  type TrustStoreOptions,
} from './trust/trust-store.ts';
export { fetchRevocation, fetchTimeStamp, isPublicAddress, type OnlineOptions } from './upgrade/online-services.ts';
export {
  type Check,
  type ProofSources,
  type Upgrade,
  upgradeChecked,
  upgradeContainer,
} from './upgrade/upgrade-container.ts';
export type { RevocationNeed } from './verification/check-status.ts';
export { type Count, one_signature, type SignaturePolicy } from './verification/policy.ts';
export { type ReferenceAnswer, type ReferenceSignature, referenceAnswer } from './verification/reference-answer.ts';
export type { Indication, Level, SignatureReport, SubIndication, VerificationResult } from './verification/result.ts';
export { type VerifyOptions, verify, verifyAndList, verifyNow } from './verification/verify.ts';
export { describeCertificate } from './x509/certificate.ts';
export type { Signer } from './x509/signer-identity.ts';

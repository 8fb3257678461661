import { oids } from '../asn1/oids.ts';
import { sha256Hex } from '../crypto/digests.ts';
import { type Certificate, readCertificate } from '../x509/certificate.ts';
import { createRecentMap, type RecentMap } from './recent-map.ts';

/** What an anchor is trusted for: the service types of ETSI TS 119 612 §5.5.1 that matter here. */
export type TrustedService = 'certificates' | 'time_stamps' | 'ocsp';

/** One certificate that is trusted because the configuration says so, and for what, and when. */
export type TrustAnchor = {
  certificate: Certificate;
  services: TrustedService[];
  /** Status "granted" from and until; open ends when undefined. */
  granted_from?: Date;
  granted_until?: Date;
};

export type TrustStoreOptions = {
  /** DER certificates of authorities that may issue certificates, time-stamps and OCSP answers. */
  anchors?: Uint8Array[];
  /** Anchors with their services and periods, as a trust list gives them. */
  services?: TrustAnchor[];
  /** Further authorities' certificates that may be needed on the way to an anchor; not trusted by themselves. */
  intermediates?: Uint8Array[];
  /** In production: refuses a store with anchors that this package's development authority made. */
  refuse_development?: boolean;
  /** How many certificates are remembered, and four times as many verified links; 5,000 when absent. */
  cache_limit?: number;
};

/** Whom we trust, and what was already computed about certificates. Immutable but for its caches. */
export type TrustStore = {
  anchors: TrustAnchor[];
  /** Subject (hex DER) → anchors of that name: several, because names prove nothing. */
  anchors_by_subject: Map<string, TrustAnchor[]>;
  intermediates: Certificate[];
  /** Hash of DER → certificate as read. */
  certificates: RecentMap<Certificate>;
  /**
   * Hash of a certificate + hash of its issuer → whether the issuer's key signed it. Arithmetic only: it never expires, and
   * it is keyed by what was signed and by whom, never by a key identifier, which anybody may choose (trust.md §8.4).
   */
  verified_links: RecentMap<boolean>;
};

/** Throws Asn1Error when an anchor is not a certificate, DevelopmentAnchorError when it is one for development and must not be. */
export function createTrustStore(options: TrustStoreOptions): TrustStore {
  const plain = (options.anchors ?? []).map((der) => anchorFor(readCertificate(der)));
  const anchors = [...plain, ...(options.services ?? [])];
  if (options.refuse_development) refuseDevelopment(anchors);
  const limit = options.cache_limit ?? 5_000;
  return {
    anchors,
    anchors_by_subject: Map.groupBy(anchors, (anchor) => anchor.certificate.subject),
    intermediates: (options.intermediates ?? []).map(readCertificate),
    certificates: createRecentMap(limit),
    verified_links: createRecentMap(4 * limit),
  };
}

/** A certificate for development stands among the anchors of a platform in production. */
export class DevelopmentAnchorError extends Error {
  readonly code = 'development_anchor';
  constructor(sha256: string) {
    super(
      `The certificate ${sha256} was made for development: anybody may hold its key. It is not trusted in production; ` +
        'take it out of the trust list or folder.',
    );
    this.name = 'DevelopmentAnchorError';
  }
}

function refuseDevelopment(anchors: readonly TrustAnchor[]): void {
  const found = anchors.find(({ certificate }) => isForDevelopment(certificate));
  if (found) throw new DevelopmentAnchorError(found.certificate.sha256);
}

/** Whether `createCertificateAuthority` or `issueCertificate` made it: both mark what they make. */
export function isForDevelopment({ extensions }: Certificate): boolean {
  return extensions.policies.includes(oids.development_certificates);
}

/** Whether the configuration trusted it at that time. */
export function isGranted({ granted_from, granted_until }: TrustAnchor, at: Date): boolean {
  return (!granted_from || granted_from <= at) && (!granted_until || at < granted_until);
}

function anchorFor(certificate: Certificate): TrustAnchor {
  return { certificate, services: ['certificates', 'time_stamps', 'ocsp'] };
}

/** Reads a certificate, or remembers having read the same bytes. Throws Asn1Error. */
export function rememberCertificate(trust: TrustStore, der: Uint8Array): Certificate {
  const key = sha256Hex(der);
  const known = trust.certificates.get(key);
  if (known) return known;
  // A copy, so that a remembered certificate does not keep its whole container in memory.
  const certificate = readCertificate(Uint8Array.from(der));
  trust.certificates.set(key, certificate);
  return certificate;
}

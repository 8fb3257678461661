import { oids } from '../asn1/oids.ts';
import { nullValue } from '../asn1/writer.ts';
import { readCertificate } from '../x509/certificate.ts';
import { key_usage } from '../x509/extensions.ts';
import {
  authorityExtension,
  authorityKeyExtension,
  crlAddressExtension,
  directoryAttributesExtension,
  extension,
  keyIdentifierExtension,
  keyUsageExtension,
  type NameParts,
  ocspAddressExtension,
  purposesExtension,
  sealExtension,
  writeCertificate,
  writeName,
} from './certificate-writer.ts';
import { type CertificateFiles, certificateFiles } from './key-file.ts';
import { generateSigningKey, type KeyAlgorithm, readSigningKey } from './signing-keys.ts';

export type AuthorityPlan = {
  name: string;
  algorithm?: KeyAlgorithm;
  /** The authority that certifies this one; self-signed when absent. */
  parent?: CertificateAuthority;
  path_length?: number;
  not_before?: Date;
  not_after?: Date;
  /** Written into the certificates it issues. */
  ocsp_address?: string;
  crl_address?: string;
};

/** A certification authority for development and tests: never for production (the platform refuses its anchors there). */
export type CertificateAuthority = CertificateFiles & { ocsp_address?: string; crl_address?: string };

/** What a certificate is for: a person's signature, an organisation's seal, key agreement, or a service of the authority. */
export type CertificateUse = 'signature' | 'stamp' | 'encryption' | 'time_stamps' | 'ocsp';

export type CertificateRequest = {
  common_name: string;
  surname?: string;
  given_name?: string;
  /** Tax number (or passport number) of the person. */
  drfo?: string;
  /** Number of the organisation in the state register. */
  edrpou?: string;
  organization_name?: string;
  organizational_unit_name?: string;
  title?: string;
  country_name?: string;
  locality_name?: string;
  usage?: CertificateUse;
  /** Where the identifiers go: Ukrainian attributes and the semantic identifiers of EN 319 412-1, or one of them. */
  identifiers?: 'both' | 'directory_attributes' | 'semantic';
  algorithm?: KeyAlgorithm;
  not_before?: Date;
  not_after?: Date;
  serial?: Uint8Array;
};

const day_ms = 86_400_000;

export function createCertificateAuthority(plan: AuthorityPlan): CertificateAuthority {
  const key = generateSigningKey(plan.algorithm);
  const subject = writeName([
    [oids.country_name, 'UA'],
    [oids.organization_name, plan.name],
    [oids.common_name, plan.name],
  ]);
  const parent_key = plan.parent ? readSigningKey(plan.parent.private_key) : key;
  const extensions = [
    authorityExtension(plan.path_length),
    keyUsageExtension(key_usage.key_cert_sign | key_usage.crl_sign),
    keyIdentifierExtension(key.public_key),
    authorityKeyExtension(parent_key.public_key),
    ...addressExtensions(plan.parent ?? {}),
  ];
  const issuer = plan.parent ? subjectOf(plan.parent.certificate) : subject;
  const certificate = writeCertificate(
    { issuer, subject, ...validity(plan, 3650), extensions },
    key.public_key,
    parent_key,
  );
  const chain = plan.parent ? [plan.parent.certificate, ...plan.parent.chain] : [];
  const { ocsp_address, crl_address } = plan;
  return {
    ...certificateFiles(certificate, key.private_key, chain),
    ...(ocsp_address ? { ocsp_address } : {}),
    ...(crl_address ? { crl_address } : {}),
  };
}

/** A fresh key pair and its certificate under this authority. */
export function issueCertificate(authority: CertificateAuthority, request: CertificateRequest): CertificateFiles {
  const key = generateSigningKey(request.algorithm);
  const authority_key = readSigningKey(authority.private_key);
  const certificate = writeCertificate(
    {
      issuer: subjectOf(authority.certificate),
      subject: writeName(subjectParts(request)),
      ...validity(request, 730),
      ...(request.serial ? { serial: request.serial } : {}),
      extensions: [
        ...useExtensions(request.usage ?? 'signature'),
        ...identifierExtensions(request),
        keyIdentifierExtension(key.public_key),
        authorityKeyExtension(authority_key.public_key),
        ...addressExtensions(authority),
      ],
    },
    key.public_key,
    authority_key,
  );
  return certificateFiles(certificate, key.private_key, [authority.certificate, ...authority.chain]);
}

/** DER of a certificate's subject. */
export function subjectOf(certificate: Uint8Array): Uint8Array {
  return Buffer.from(readCertificate(certificate).subject, 'hex');
}

function subjectParts(request: CertificateRequest): NameParts {
  const semantic = request.identifiers !== 'directory_attributes';
  return [
    [oids.country_name, request.country_name ?? 'UA'],
    [oids.locality_name, request.locality_name],
    [oids.organization_name, request.organization_name],
    [oids.organizational_unit_name, request.organizational_unit_name],
    [oids.title, request.title],
    [oids.surname, request.surname],
    [oids.given_name, request.given_name],
    [oids.serial_number, semantic && request.drfo ? `TINUA-${request.drfo}` : undefined],
    [oids.organization_identifier, semantic && request.edrpou ? `NTRUA-${request.edrpou}` : undefined],
    [oids.common_name, request.common_name],
  ];
}

function identifierExtensions(request: CertificateRequest): Uint8Array[] {
  if (request.identifiers === 'semantic') return [];
  return directoryAttributesExtension([
    [oids.ua_drfo, request.drfo],
    [oids.ua_edrpou, request.edrpou],
  ]);
}

function useExtensions(use: CertificateUse): Uint8Array[] {
  const signing = key_usage.digital_signature | key_usage.non_repudiation;
  switch (use) {
    case 'signature':
      return [keyUsageExtension(signing)];
    case 'stamp':
      return [keyUsageExtension(signing), purposesExtension([oids.ua_purpose_seal]), sealExtension()];
    case 'encryption':
      return [keyUsageExtension(key_usage.key_agreement)];
    case 'time_stamps':
      return [keyUsageExtension(signing), purposesExtension([oids.purpose_time_stamping], true)];
    case 'ocsp':
      return [
        keyUsageExtension(key_usage.digital_signature),
        purposesExtension([oids.purpose_ocsp_signing]),
        extension(oids.ocsp_no_check, nullValue()),
      ];
  }
}

function addressExtensions({
  ocsp_address,
  crl_address,
}: {
  ocsp_address?: string;
  crl_address?: string;
}): Uint8Array[] {
  return [
    ...(ocsp_address ? [ocspAddressExtension(ocsp_address)] : []),
    ...(crl_address ? [crlAddressExtension(crl_address)] : []),
  ];
}

function validity(plan: { not_before?: Date; not_after?: Date }, days: number) {
  const not_before = plan.not_before ?? new Date(Date.now() - day_ms);
  return { not_before, not_after: plan.not_after ?? new Date(not_before.getTime() + days * day_ms) };
}

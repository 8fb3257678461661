import { oids } from '../asn1/oids.ts';
import { context, contextPrimitive, integer, octetString, oid, sequence, setOf, time } from '../asn1/writer.ts';
import { digest } from '../crypto/digests.ts';
import type { CertificateFiles } from '../development/key-file.ts';
import { readSigningKey } from '../development/signing-keys.ts';
import { readCertificate } from '../x509/certificate.ts';

/** A container with any part other than it should be. For tests of refusals only. */
export type Forgery = {
  signer: CertificateFiles;
  content: Uint8Array;
  /** Replaces the signed attributes; null leaves them out and signs the content itself. */
  attributes?: Uint8Array[] | null;
  /** Attributes written in another order than the signed one. */
  reversed?: boolean;
  certificates?: Uint8Array[];
  identifier?: Uint8Array;
  digest_algorithm?: string;
  content_type?: string;
  signers?: number;
};

export function forge(plan: Forgery): Uint8Array {
  const key = readSigningKey(plan.signer.private_key);
  const attributes = plan.attributes === undefined ? attributesFor(plan) : plan.attributes;
  const signed = attributes && setOf(attributes);
  const written = attributes && (plan.reversed ? context(0, ...attributes.toReversed()) : setOf(attributes, 0xa0));
  const digest_algorithm = sequence(oid(plan.digest_algorithm ?? key.digest));
  const info = sequence(
    integer(plan.identifier?.[0] === 0x80 ? 3 : 1),
    plan.identifier ?? issuerAndSerial(plan.signer.certificate),
    digest_algorithm,
    ...(written ? [written] : []),
    key.signature_algorithm,
    octetString(key.sign(signed ?? plan.content)),
  );
  const type = plan.content_type ?? oids.data;
  return sequence(
    oid(oids.signed_data),
    context(
      0,
      sequence(
        integer(1),
        setOf([digest_algorithm]),
        sequence(oid(type), context(0, octetString(plan.content))),
        context(0, ...(plan.certificates ?? [plan.signer.certificate])),
        setOf(Array.from({ length: plan.signers ?? 1 }, () => info)),
      ),
    ),
  );
}

export function attributesFor({ signer, content, content_type }: Forgery): Uint8Array[] {
  return [
    attribute(oids.content_type, oid(content_type ?? oids.data)),
    attribute(oids.signing_time, time(new Date())),
    attribute(oids.message_digest, octetString(digest(readSigningKey(signer.private_key).digest, content)!)),
    reference(signer.certificate),
  ];
}

export function attribute(type: string, ...values: Uint8Array[]): Uint8Array {
  return sequence(oid(type), setOf(values));
}

/** signing-certificate-v2 for a certificate. */
export function reference(certificate: Uint8Array): Uint8Array {
  return attribute(
    oids.signing_certificate_v2,
    sequence(sequence(sequence(octetString(digest(oids.sha256, certificate)!)))),
  );
}

export function issuerAndSerial(certificate: Uint8Array): Uint8Array {
  const { issuer, serial } = readCertificate(certificate);
  return sequence(Buffer.from(issuer, 'hex'), integer(Buffer.from(serial, 'hex')));
}

export function keyIdentifier(certificate: Uint8Array): Uint8Array {
  return contextPrimitive(0, readCertificate(certificate).extensions.subject_key_identifier!);
}

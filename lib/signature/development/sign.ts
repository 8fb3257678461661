import { oids } from '../asn1/oids.ts';
import { type SignerParts, writeSignedAttributes, writeSignedData } from '../cms/write-signed-data.ts';
import { digest } from '../crypto/digests.ts';
import type { CertificateFiles } from './key-file.ts';
import { readSigningKey } from './signing-keys.ts';

export type Signatory = Pick<CertificateFiles, 'certificate' | 'private_key'> & { chain?: Uint8Array[] };

export type SignOptions = {
  /** Claimed time; now when absent. */
  signing_time?: Date;
  /** Leave the content out of the container. */
  detached?: boolean;
  /** Object identifier of the content's type; plain data when absent. */
  content_type?: string;
};

/** Signs content: an attached CAdES B-B container (ETSI EN 319 122-1), DER. */
export function sign(content: Uint8Array, signatory: Signatory, options: SignOptions = {}): Uint8Array {
  return signTogether(content, [signatory], options);
}

/** Several signatures side by side in one envelope. To nest, sign a container. */
export function signTogether(content: Uint8Array, signatories: Signatory[], options: SignOptions = {}): Uint8Array {
  return writeSignedData({
    content_type: options.content_type ?? oids.data,
    content: options.detached ? undefined : content,
    certificates: signatories.flatMap(({ certificate, chain }) => [certificate, ...(chain ?? [])]),
    signers: signatories.map((signatory) => signAs(content, signatory, options)),
  });
}

function signAs(content: Uint8Array, { certificate, private_key }: Signatory, options: SignOptions): SignerParts {
  const key = readSigningKey(private_key);
  const attributes = writeSignedAttributes({
    content_type: options.content_type ?? oids.data,
    signing_time: options.signing_time ?? new Date(),
    digest: key.digest,
    content_digest: digest(key.digest, content)!,
    certificate_digest: digest(key.digest, certificate)!,
  });
  const { signature_algorithm } = key;
  return { certificate, digest: key.digest, attributes, signature_algorithm, signature: key.sign(attributes) };
}

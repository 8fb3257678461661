/** A certificate with its private key and the authorities above it. */
export type CertificateFiles = {
  /** DER. */
  certificate: Uint8Array;
  certificate_pem: string;
  /** PKCS#8 in PEM. */
  private_key: string;
  /** Authorities from the issuer upwards, DER. */
  chain: Uint8Array[];
};

export function certificateFiles(certificate: Uint8Array, private_key: string, chain: Uint8Array[]): CertificateFiles {
  return { certificate, certificate_pem: toPem('CERTIFICATE', certificate), private_key, chain };
}

/** One PEM text with key, certificate and chain, in this order: what `zdravo-sign --key` reads. */
export function toKeyFile(files: CertificateFiles): string {
  return [
    files.private_key.trim(),
    files.certificate_pem.trim(),
    ...files.chain.map((der) => toPem('CERTIFICATE', der).trim()),
    '',
  ].join('\n');
}

/**
 * Reads a key file: PEM (key, certificate, chain), or JSON `{private_key, certificate, chain}` of PEM texts.
 * Throws an Error that says what is missing.
 */
export function readKeyFile(text: string): CertificateFiles {
  const pem = text.trimStart().startsWith('{') ? joinJson(JSON.parse(text)) : text;
  const private_key = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(pem)?.[0];
  if (!private_key) throw new Error('The key file holds no PKCS#8 private key (BEGIN PRIVATE KEY)');
  const [certificate, ...chain] = certificatesIn(pem);
  if (!certificate) throw new Error('The key file holds no certificate (BEGIN CERTIFICATE)');
  return certificateFiles(certificate, `${private_key}\n`, chain);
}

function joinJson(value: unknown): string {
  const { private_key, certificate, certificate_pem, chain } = value as Record<string, unknown>;
  return [private_key, certificate_pem ?? certificate, ...(Array.isArray(chain) ? chain : [])]
    .filter((part) => typeof part === 'string')
    .join('\n');
}

/** All certificates of a PEM text, DER, in their order. */
export function certificatesIn(pem: string): Uint8Array[] {
  const blocks = pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g);
  return [...blocks].map((block) => new Uint8Array(Buffer.from(block[1]!, 'base64')));
}

export function toPem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { certificatesIn } from '../development/key-file.ts';
import { readCertificate } from '../x509/certificate.ts';

const extensions = new Set(['.cer', '.crt', '.der', '.pem']);

/** All certificates of a folder (.cer, .crt, .der, .pem; DER or PEM), as DER. Throws an Error that names the file that cannot be read. */
export function readTrustFolder(folder: string): Uint8Array[] {
  const files = readdirSync(folder).filter((file) => extensions.has(extname(file).toLowerCase()));
  return files.toSorted().flatMap((file) => {
    const certificates = certificatesOf(readFileSync(join(folder, file)));
    for (const der of certificates) describe(file, der);
    return certificates;
  });
}

function certificatesOf(bytes: Uint8Array): Uint8Array[] {
  const is_pem = bytes[0] !== 0x30;
  return is_pem ? certificatesIn(Buffer.from(bytes).toString('latin1')) : [new Uint8Array(bytes)];
}

function describe(file: string, der: Uint8Array): void {
  try {
    readCertificate(der);
  } catch (error) {
    throw new Error(`${file} is not a certificate`, { cause: error });
  }
}

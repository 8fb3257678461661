import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createSecretFile } from '@zdravo/kit/keys';
import {
  type CertificateAuthority,
  type CertificateFiles,
  type CertificateRequest,
  createCertificateAuthority,
  describeCertificate,
  issueCertificate,
  issueCrl,
  readKeyFile,
  toKeyFile,
} from '@zdravo/signature';

/** An authority of this machine, for development: made on the first start and kept. */
export type DevelopmentAuthority = {
  /** DER; marked as one for development, so that a platform in production refuses it. */
  certificate: Uint8Array;
  certificate_pem: string;
  /** A key and its certificate under a name of its own, made once and kept. @returns them and the path of their file. */
  issueSigner(file_name: string, request: CertificateRequest): Promise<{ path: string; files: CertificateFiles }>;
  /** Revokes a certificate (DER) from `at` on; again changes nothing. @returns since when. @throws Error when another issued it. */
  revoke(certificate: Uint8Array, at?: Date): Promise<Date>;
  /** Serial number (hex) → since when. Read anew each time: `npm run revoke` writes beside the running platform. */
  listRevocations(): Promise<Map<string, Date>>;
  /** The list of revoked certificates, DER, of this moment. */
  issueList(this_update: Date): Promise<Uint8Array>;
};

/**
 * The certificate authority of this machine, made on the first start and kept in `directory`.
 * @param services Address below which its OCSP responder and list answer; written into what it issues.
 */
export async function openDevelopmentAuthority(directory: string, services: string): Promise<DevelopmentAuthority> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const made = await kept(join(directory, 'authority.pem'), () =>
    createCertificateAuthority({
      name: 'Zdravo development authority',
      not_before: yearsAgo(5),
      not_after: yearsAgo(-10),
    }),
  );
  const authority: CertificateAuthority = { ...made, ...addressesBelow(services) };
  const list_path = join(directory, 'revoked.json');
  return {
    certificate: authority.certificate,
    certificate_pem: authority.certificate_pem,
    issueSigner: async (file_name, request) => {
      const path = join(directory, `${file_name}.pem`);
      return { path, files: await kept(path, () => issueCertificate(authority, request)) };
    },
    revoke: async (certificate, at = new Date()) => revoke(list_path, serialOf(certificate, authority), at),
    listRevocations: () => readRevocations(list_path),
    issueList: async (this_update) => issueCrl(authority, await readRevocations(list_path), { this_update }),
  };
}

/** Where the authority's responder and list are, below the address of its services. */
export function addressesBelow(services: string): { ocsp_address: string; crl_address: string } {
  return { ocsp_address: `${services}/ocsp`, crl_address: `${services}/revoked.crl` };
}

/** Before any signature of the generated country. */
export function yearsAgo(years: number): Date {
  return new Date(Date.now() - years * 365 * 86_400_000);
}

async function kept(path: string, make: () => CertificateFiles): Promise<CertificateFiles> {
  await createSecretFile(path, () => toKeyFile(make()));
  return readKeyFile(await readFile(path, 'utf8'));
}

function serialOf(certificate: Uint8Array, authority: CertificateFiles): string {
  const { serial, issuer } = describeCertificate(certificate);
  if (issuer === describeCertificate(authority.certificate).subject) return serial;
  throw new Error('The certificate is not of the development authority of this machine.');
}

async function revoke(path: string, serial: string, at: Date): Promise<Date> {
  const revocations = await readRevocations(path);
  const known = revocations.get(serial);
  if (known && known <= at) return known;
  revocations.set(serial, at);
  const text = JSON.stringify(Object.fromEntries([...revocations].map(([key, time]) => [key, time.toISOString()])));
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await rename(`${path}.new`, path);
  return at;
}

async function readRevocations(path: string): Promise<Map<string, Date>> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  return new Map(Object.entries(JSON.parse(text) as Record<string, string>).map(([key, at]) => [key, new Date(at)]));
}

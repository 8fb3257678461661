import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type CertificateAuthority,
  type CertificateFiles,
  type CertificateRequest,
  createCertificateAuthority,
  issueCertificate,
  readKeyFile,
  toKeyFile,
} from '@zdravo/signature';

/** An authority of this machine, for development: made on the first start and kept. */
export type DevelopmentAuthority = {
  /** DER; the only anchor that `npm start` trusts. */
  certificate: Uint8Array;
  /** A key and its certificate under a name of its own, made once and kept. @returns them and the path of their file. */
  issueSigner(file_name: string, request: CertificateRequest): Promise<{ path: string; files: CertificateFiles }>;
};

/** The certificate authority of this machine, made on the first start and kept in `directory`. */
export async function openDevelopmentAuthority(directory: string): Promise<DevelopmentAuthority> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const authority: CertificateAuthority = await kept(join(directory, 'authority.pem'), () =>
    createCertificateAuthority({
      name: 'Zdravo development authority',
      not_before: yearsAgo(5),
      not_after: yearsAgo(-10),
    }),
  );
  return {
    certificate: authority.certificate,
    issueSigner: async (file_name, request) => {
      const path = join(directory, `${file_name}.pem`);
      return { path, files: await kept(path, () => issueCertificate(authority, request)) };
    },
  };
}

/** Before any signature of the generated country. */
export function yearsAgo(years: number): Date {
  return new Date(Date.now() - years * 365 * 86_400_000);
}

async function kept(path: string, make: () => CertificateFiles): Promise<CertificateFiles> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text !== undefined) return readKeyFile(text);
  const made = make();
  await writeFile(path, toKeyFile(made), { mode: 0o600, flag: 'wx' });
  return made;
}

import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { certificatesIn, describeCertificate } from '@zdravo/signature';
import { readSettings } from './settings.ts';
import { openAuthority } from './signatures.ts';

// `npm run revoke -- FILE.pem`: revokes a certificate of this machine's development authority, as its owner would who lost the
// key. A running platform refuses it within seconds.

const usage = 'usage: npm run revoke -- FILE.pem (a key file or a certificate of the development authority)';
const [file] = parseArgs({ allowPositionals: true }).positionals;
try {
  if (!file) throw new Error(usage);
  // npm runs the command in the project; the file is named from where the user stands.
  const path = resolve(process.env['INIT_CWD'] ?? '.', file);
  const [certificate] = certificatesIn(await readFile(path, 'utf8'));
  if (!certificate) throw new Error(`${file} holds no certificate (BEGIN CERTIFICATE)`);
  const authority = await openAuthority(readSettings());
  const since = await authority.revoke(certificate);
  console.log(`Certificate ${describeCertificate(certificate).serial} is revoked since ${since.toISOString()}.`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

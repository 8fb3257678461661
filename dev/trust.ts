import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createTrustStore,
  isForDevelopment,
  openTrustList,
  readTrustFolder,
  readTrustList,
  type TrustAnchor,
} from '@zdravo/signature';

// `npm run trust -- FILE|FOLDER`: what a national trust list or a folder of certificates would be trusted for, before it is
// configured. Exit code: 0 it can be used, 1 it cannot.

const usage =
  'usage: npm run trust -- FILE.xml [--signers FOLDER] | FOLDER (a trust list of ETSI TS 119 612 and the certificates that may ' +
  'sign it, or trusted certificates)';
try {
  const { positionals, values } = parseArgs({ allowPositionals: true, options: { signers: { type: 'string' } } });
  const [given] = positionals;
  if (!given) throw new Error(usage);
  const path = fromWhereTheUserStands(given);
  const signers = values.signers === undefined ? undefined : readTrustFolder(fromWhereTheUserStands(values.signers));
  process.exitCode = statSync(path).isDirectory() ? describeFolder(path) : describeList(path, signers);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

/** npm runs the command in the project. */
function fromWhereTheUserStands(path: string): string {
  return resolve(process.env['INIT_CWD'] ?? '.', path);
}

function describeFolder(path: string): number {
  const { anchors } = createTrustStore({ anchors: readTrustFolder(path) });
  return describe(anchors, 'certificates in the folder');
}

function describeList(path: string, signers: Uint8Array[] | undefined): number {
  const document = readFileSync(path);
  const { anchors, skipped, next_update, sequence_number, issued_at, scheme_operator, sha256 } =
    readTrustList(document);
  const until = next_update ? `, next update ${next_update.toISOString()}` : '';
  console.log(`${scheme_operator}, list ${sequence_number} of ${issued_at.toISOString()}${until}`);
  console.log(`SHA-256 ${sha256}`);
  const outcome = describe(anchors, 'services with their periods');
  for (const { service, reason } of skipped) console.log(`  left out: ${service}: ${reason}`);
  openTrustList(document, signers ? { signers } : { sha256 }, new Date());
  console.log(
    signers
      ? 'Signed by one of the certificates given.'
      : 'The signature was not checked: give the certificates by --signers, or compare the SHA-256 with the published one and pin it.',
  );
  return outcome;
}

function describe(anchors: readonly TrustAnchor[], what: string): number {
  console.log(`${anchors.length} ${what}`);
  for (const { certificate, services, granted_from, granted_until } of anchors) {
    const name = certificate.subject_name.get('2.5.4.3')?.[0] ?? '(no name)';
    const from = granted_from?.toISOString().slice(0, 10) ?? '';
    const until = granted_until?.toISOString().slice(0, 10) ?? '';
    const mark = isForDevelopment(certificate) ? ' FOR DEVELOPMENT, refused in production' : '';
    console.log(`  ${certificate.sha256.slice(0, 16)} ${services.join(', ')} ${from}–${until} ${name}${mark}`);
  }
  return anchors.length > 0 ? 0 : 1;
}

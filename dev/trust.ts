import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createTrustStore,
  isForDevelopment,
  readTrustFolder,
  readTrustList,
  type TrustAnchor,
} from '@zdravo/signature';

// `npm run trust -- FILE|FOLDER`: what a national trust list or a folder of certificates would be trusted for, before it is
// configured. Exit code: 0 it can be used, 1 it cannot.

const usage = 'usage: npm run trust -- FILE.xml|FOLDER (a trust list of ETSI TS 119 612, or certificates)';
const [given] = parseArgs({ allowPositionals: true }).positionals;
try {
  if (!given) throw new Error(usage);
  // npm runs the command in the project; the file is named from where the user stands.
  const path = resolve(process.env['INIT_CWD'] ?? '.', given);
  process.exitCode = statSync(path).isDirectory() ? describeFolder(path) : describeList(path);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}

function describeFolder(path: string): number {
  const { anchors } = createTrustStore({ anchors: readTrustFolder(path) });
  return describe(anchors, 'certificates in the folder');
}

function describeList(path: string): number {
  const { anchors, skipped, next_update, sequence_number, issued_at, scheme_operator } = readTrustList(
    readFileSync(path),
  );
  const until = next_update ? `, next update ${next_update.toISOString()}` : '';
  console.log(`${scheme_operator}, list ${sequence_number} of ${issued_at.toISOString()}${until}`);
  if (next_update && next_update < new Date())
    console.log('The list is older than its next update: fetch the current one.');
  const outcome = describe(anchors, 'services with their periods');
  for (const { service, reason } of skipped) console.log(`  left out: ${service}: ${reason}`);
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

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createCertificateAuthority, issueCertificate, toKeyFile } from '../index.ts';

// The package as it is installed from its tarball in an empty folder, offline: the command, and the example of its README.

const authority = createCertificateAuthority({ name: 'Authority', algorithm: 'dstu-257' });
const doctor = issueCertificate(authority, { common_name: 'Doctor', drfo: '0012345678', algorithm: 'dstu-257' });
let folder: string;

/** With this Node and no workspace in sight. */
const run = (command: string, ...given: string[]) =>
  promisify(execFile)(command, given, {
    cwd: folder,
    env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}`, npm_config_offline: 'true' },
  });

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'zdravo-packed-'));
  const program = join(import.meta.dirname, '../../../dev/pack.ts');
  const { stdout } = await promisify(execFile)(process.execPath, [program, 'signature', folder]);
  writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  await run('npm', 'install', '--no-audit', '--no-fund', stdout.trim());
  const installed = readdirSync(join(folder, 'node_modules', '@zdravo', 'signature'), { recursive: true }).join('\n');
  assert.doesNotMatch(installed, /\.test\.|^testing|\.ts$/m);
  writeFileSync(join(folder, 'key.pem'), toKeyFile(doctor));
  writeFileSync(join(folder, 'document.json'), '{"declaration":1}');
  mkdirSync(join(folder, 'trusted'));
  writeFileSync(join(folder, 'trusted', 'authority.cer'), authority.certificate);
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('npx zdravo-sign signs, and the example of the README verifies it and refuses another', async () => {
  const { stderr } = await run('npx', 'zdravo-sign', 'document.json', '--key', 'key.pem');
  assert.equal(stderr, '');
  const page = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  writeFileSync(join(folder, 'verify.mts'), /```ts\n([\s\S]+?)```/.exec(page)![1]!);
  const verify = (file: string) => run('node', 'verify.mts', file, 'trusted');
  assert.deepEqual(await verify('document.json.p7s'), { stdout: 'TOTAL_PASSED  0012345678\n', stderr: '' });
  const container = readFileSync(join(folder, 'document.json.p7s'));
  container[container.indexOf('declaration')]! ^= 1;
  writeFileSync(join(folder, 'altered.p7s'), container);
  await assert.rejects(verify('altered.p7s'), { code: 1, stdout: 'TOTAL_FAILED HASH_FAILURE 0012345678\n' });
});

test('npx zdravo-sign says what it needs', async () => {
  const { stdout } = await run('npx', 'zdravo-sign', '--help');
  assert.match(stdout, /^zdravo-sign FILE --key KEYFILE/);
  await assert.rejects(run('npx', 'zdravo-sign', 'document.json'), { code: 2 });
  await assert.rejects(run('npx', 'zdravo-sign', 'document.json', '--key', 'no-such.pem'), {
    code: 1,
    stderr: /^zdravo-sign: .*no-such\.pem/,
  });
});

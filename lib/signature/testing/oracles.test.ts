import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import * as pkijs from 'pkijs';
import { oids } from '../asn1/oids.ts';
import { answerOcspRequest, issueCrl } from '../development/revocation-authority.ts';
import { answerTimeStampRequest } from '../development/time-stamp-authority.ts';
import {
  createCertificateAuthority,
  createTrustStore,
  issueCertificate,
  type KeyAlgorithm,
  one_signature,
  sign,
  toKeyFile,
  verify,
} from '../index.ts';
import { createOcspRequest } from '../revocation/ocsp-request.ts';
import { createTimeStampRequest } from '../time-stamps/exchange.ts';

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not on this machine';
const folder = mkdtempSync(join(tmpdir(), 'oracle-'));
after(() => rmSync(folder, { recursive: true }));
const at = new Date();
const content = new TextEncoder().encode('{"declaration":"ї"}\n');
const file = (name: string, bytes?: Uint8Array | string): string => {
  const path = join(folder, name);
  if (bytes !== undefined) writeFileSync(path, bytes);
  return path;
};
const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

function scene(algorithm: KeyAlgorithm) {
  const authority = createCertificateAuthority({ name: 'Authority', algorithm });
  const signer = issueCertificate(authority, { common_name: 'Лікар', drfo: '1234567890', algorithm });
  file('ca.pem', authority.certificate_pem);
  file('signer.pem', signer.certificate_pem);
  file('key.pem', signer.private_key);
  file('content', content);
  return { authority, signer, trust: createTrustStore({ anchors: [authority.certificate] }) };
}

const common: KeyAlgorithm[] = ['ecdsa-p256', 'ecdsa-p384', 'rsa-2048'];
for (const algorithm of common) {
  test(`${algorithm}: openssl accepts our containers, and we accept its own, whole and streamed`, {
    skip,
  }, async () => {
    const { signer, trust } = scene(algorithm);
    file('ours.p7s', sign(content, signer));
    const read = openssl(
      'cms',
      '-verify',
      '-cades',
      '-binary',
      '-inform',
      'DER',
      '-in',
      file('ours.p7s'),
      '-CAfile',
      file('ca.pem'),
      '-purpose',
      'any',
    );
    assert.deepEqual(read, Buffer.from(content));
    for (const more of [[], ['-stream'], ['-keyid'], ['-md', algorithm === 'ecdsa-p384' ? 'sha384' : 'sha512']]) {
      signByOpenssl('theirs.p7s', '-cades', ...more);
      const result = await verify(readFileSync(file('theirs.p7s')), one_signature, trust, { at });
      assert.equal(result.indication, 'TOTAL_PASSED', `${more}: ${result.validation_error_message}`);
      assert.equal(result.signatures[0]?.signer.drfo, '1234567890');
    }
    signByOpenssl('plain.p7s');
    const plain = await verify(readFileSync(file('plain.p7s')), one_signature, trust, { at });
    assert.equal(plain.sub_indication, 'SIG_CONSTRAINTS_FAILURE', 'plain CMS without signing-certificate is not CAdES');
  });
}

test('RSA-PSS by openssl', { skip }, async () => {
  const { trust } = scene('rsa-2048');
  signByOpenssl('pss.p7s', '-cades', '-keyopt', 'rsa_padding_mode:pss');
  const result = await verify(readFileSync(file('pss.p7s')), one_signature, trust, { at });
  assert.equal(result.indication, 'TOTAL_PASSED', result.validation_error_message);
});

test('openssl believes our time-stamps, OCSP answers and lists', { skip }, () => {
  const { authority, signer } = scene('ecdsa-p256');
  const unit = issueCertificate(authority, { common_name: 'TSA', usage: 'time_stamps' });
  const stamp = createTimeStampRequest(content, oids.sha256);
  file('stamp.tsr', answerTimeStampRequest(stamp.der, unit, new Date()));
  file('stamp.tsq', stamp.der);
  assert.match(
    openssl(
      'ts',
      '-verify',
      '-in',
      file('stamp.tsr'),
      '-queryfile',
      file('stamp.tsq'),
      '-CAfile',
      file('ca.pem'),
    ).toString(),
    /OK/,
  );
  const responder = issueCertificate(authority, { common_name: 'OCSP', usage: 'ocsp' });
  const request = createOcspRequest(signer.certificate, authority.certificate);
  file(
    'status.ors',
    answerOcspRequest(request.der, { responder, statusOf: () => 'good', times: { this_update: new Date() } }),
  );
  const status = spawnSync(
    'openssl',
    [
      'ocsp',
      '-respin',
      file('status.ors'),
      '-issuer',
      file('ca.pem'),
      '-cert',
      file('signer.pem'),
      '-CAfile',
      file('ca.pem'),
      '-no_nonce',
    ],
    { encoding: 'utf8' },
  );
  assert.match(status.stderr + status.stdout, /Response verify OK[\s\S]*signer\.pem: good/);
  file('list.crl', issueCrl(authority, new Map([['05', at]]), { this_update: at }));
  const list = spawnSync(
    'openssl',
    ['crl', '-inform', 'DER', '-in', file('list.crl'), '-CAfile', file('ca.pem'), '-noout'],
    { encoding: 'utf8' },
  );
  assert.match(list.stderr + list.stdout, /verify OK/);
});

test('PKI.js agrees about good and tampered containers', async () => {
  for (const algorithm of common) {
    const { authority, signer, trust } = scene(algorithm);
    const good = sign(content, signer);
    for (const place of [undefined, Buffer.from(good).indexOf(content) + 3, good.length - 2]) {
      const container = Uint8Array.from(good, (octet, i) => (i === place ? octet ^ 1 : octet));
      const ours = (await verify(container, one_signature, trust, { at })).indication === 'TOTAL_PASSED';
      assert.equal(ours, place === undefined);
      assert.equal(await pkijsPasses(container, authority.certificate), ours);
    }
  }
});

async function pkijsPasses(container: Uint8Array, anchor: Uint8Array): Promise<boolean> {
  const info = pkijs.ContentInfo.fromBER(new Uint8Array(container));
  const signed_data = new pkijs.SignedData({ schema: info.content });
  const trustedCerts = [pkijs.Certificate.fromBER(new Uint8Array(anchor))];
  try {
    return await signed_data.verify({ signer: 0, checkChain: true, trustedCerts, checkDate: at });
  } catch {
    return false;
  }
}

test('zdravo-sign signs a file with a key file, PEM or JSON, and says what is wrong', async () => {
  const { signer, trust } = scene('ecdsa-p256');
  const command = new URL('../zdravo-sign.mjs', import.meta.url).pathname;
  const run = (...args: string[]) => spawnSync(process.execPath, [command, ...args], { encoding: 'utf8' });
  const { private_key, certificate_pem: certificate } = signer;
  for (const key of [
    file('doctor.pem', toKeyFile(signer)),
    file('doctor.json', JSON.stringify({ private_key, certificate })),
  ]) {
    assert.equal(run(file('content'), '--key', key).status, 0);
    const result = await verify(readFileSync(file('content.p7s')), one_signature, trust, { at: new Date() });
    assert.equal(result.indication, 'TOTAL_PASSED', result.validation_error_message);
    const printed = Buffer.from(run(file('content'), '--key', key, '--out', '-').stdout, 'base64');
    assert.equal((await verify(printed, one_signature, trust, { at: new Date() })).indication, 'TOTAL_PASSED');
  }
  assert.equal(run(file('content')).status, 2);
  assert.match(run(file('content'), '--key', file('content')).stderr, /no PKCS#8 private key/);
  assert.match(run(file('absent'), '--key', file('doctor.pem')).stderr, /ENOENT/);
});

/** The scene's content, signed by its signer, into a file. */
function signByOpenssl(out: string, ...more: string[]): void {
  const who = ['-signer', file('signer.pem'), '-inkey', file('key.pem')];
  const how = ['cms', '-sign', '-binary', '-nodetach', '-outform', 'DER'];
  openssl(...how, '-in', file('content'), ...who, '-out', file(out), ...more);
}

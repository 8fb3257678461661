import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createHttpServer, type HttpServer } from '@zdravo/kit/http';
import { createLogger } from '@zdravo/kit/log';
import { freePort } from '@zdravo/kit/testing';
import {
  type CertificateFiles,
  createCertificateAuthority,
  issueCertificate,
  one_signature,
  sign,
  signXml,
  toKeyFile,
} from '@zdravo/signature';
import { readSettings } from './settings.ts';
import { configuredProofs, type Signatures, startSignatures } from './signatures.ts';

const skip = spawnSync('openssl', ['version']).status === 0 ? false : 'openssl is not on this machine';
const log = createLogger({ name: 'signatures-test', level: 'silent' });
const content = Buffer.from('{"declaration":1}');
let directory: string;
let port: number;
let signatures: Signatures;
let server: HttpServer;

const environment = () => ({ ZDRAVO_DATA: directory, ZDRAVO_PORT: String(port) });
const address = () => `http://localhost:${port}/certificates`;
const file = async (name: string, bytes: Uint8Array | string) => {
  const path = join(directory, name);
  await writeFile(path, bytes);
  return path;
};
/** Beside this process, which answers it. Both streams: openssl tells its verdicts on either. */
const openssl = async (...args: string[]) => {
  const { stdout, stderr } = await promisify(execFile)('openssl', args, { timeout: 60_000 });
  return `${stdout}${stderr}`;
};

/** A command of this folder, over the same data. @throws Error with its words when it fails. */
async function run(command: string, ...given: string[]): Promise<string> {
  const env = { ...process.env, ...environment() };
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, command), ...given], {
    env,
  });
  return stdout;
}

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zdravo-signatures-'));
  port = await freePort();
  signatures = await startSignatures(readSettings(environment()), log);
  server = createHttpServer({ log });
  await signatures.mountOn(server);
  await server.listen({ port, host: '127.0.0.1' });
});
after(async () => {
  await server?.close();
  await signatures?.close();
  await rm(directory, { recursive: true, force: true });
});

async function signer(name: string): Promise<{ path: string; files: CertificateFiles }> {
  return signatures.authority.issueSigner(name, { common_name: name, drfo: '1234567890' });
}

async function outcome({ files }: { files: CertificateFiles }, verifier = signatures.verifier): Promise<string> {
  const result = await verifier.verify(sign(content, files), one_signature, { at: new Date() });
  return result.sub_indication ?? result.indication;
}

test('a revoked certificate is refused while signing, and npm run revoke revokes', async () => {
  const revoked = await signer('revoked');
  const good = await signer('good');
  const output = await run('revoke.ts', revoked.path);
  assert.match(output, /is revoked since/);
  assert.equal(await outcome(revoked), 'REVOKED_NO_POE');
  assert.equal(await outcome(good), 'TOTAL_PASSED');
});

test('revoking again keeps the first time; a certificate of another authority is not ours to revoke', async () => {
  const { files } = await signer('again');
  const first = await signatures.authority.revoke(files.certificate, new Date('2026-01-01T00:00:00Z'));
  assert.deepEqual(await signatures.authority.revoke(files.certificate), first);
  const foreign = issueCertificate(createCertificateAuthority({ name: 'Foreign' }), { common_name: 'Foreign' });
  await assert.rejects(signatures.authority.revoke(foreign.certificate), /not of the development authority/);
});

test('when the responder cannot be reached the setting decides', async () => {
  const one = await signer('unreachable');
  const nowhere = { ...environment(), ZDRAVO_PORT: String(await freePort()) };
  for (const [rule, expected] of [
    ['if_available', 'TOTAL_PASSED'],
    ['required', 'TRY_LATER'],
  ] as const) {
    const away = await startSignatures(readSettings({ ...nowhere, ZDRAVO_REVOCATION: rule }), log);
    const fresh = { files: { ...one.files } };
    // The certificate names the address of the first port too, which answers; an older one of this machine may not.
    const outside = await away.authority.issueSigner(`issued-for-${rule}`, { common_name: 'X' });
    assert.equal(await outcome(outside, away.verifier), expected);
    assert.equal(await outcome(fresh, away.verifier), expected, 'a certificate cannot name an address of this machine');
    await away.close();
  }
});

test('openssl reads our OCSP answers: good, revoked, and unknown for a stranger', { skip }, async () => {
  const authority = await file('ca.pem', pem(signatures.authority.certificate));
  const ask = async (certificate: Uint8Array) => {
    const path = await file('asked.pem', pem(certificate));
    return openssl('ocsp', '-issuer', authority, '-cert', path, '-url', `${address()}/ocsp`, '-CAfile', authority);
  };
  const { files } = await signer('asked');
  assert.match(await ask(files.certificate), /asked\.pem: good/);
  await signatures.authority.revoke(files.certificate);
  assert.match(await ask(files.certificate), /asked\.pem: revoked/);
  await openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=Stranger'],
    ...['-keyout', join(directory, 'stranger.key'), '-out', join(directory, 'stranger.pem')],
  );
  const stranger = join(directory, 'stranger.pem');
  const answer = await openssl(
    ...['ocsp', '-issuer', stranger, '-cert', stranger, '-url', `${address()}/ocsp`, '-noverify'],
  );
  assert.match(answer, /stranger\.pem: unknown/);
});

test('openssl reads our list of revoked certificates', { skip }, async () => {
  const { files } = await signer('listed');
  await signatures.authority.revoke(files.certificate);
  const list = Buffer.from(await (await fetch(`${address()}/revoked.crl`)).arrayBuffer());
  const authority = await file('ca.pem', pem(signatures.authority.certificate));
  const crl = await file('revoked.crl', list);
  const certificate = await file('listed.pem', files.certificate_pem);
  const serial = (await openssl('x509', '-in', certificate, '-noout', '-serial')).trim().replace('serial=', '');
  const text = await openssl('crl', '-inform', 'DER', '-in', crl, '-CAfile', authority, '-text');
  assert.match(text, /verify OK/);
  assert.match(text, new RegExp(`Serial Number: ${serial}`));
  const served = Buffer.from(await (await fetch(`${address()}/authority.cer`)).arrayBuffer());
  assert.ok(served.equals(signatures.authority.certificate));
});

test('openssl verifies our time-stamps', { skip }, async () => {
  const data = await file('stamped', content);
  const query = join(directory, 'query.tsq');
  await openssl('ts', '-query', '-data', data, '-sha256', '-cert', '-out', query);
  const response = await fetch(`${address()}/time-stamps`, {
    method: 'POST',
    headers: { 'content-type': 'application/timestamp-query' },
    body: await readFile(query),
  });
  assert.equal(response.headers.get('content-type'), 'application/timestamp-reply');
  const reply = await file('reply.tsr', Buffer.from(await response.arrayBuffer()));
  const authority = await file('ca.pem', pem(signatures.authority.certificate));
  assert.match(
    await openssl('ts', '-verify', '-in', reply, '-queryfile', query, '-CAfile', authority),
    /Verification: OK/,
  );
});

test('a process of its own gets its time-stamps where the settings say, and none without', async () => {
  assert.equal(configuredProofs({}), undefined);
  const proofs = configuredProofs({ ZDRAVO_TIME_STAMPS_URL: `${address()}/time-stamps` })!;
  const token = await proofs.timeStamp(content, '2.16.840.1.101.3.4.2.1', 0);
  assert.ok(token.length > 500);
  const certificate = (await signer('proofs')).files.certificate;
  const need = { certificate, issuer: signatures.authority.certificate, crl_addresses: [] };
  const asked = await proofs.revocation({ ...need, ocsp_addresses: [`${address()}/ocsp`] });
  assert.equal(asked, undefined, 'a certificate cannot name an address of this machine');
});

test('a request that is not one is an answer, never a failure of ours', async () => {
  for (const [path, type] of [
    ['ocsp', 'application/ocsp-request'],
    ['time-stamps', 'application/timestamp-query'],
  ]) {
    const post = (body: Uint8Array<ArrayBuffer> | string, content_type = type!) =>
      fetch(`${address()}/${path}`, { method: 'POST', headers: { 'content-type': content_type }, body });
    assert.equal((await post(new Uint8Array([1, 2, 3]))).status, 200);
    assert.equal((await post(new Uint8Array(70_000))).status, 413);
    assert.equal((await post('{}', 'application/json')).status, 415);
    assert.equal((await fetch(`${address()}/${path}`, { method: 'POST' })).status, 400);
  }
});

test('in production the development authority is refused, wherever it stands', { skip }, async () => {
  const start = (more: Record<string, string>) =>
    startSignatures(readSettings({ ...environment(), NODE_ENV: 'production', ...more }), log);
  await assert.rejects(start({}), /certificates of the development authority are refused: set ZDRAVO_TRUST_LIST/);
  const folder = join(directory, 'trusted');
  await mkdir(folder);
  const accredited = join(folder, 'accredited.pem');
  await openssl(
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=Accredited'],
    ...['-keyout', join(directory, 'accredited.key'), '-out', accredited],
  );
  const production = await start({ ZDRAVO_TRUST_FOLDER: folder });
  assert.equal(await outcome(await signer('developer'), production.verifier), 'NO_CERTIFICATE_CHAIN_FOUND');
  const closed = createHttpServer({ log });
  await production.mountOn(closed);
  assert.equal((await closed.inject({ url: '/certificates/authority.cer' })).statusCode, 404);
  await production.close();
  await writeFile(join(folder, 'development.cer'), signatures.authority.certificate);
  await assert.rejects(start({ ZDRAVO_TRUST_FOLDER: folder }), /was made for development/);
});

test('anchors come from a trust list that its operator signed, or that is pinned; what is no list is refused with its name', async () => {
  const other = await mkdtemp(join(tmpdir(), 'zdravo-listed-'));
  const away = await startSignatures(readSettings({ ...environment(), ZDRAVO_DATA: other }), log);
  const listed = await away.authority.issueSigner('listed', { common_name: 'Listed' });
  const operator = createCertificateAuthority({ name: 'Scheme operator', algorithm: 'dstu-257' });
  const text = trustList(away.authority.certificate);
  const list = await file('list.xml', signXml(Buffer.from(text), operator));
  const signers = join(directory, 'list-signers');
  await mkdir(signers);
  await writeFile(join(signers, 'operator.cer'), operator.certificate);
  const start = (more: Record<string, string>) =>
    startSignatures(readSettings({ ...environment(), ZDRAVO_TRUST_LIST: list, ...more }), log);
  const pinned = await start({ ZDRAVO_TRUST_LIST_SHA256: hash('sha256', await readFile(list)) });
  const own = await start({ ZDRAVO_TRUST_LIST_SIGNERS: signers });
  for (const { verifier } of [own, pinned]) {
    assert.equal(await outcome(listed, verifier), 'TOTAL_PASSED');
    assert.equal(await outcome(await signer('own'), verifier), 'TOTAL_PASSED');
  }
  assert.equal(await outcome(listed), 'NO_CERTIFICATE_CHAIN_FOUND');
  const told = await run('trust.ts', list, '--signers', signers);
  assert.match(told, /1 services with their periods/);
  assert.match(told, /certificates 2020-01-01– Zdravo development authority FOR DEVELOPMENT/);
  assert.match(told, /Signed by one of the certificates given/);
  assert.match(await run('trust.ts', list), /The signature was not checked/);
  await assert.rejects(start({}), /ZDRAVO_TRUST_LIST needs ZDRAVO_TRUST_LIST_SIGNERS/);
  await assert.rejects(start({ ZDRAVO_TRUST_LIST_SHA256: '0'.repeat(64) }), /The trust list is another file/);
  const refusals: [name: string, content: Uint8Array | string, why: RegExp][] = [
    ['broken', '<html/>', /Not an ETSI TS 119 612 trust list/],
    ['unsigned', text, /The document is not signed/],
    [
      'stranger',
      signXml(Buffer.from(text), createCertificateAuthority({ name: 'Scheme operator' })),
      /not signed by a certificate that is configured/,
    ],
    ['altered', (await readFile(list, 'utf8')).replace('2020-01-01', '2019-01-01'), /not what was signed/],
    [
      'expired',
      signXml(Buffer.from(trustList(away.authority.certificate, '2026-02-01T00:00:00Z')), operator),
      /was to be replaced by 2026-02-01/,
    ],
  ];
  for (const [name, content, why] of refusals) {
    const path = await file(`${name}.xml`, content);
    await assert.rejects(start({ ZDRAVO_TRUST_LIST: path, ZDRAVO_TRUST_LIST_SIGNERS: signers }), why, name);
    await assert.rejects(run('trust.ts', path, '--signers', signers), why, name);
  }
  await Promise.all([away.close(), own.close(), pinned.close(), rm(other, { recursive: true })]);
});

test('a key file of an authority is read again after a restart', async () => {
  const first = await signer('kept');
  const again = await startSignatures(readSettings(environment()), log);
  const second = await again.authority.issueSigner('kept', { common_name: 'another name' });
  assert.equal(toKeyFile(second.files), toKeyFile(first.files));
  await again.close();
});

function pem(der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

function trustList(certificate: Uint8Array, next_update = '2099-01-01T00:00:00Z'): string {
  const uri = 'http://uri.etsi.org/TrstSvc';
  return `<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"><SchemeInformation><TSLSequenceNumber>1</TSLSequenceNumber>
    <ListIssueDateTime>2026-01-01T00:00:00Z</ListIssueDateTime><NextUpdate><dateTime>${next_update}</dateTime></NextUpdate>
    </SchemeInformation><TrustServiceProviderList>
    <TrustServiceProvider><TSPServices><TSPService><ServiceInformation>
    <ServiceTypeIdentifier>${uri}/Svctype/CA/QC</ServiceTypeIdentifier>
    <ServiceDigitalIdentity><DigitalId><X509Certificate>${Buffer.from(certificate).toString('base64')}</X509Certificate>
    </DigitalId></ServiceDigitalIdentity><ServiceStatus>${uri}/TrustedList/Svcstatus/granted</ServiceStatus>
    <StatusStartingTime>2020-01-01T00:00:00Z</StatusStartingTime></ServiceInformation></TSPService></TSPServices>
    </TrustServiceProvider></TrustServiceProviderList></TrustServiceStatusList>`;
}

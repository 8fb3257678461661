import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  createCertificateAuthority,
  createTrustStore,
  DevelopmentAnchorError,
  isForDevelopment,
  issueCertificate,
  one_signature,
  readTrustFolder,
  readTrustList,
  sign,
  TrustListError,
  verify,
} from '../index.ts';
import { readCertificate } from '../x509/certificate.ts';

const at = new Date('2026-06-15T12:00:00Z');
const validity = { not_before: new Date('2020-01-01'), not_after: new Date('2035-01-01') };
const authority = createCertificateAuthority({ name: 'Надавач', algorithm: 'dstu-257', ...validity });
const doctor = issueCertificate(authority, { common_name: 'Лікар', algorithm: 'dstu-257', ...validity });
const content = new Uint8Array([1, 2, 3]);
const encode = (text: string) => new TextEncoder().encode(text);

type Status = [status: string, from: string];

function service(
  type: string,
  [current, ...history]: [Status, ...Status[]],
  certificate = authority.certificate,
): string {
  const status = ([name, from]: Status) =>
    `<ServiceStatus>http://uri.etsi.org/TrstSvc/TrustedList/Svcstatus/${name}</ServiceStatus><StatusStartingTime>${from}</StatusStartingTime>`;
  return `<TSPService><ServiceInformation><ServiceTypeIdentifier>http://uri.etsi.org/TrstSvc/Svctype/${type}</ServiceTypeIdentifier>
    <ServiceName><Name xml:lang="uk">Послуга &quot;${type}&quot;</Name></ServiceName><ServiceDigitalIdentity><DigitalId>
    <X509Certificate>${Buffer.from(certificate).toString('base64')}</X509Certificate></DigitalId></ServiceDigitalIdentity>${status(current)}
    </ServiceInformation>${history.length ? `<ServiceHistory>${history.map((entry) => `<ServiceHistoryInstance>${status(entry)}</ServiceHistoryInstance>`)}</ServiceHistory>` : ''}</TSPService>`;
}

function list(...services: string[]): Uint8Array {
  return encode(`<?xml version="1.0" encoding="UTF-8"?><tsl:TrustServiceStatusList xmlns:tsl="http://uri.etsi.org/02231/v2#" xmlns="http://uri.etsi.org/02231/v2#"><tsl:SchemeInformation>
    <tsl:TSLSequenceNumber>7</tsl:TSLSequenceNumber><SchemeOperatorName><Name xml:lang="uk">ЦЗО</Name></SchemeOperatorName>
    <tsl:ListIssueDateTime>2026-06-01T00:00:00Z</tsl:ListIssueDateTime><NextUpdate><dateTime>2026-12-01T00:00:00Z</dateTime></NextUpdate>
    </tsl:SchemeInformation><TrustServiceProviderList><TrustServiceProvider><TSPServices>${services.join('')}</TSPServices></TrustServiceProvider></TrustServiceProviderList>
    </tsl:TrustServiceStatusList>`);
}

async function outcome(document: Uint8Array, when = at) {
  const trust = createTrustStore({ services: readTrustList(document).anchors });
  const result = await verify(sign(content, doctor), one_signature, trust, { at: when });
  return result.sub_indication ?? result.indication;
}

test('a granted authority of the list is trusted for certificates', async () => {
  const document = list(service('CA/QC', [['granted', '2021-01-01T00:00:00Z']]));
  const read = readTrustList(document);
  assert.equal(read.sequence_number, 7);
  assert.equal(read.scheme_operator, 'ЦЗО');
  assert.deepEqual(read.skipped, []);
  assert.equal(await outcome(document), 'TOTAL_PASSED');
});

test('trust follows the history of statuses at best signature time', async () => {
  const document = list(
    service('CA/QC', [
      ['withdrawn', '2026-01-01T00:00:00Z'],
      ['granted', '2022-01-01T00:00:00Z'],
    ]),
  );
  assert.equal(await outcome(document), 'CHAIN_CONSTRAINTS_FAILURE');
  assert.equal(await outcome(document, new Date('2025-01-01')), 'TOTAL_PASSED');
  assert.equal(await outcome(document, new Date('2021-01-01')), 'CHAIN_CONSTRAINTS_FAILURE');
});

test('a service for other things is not trusted for certificates', async () => {
  assert.equal(
    await outcome(list(service('TSA/QTST', [['granted', '2021-01-01T00:00:00Z']]))),
    'NO_CERTIFICATE_CHAIN_FOUND',
  );
  const read = readTrustList(
    list(
      service('Archiv/Q', [['granted', '2021-01-01T00:00:00Z']]),
      service('CA/QC', [['withdrawn', '2021-01-01T00:00:00Z']]),
    ),
  );
  assert.deepEqual(read.anchors, []);
  assert.deepEqual(
    read.skipped.map(({ reason }) => reason),
    ['type http://uri.etsi.org/TrstSvc/Svctype/Archiv/Q', 'never granted'],
  );
});

test('broken, foreign and hostile documents are refused by name', () => {
  for (const document of [
    '',
    '<a/>',
    '<TrustServiceStatusList>',
    '<TrustServiceStatusList xmlns="http://uri.etsi.org/02231/v2#"/>',
    '<TrustServiceStatusList xmlns="urn:another"><SchemeInformation/></TrustServiceStatusList>',
    '{"a":1}',
    '<!DOCTYPE a [<!ENTITY b "c">]><TrustServiceStatusList/>',
    '\u0000',
  ]) {
    assert.throws(() => readTrustList(encode(document)), TrustListError);
  }
});

test('a folder of certificates, DER and PEM', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'trust-'));
  try {
    writeFileSync(join(folder, 'a.cer'), authority.certificate);
    writeFileSync(join(folder, 'b.pem'), createCertificateAuthority({ name: 'Second' }).certificate_pem);
    writeFileSync(join(folder, 'readme.txt'), 'not a certificate');
    const anchors = readTrustFolder(folder);
    assert.equal(anchors.length, 2);
    const result = await verify(sign(content, doctor), one_signature, createTrustStore({ anchors }), { at });
    assert.equal(result.indication, 'TOTAL_PASSED');
    writeFileSync(join(folder, 'c.cer'), Uint8Array.of(0x30, 0));
    assert.throws(() => readTrustFolder(folder), /c\.cer is not a certificate/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('what the development authority made is marked, and a store for production refuses it', () => {
  const made = createCertificateAuthority({ name: 'Any name' });
  assert.equal(isForDevelopment(readCertificate(made.certificate)), true);
  assert.equal(isForDevelopment(readCertificate(issueCertificate(made, { common_name: 'X' }).certificate)), true);
  assert.throws(
    () => createTrustStore({ anchors: [made.certificate], refuse_development: true }),
    DevelopmentAnchorError,
  );
  const services = [{ certificate: readCertificate(made.certificate), services: ['certificates' as const] }];
  assert.throws(() => createTrustStore({ services, refuse_development: true }), /made for development/);
  assert.equal(createTrustStore({ services }).anchors.length, 1);
});

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { oids } from '../asn1/oids.ts';
import { sequence } from '../asn1/writer.ts';
import { subjectOf } from '../development/authority.ts';
import { extension, keyUsageExtension, writeCertificate, writeName } from '../development/certificate-writer.ts';
import { certificateFiles } from '../development/key-file.ts';
import { readSigningKey } from '../development/signing-keys.ts';
import { createCertificateAuthority, createTrustStore, issueCertificate, one_signature, sign } from '../index.ts';
import { forge } from '../testing/forge.ts';
import { authority, chain, colleague, content, days, doctor, refused, root } from '../testing/refused.ts';
import { key_usage } from '../x509/extensions.ts';

test('expired and not yet valid, signer and authority', async () => {
  const expired = issueCertificate(authority, { common_name: 'X', not_before: days(-20), not_after: days(-1) });
  const result = await refused(sign(content, expired), 'OUT_OF_BOUNDS_NO_POE');
  assert.equal(result.validation_error_message, 'certificate timestamp expired');
  const early = issueCertificate(authority, { common_name: 'X', not_before: days(1), not_after: days(20) });
  assert.equal((await refused(sign(content, early), 'NOT_YET_VALID')).indication, 'TOTAL_FAILED');
  const old = createCertificateAuthority({ name: 'Old', parent: root, not_before: days(-20), not_after: days(-1) });
  await refused(sign(content, issueCertificate(old, { common_name: 'X' })), 'OUT_OF_BOUNDS_NO_POE');
});

test('wrong key usage: key agreement, none, OCSP; and an authority that signs documents', async () => {
  await refused(
    sign(content, issueCertificate(authority, { common_name: 'X', usage: 'encryption' })),
    'CHAIN_CONSTRAINTS_FAILURE',
  );
  await refused(
    sign(content, issueCertificate(authority, { common_name: 'X', usage: 'ocsp' })),
    'CHAIN_CONSTRAINTS_FAILURE',
  );
  await refused(sign(content, authority), 'CHAIN_CONSTRAINTS_FAILURE');
});

test('a person does not become an authority: issued by a doctor’s certificate', async () => {
  const key = readSigningKey(doctor.private_key);
  const extensions = [keyUsageExtension(key_usage.non_repudiation)];
  const plan = {
    issuer: subjectOf(doctor.certificate),
    subject: writeName([[oids.common_name, 'Y']]),
    not_before: days(-1),
    not_after: days(1),
    extensions,
  };
  const certificate = writeCertificate(plan, readSigningKey(colleague.private_key).public_key, key);
  const signer = certificateFiles(certificate, colleague.private_key, []);
  await refused(forge({ signer, content, certificates: [certificate, ...chain] }), 'NO_CERTIFICATE_CHAIN_FOUND');
  const store = createTrustStore({
    anchors: [root.certificate],
    intermediates: [doctor.certificate, authority.certificate],
  });
  await refused(forge({ signer, content }), 'NO_CERTIFICATE_CHAIN_FOUND', one_signature, store);
});

test('a path longer than an authority allows', async () => {
  const short = createCertificateAuthority({ name: 'Short', path_length: 0 });
  const below = createCertificateAuthority({ name: 'Below', parent: short });
  const store = createTrustStore({ anchors: [short.certificate] });
  await refused(
    sign(content, issueCertificate(below, { common_name: 'X' })),
    'CHAIN_CONSTRAINTS_FAILURE',
    one_signature,
    store,
  );
});

test('a critical extension that nobody understands', async () => {
  const key = readSigningKey(colleague.private_key);
  const extensions = [keyUsageExtension(key_usage.non_repudiation), extension('2.5.29.30', sequence(), true)];
  const plan = {
    issuer: subjectOf(authority.certificate),
    subject: writeName([[oids.common_name, 'Y']]),
    not_before: days(-1),
    not_after: days(1),
    extensions,
  };
  const certificate = writeCertificate(plan, key.public_key, readSigningKey(authority.private_key));
  const signer = certificateFiles(certificate, colleague.private_key, []);
  await refused(
    forge({ signer, content, certificates: [certificate, authority.certificate] }),
    'CHAIN_CONSTRAINTS_FAILURE',
  );
});

test('weak keys: RSA of 1024 bits, a curve of 256 bits that is not ours', async () => {
  const weak = [
    generateKeyPairSync('rsa', { modulusLength: 1024 }),
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }),
    generateKeyPairSync('ec', { namedCurve: 'secp224r1' }),
  ];
  for (const { privateKey, publicKey } of weak) {
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    const plan = {
      issuer: subjectOf(authority.certificate),
      subject: writeName([[oids.common_name, 'Weak']]),
      not_before: days(-1),
      not_after: days(1),
      extensions: [keyUsageExtension(key_usage.non_repudiation)],
    };
    const certificate = writeCertificate(plan, spki, readSigningKey(authority.private_key));
    const signer = certificateFiles(certificate, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), []);
    await refused(
      forge({ signer, content, certificates: [certificate, authority.certificate] }),
      'CRYPTO_CONSTRAINTS_FAILURE',
    );
  }
});

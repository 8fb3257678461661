import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oids } from '../asn1/oids.ts';
import { context, element, integer, octetString, oid, sequence, time } from '../asn1/writer.ts';
import { subjectOf } from '../development/authority.ts';
import { extension, keyUsageExtension, writeCertificate, writeName } from '../development/certificate-writer.ts';
import { certificateFiles } from '../development/key-file.ts';
import { readSigningKey } from '../development/signing-keys.ts';
import { createCertificateAuthority, issueCertificate, one_signature, sign, signTogether, verify } from '../index.ts';
import { attribute, attributesFor, forge, keyIdentifier, reference } from '../testing/forge.ts';
import { at, authority, chain, colleague, content, days, doctor, refused, trust } from '../testing/refused.ts';
import { key_usage } from '../x509/extensions.ts';

/** Changes one octet of the first place where `needle` stands. */
function tamper(container: Uint8Array, needle: Uint8Array, offset = 0): Uint8Array {
  const at_byte = Buffer.from(container).indexOf(needle);
  assert.ok(at_byte >= 0);
  return Uint8Array.from(container, (octet, i) => (i === at_byte + offset ? octet ^ 1 : octet));
}

test('the forge makes good containers when nothing is forged', async () => {
  const good = forge({ signer: doctor, content, certificates: chain });
  assert.equal((await verify(good, one_signature, trust, { at })).indication, 'TOTAL_PASSED');
  const by_key = forge({ signer: doctor, content, certificates: chain, identifier: keyIdentifier(doctor.certificate) });
  assert.equal((await verify(by_key, one_signature, trust, { at })).indication, 'TOTAL_PASSED');
});

test('tampered content: HASH_FAILURE', async () => {
  const result = await refused(tamper(sign(content, doctor), content, 3), 'HASH_FAILURE');
  assert.equal(result.indication, 'TOTAL_FAILED');
});

test('a tampered signed attribute: SIG_CRYPTO_FAILURE', async () => {
  const container = sign(content, doctor, { signing_time: new Date('2026-01-02T03:04:05Z') });
  await refused(tamper(container, new TextEncoder().encode('260102030405Z'), 5), 'SIG_CRYPTO_FAILURE');
});

test('a tampered signature: SIG_CRYPTO_FAILURE', async () => {
  const container = sign(content, doctor);
  await refused(
    Uint8Array.from(container, (octet, i) => (i === container.length - 3 ? octet ^ 1 : octet)),
    'SIG_CRYPTO_FAILURE',
  );
});

test('a tampered certificate is no longer the one that the signature points to', async () => {
  await refused(tamper(sign(content, doctor), new TextEncoder().encode('1234567890')), 'NO_SIGNING_CERTIFICATE_FOUND');
});

test('attributes in another order are hashed as the DER SET that was signed (RFC 5652 §5.4)', async () => {
  const container = forge({ signer: doctor, content, certificates: chain, reversed: true });
  assert.equal((await verify(container, one_signature, trust, { at })).indication, 'TOTAL_PASSED');
});

test('a self-made root inside the container is not an anchor', async () => {
  const own = createCertificateAuthority({ name: 'Own' });
  await refused(sign(content, issueCertificate(own, { common_name: 'X' })), 'NO_CERTIFICATE_CHAIN_FOUND');
});

test('first-certificate confusion: the honest certificate first, the forger’s signature after it', async () => {
  const rogue = createCertificateAuthority({ name: 'Authority' });
  const forger = issueCertificate(rogue, { common_name: 'Doctor', drfo: '1234567890' });
  await refused(
    forge({ signer: forger, content, certificates: [...chain, forger.certificate, rogue.certificate] }),
    'NO_CERTIFICATE_CHAIN_FOUND',
  );
});

test('a certificate with the same issuer and serial number from a rogue authority of equal name', async () => {
  const serial = Buffer.from('01020304', 'hex');
  const honest = issueCertificate(authority, { common_name: 'Doctor', serial });
  const rogue = createCertificateAuthority({ name: 'Authority' });
  const forger = issueCertificate(rogue, { common_name: 'Doctor', serial });
  for (const certificates of [
    [honest.certificate, forger.certificate],
    [forger.certificate, honest.certificate],
  ]) {
    await refused(
      forge({ signer: forger, content, certificates: [...certificates, authority.certificate] }),
      'NO_CERTIFICATE_CHAIN_FOUND',
    );
    const disguised = attributesFor({ signer: forger, content }).with(3, reference(honest.certificate));
    await refused(
      forge({ signer: forger, content, certificates: [...certificates, authority.certificate], attributes: disguised }),
      'SIG_CRYPTO_FAILURE',
    );
  }
});

test('a chosen subject key identifier inherits nothing, also after the honest one was verified', async () => {
  assert.equal((await verify(sign(content, doctor), one_signature, trust, { at })).indication, 'TOTAL_PASSED');
  const rogue = createCertificateAuthority({ name: 'Authority' });
  const rogue_key = readSigningKey(rogue.private_key);
  const forger = issueCertificate(rogue, { common_name: 'Forger' });
  const key = readSigningKey(forger.private_key);
  const plan = {
    issuer: subjectOf(rogue.certificate),
    subject: writeName([[oids.common_name, 'Doctor']]),
    not_before: days(-1),
    not_after: days(1),
    extensions: [
      keyUsageExtension(key_usage.non_repudiation),
      extension(oids.subject_key_identifier, octetString(keyIdentifier(doctor.certificate).subarray(2))),
    ],
  };
  const certificate = writeCertificate(plan, key.public_key, rogue_key);
  const signer = certificateFiles(certificate, forger.private_key, []);
  const identifier = keyIdentifier(doctor.certificate);
  await refused(
    forge({ signer, content, certificates: [certificate, ...chain], identifier }),
    'NO_CERTIFICATE_CHAIN_FOUND',
  );
});

test('no signed attributes: SIG_CONSTRAINTS_FAILURE', async () => {
  await refused(forge({ signer: doctor, content, certificates: chain, attributes: null }), 'SIG_CONSTRAINTS_FAILURE');
});

test('signed attributes hidden as content do not pass as a signature over them', async () => {
  const { der } = { der: sequence(...attributesFor({ signer: doctor, content })) };
  await refused(
    forge({ signer: doctor, content: der, certificates: chain, attributes: null }),
    'SIG_CONSTRAINTS_FAILURE',
  );
});

test('signing-certificate: absent, wrong, twice, in two values, in both versions, by SHA-1', async () => {
  const good = attributesFor({ signer: doctor, content });
  const forged = (attributes: Uint8Array[]) => forge({ signer: doctor, content, certificates: chain, attributes });
  const sha1_reference = attribute(
    oids.signing_certificate,
    sequence(sequence(sequence(octetString(new Uint8Array(20))))),
  );
  await refused(forged(good.slice(0, 3)), 'SIG_CONSTRAINTS_FAILURE');
  await refused(forged(good.with(3, reference(colleague.certificate))), 'NO_SIGNING_CERTIFICATE_FOUND');
  await refused(forged([...good, reference(doctor.certificate)]), 'FORMAT_FAILURE');
  await refused(forged([...good, sha1_reference]), 'FORMAT_FAILURE');
  await refused(forged(good.with(3, sha1_reference)), 'CRYPTO_CONSTRAINTS_FAILURE');
  const value = sequence(sequence(sequence(octetString(new Uint8Array(32)))));
  await refused(
    forged(
      good.with(
        3,
        attribute(oids.signing_certificate_v2, value, sequence(sequence(sequence(octetString(new Uint8Array(31)))))),
      ),
    ),
    'FORMAT_FAILURE',
  );
});

test('message digest, content type and signing time: absent, wrong, twice', async () => {
  const good = attributesFor({ signer: doctor, content });
  const forged = (attributes: Uint8Array[]) => forge({ signer: doctor, content, certificates: chain, attributes });
  await refused(forged(good.toSpliced(2, 1)), 'FORMAT_FAILURE');
  await refused(forged(good.with(2, attribute(oids.message_digest, octetString(new Uint8Array(32))))), 'HASH_FAILURE');
  await refused(forged([...good, good[2]!]), 'FORMAT_FAILURE');
  await refused(forged(good.toSpliced(0, 1)), 'FORMAT_FAILURE');
  await refused(forged(good.with(0, attribute(oids.content_type, oid(oids.signed_data)))), 'FORMAT_FAILURE');
  await refused(forged([...good, attribute(oids.signing_time, time(days(1)))]), 'FORMAT_FAILURE');
});

test('a time-stamp body does not pass as a document', async () => {
  await refused(
    forge({ signer: doctor, content, certificates: chain, content_type: oids.tst_info }),
    'SIG_CONSTRAINTS_FAILURE',
  );
});

test('digest and signature algorithm that disagree, and SHA-1', async () => {
  const sha512 = attributesFor({ signer: doctor, content });
  await refused(
    forge({ signer: doctor, content, certificates: chain, attributes: sha512, digest_algorithm: oids.sha1 }),
    'CRYPTO_CONSTRAINTS_FAILURE',
  );
  const { createHash } = await import('node:crypto');
  const attributes = sha512.with(
    2,
    attribute(oids.message_digest, octetString(createHash('sha512').update(content).digest())),
  );
  await refused(
    forge({ signer: doctor, content, certificates: chain, attributes, digest_algorithm: oids.sha512 }),
    'CRYPTO_CONSTRAINTS_FAILURE',
  );
});

test('two signers where one is due, none, and the same one twice', async () => {
  const two = await refused(signTogether(content, [doctor, colleague]), 'SIG_CONSTRAINTS_FAILURE');
  assert.equal(two.validation_error_message, 'envelope contains 2 signatures instead of 1');
  await refused(forge({ signer: doctor, content, certificates: chain, signers: 0 }), 'SIG_CONSTRAINTS_FAILURE');
  await refused(forge({ signer: doctor, content, certificates: chain, signers: 0 }), 'FORMAT_FAILURE', {
    ...one_signature,
    signer_count: { min: 0, max: 1 },
  });
  const twice = forge({ signer: doctor, content, certificates: chain, signers: 2 });
  await refused(twice, 'SIG_CONSTRAINTS_FAILURE');
  await refused(twice, 'SIG_CONSTRAINTS_FAILURE', { ...one_signature, signer_count: 2 });
});

test('one bad signature spoils a container that may have two', async () => {
  const rogue = createCertificateAuthority({ name: 'Authority' });
  const forger = issueCertificate(rogue, { common_name: 'Forger' });
  const result = await refused(signTogether(content, [doctor, forger]), 'NO_CERTIFICATE_CHAIN_FOUND', {
    ...one_signature,
    signer_count: 2,
  });
  assert.deepEqual(result.signatures.map(({ is_valid }) => is_valid).toSorted(), [false, true]);
});

test('detached without content, with other content, and attached where detached is due', async () => {
  const detached = sign(content, doctor, { detached: true });
  await refused(detached, 'SIGNED_DATA_NOT_FOUND');
  await refused(detached, 'HASH_FAILURE', { ...one_signature, detached_content: new Uint8Array([1]) });
  const policy = { ...one_signature, detached_content: content };
  assert.equal((await verify(detached, policy, trust, { at })).indication, 'TOTAL_PASSED');
  await refused(sign(content, doctor), 'SIG_CONSTRAINTS_FAILURE', policy);
});

test('a seal where a person is due, and the other way round', async () => {
  const seal = issueCertificate(authority, { common_name: 'Clinic', usage: 'stamp' });
  await refused(sign(content, seal), 'SIG_CONSTRAINTS_FAILURE', { ...one_signature, stamps: 0 });
  await refused(sign(content, doctor), 'SIG_CONSTRAINTS_FAILURE', { ...one_signature, stamps: 1, persons: 0 });
});

test('too many and too few envelopes', async () => {
  await refused(sign(content, doctor), 'FORMAT_FAILURE', { ...one_signature, layers: 2 });
  const nested = await verify(sign(sign(content, doctor), colleague), one_signature, trust, { at });
  assert.equal(nested.layers, 1);
  assert.notDeepEqual(nested.content && Buffer.from(nested.content), Buffer.from(content));
});

test('a broken inner signature under a good outer one', async () => {
  const rogue = createCertificateAuthority({ name: 'Rogue' });
  const inner = sign(content, issueCertificate(rogue, { common_name: 'Forger' }));
  await refused(sign(inner, doctor), 'NO_CERTIFICATE_CHAIN_FOUND', { ...one_signature, layers: 2 });
});

test('bombs: depth, endless indefinite lengths, many elements, lying lengths, rubbish', async () => {
  let deep: Uint8Array = integer(1);
  for (let i = 0; i < 2_000; i++) deep = sequence(deep);
  const indefinite = new Uint8Array(100_000).map((_, i) => (i % 2 ? 0x80 : 0x30));
  const many = sequence(
    oid(oids.signed_data),
    context(
      0,
      element(
        0x30,
        new Uint8Array(600_000).map((_, i) => [2, 1, 1][i % 3]!),
      ),
    ),
  );
  const pieces = new Uint8Array(200_000).map((_, i) => (i % 2 ? 0x80 : 0x24));
  const lying = Uint8Array.of(0x30, 0x84, 0x7f, 0xff, 0xff, 0xff, 0x06);
  for (const bomb of [
    deep,
    indefinite,
    many,
    pieces,
    lying,
    new Uint8Array(0),
    Uint8Array.of(0x30),
    element(0x30),
    new TextEncoder().encode('{}'),
  ]) {
    const started = performance.now();
    await refused(bomb, 'FORMAT_FAILURE');
    assert.ok(performance.now() - started < 1_000);
  }
  await refused(new Uint8Array(17 * 1024 * 1024), 'FORMAT_FAILURE');
});

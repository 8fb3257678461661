import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type CertificateAuthority,
  createCertificateAuthority,
  createTrustStore,
  issueCertificate,
  type KeyAlgorithm,
  one_signature,
  sign,
  signTogether,
  verify,
} from '../index.ts';

const content = new TextEncoder().encode('{"a":"ї"}');
const at = new Date();
const root = createCertificateAuthority({ name: 'Root' });
const authority = createCertificateAuthority({ name: 'Authority', parent: root });
const trust = createTrustStore({ anchors: [root.certificate] });
const doctor = issue(authority);

function issue(from: CertificateAuthority, more: Partial<Parameters<typeof issueCertificate>[1]> = {}) {
  return issueCertificate(from, {
    common_name: 'Тест Олена',
    surname: 'Тест',
    given_name: 'Олена Іванівна',
    drfo: '0012345678',
    edrpou: '00123456',
    ...more,
  });
}

test('a good container passes and says who signed, identifiers as text', async () => {
  const result = await verify(sign(content, doctor), one_signature, trust, { at });
  assert.equal(result.validation_error_message, '');
  assert.equal(result.indication, 'TOTAL_PASSED');
  assert.deepEqual(result.content && Buffer.from(result.content), Buffer.from(content));
  const [signature] = result.signatures;
  assert.equal(signature?.is_valid, true);
  assert.equal(signature?.signer.drfo, '0012345678');
  assert.equal(signature?.signer.edrpou, '00123456');
  assert.equal(signature?.signer.surname, 'Тест');
  assert.equal(signature?.level, 'B-B');
});

for (const algorithm of [
  'ecdsa-p256',
  'ecdsa-p384',
  'rsa-2048',
  'rsa-pss-3072',
  'ed25519',
  'dstu-257',
  'dstu-431',
  'dstu-257-kupyna',
] satisfies KeyAlgorithm[]) {
  test(`${algorithm}: authority and signer`, async () => {
    const ca = createCertificateAuthority({ name: 'CA', algorithm });
    const result = await verify(
      sign(content, issue(ca, { algorithm })),
      one_signature,
      createTrustStore({ anchors: [ca.certificate] }),
      { at },
    );
    assert.equal(result.validation_error_message, '');
    assert.equal(result.indication, 'TOTAL_PASSED');
  });
}

test('a rogue authority of equal name does not pass, in any order of the certificates', async () => {
  const rogue_root = createCertificateAuthority({ name: 'Root' });
  const rogue = createCertificateAuthority({ name: 'Authority', parent: rogue_root });
  const forged = issue(rogue);
  const pool = [rogue.certificate, rogue_root.certificate, authority.certificate, root.certificate];
  for (const chain of [pool, pool.toReversed(), [authority.certificate, rogue.certificate], []]) {
    const result = await verify(sign(content, { ...forged, chain }), one_signature, trust, { at });
    assert.equal(result.indication, 'INDETERMINATE');
    assert.equal(result.sub_indication, 'NO_CERTIFICATE_CHAIN_FOUND');
  }
});

test('nested envelopes and two signers need a policy that says so', async () => {
  const stamp = issue(authority, { usage: 'stamp' });
  const nested = sign(sign(content, doctor), stamp);
  const two_layers = await verify(nested, { ...one_signature, layers: 2, stamps: 1, persons: 1 }, trust, { at });
  assert.equal(two_layers.indication, 'TOTAL_PASSED');
  assert.deepEqual(
    two_layers.signatures.map(({ is_stamp }) => is_stamp),
    [true, false],
  );
  assert.equal(
    (await verify(sign(content, doctor), { ...one_signature, layers: 2 }, trust, { at })).sub_indication,
    'FORMAT_FAILURE',
  );
  const together = await verify(signTogether(content, [doctor, stamp]), one_signature, trust, { at });
  assert.equal(together.sub_indication, 'SIG_CONSTRAINTS_FAILURE');
  assert.equal(together.validation_error_message, 'envelope contains 2 signatures instead of 1');
});

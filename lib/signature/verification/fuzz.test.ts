import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { oids } from '../asn1/oids.ts';
import { Asn1Error, readAsn1 } from '../asn1/reader.ts';
import { toDer } from '../asn1/writer.ts';
import { readSignedData } from '../cms/signed-data.ts';
import { answerOcspRequest, issueCrl } from '../development/revocation-authority.ts';
import { answerTimeStampRequest } from '../development/time-stamp-authority.ts';
import {
  createCertificateAuthority,
  createTrustStore,
  issueCertificate,
  type KeyAlgorithm,
  one_signature,
  readTrustList,
  sign,
  TrustListError,
  verifyNow,
} from '../index.ts';
import { readCrl } from '../revocation/crl.ts';
import { readOcspAnswer } from '../revocation/ocsp.ts';
import { createOcspRequest } from '../revocation/ocsp-request.ts';
import { createTimeStampRequest, readTimeStampResponse } from '../time-stamps/exchange.ts';
import { addProofs } from '../upgrade/upgrade.ts';
import { readCertificate } from '../x509/certificate.ts';

const content = new TextEncoder().encode('{"declaration":{"id":"5"}}');
const at = new Date();

function scene(algorithm: KeyAlgorithm) {
  const authority = createCertificateAuthority({ name: 'Authority', algorithm });
  const doctor = issueCertificate(authority, { common_name: 'Doctor', drfo: '1234567890', algorithm });
  const trust = createTrustStore({ anchors: [authority.certificate] });
  return { authority, doctor, trust, container: sign(content, doctor) };
}

type Scene = ReturnType<typeof scene>;

/** A pass is right only when it says the same things about the same content as the untouched container. */
function check({ trust, container, doctor }: Scene, mutated: Uint8Array): void {
  const result = verifyNow(mutated, one_signature, trust, { at });
  if (result.indication !== 'TOTAL_PASSED') {
    assert.notEqual(result.validation_error_message, '');
    return;
  }
  assert.deepEqual(Buffer.from(result.content!), Buffer.from(content));
  assert.equal(result.signatures.length, 1);
  assert.equal(result.signatures[0]?.certificate_sha256, readCertificate(doctor.certificate).sha256);
  const before = readSignedData(container).signer_infos[0]!;
  const after = readSignedData(mutated).signer_infos[0]!;
  assert.deepEqual(Buffer.from(after.signed!.der), Buffer.from(before.signed!.der));
}

const scenes = { ecdsa: scene('ecdsa-p256'), dstu: scene('dstu-257') };

test('ECDSA: every octet changed in four ways never passes for anything else and never throws', () => {
  const { container } = scenes.ecdsa;
  for (let place = 0; place < container.length; place++) {
    for (const change of [1, 0x80, 0xff, 0x20]) {
      check(
        scenes.ecdsa,
        Uint8Array.from(container, (octet, i) => (i === place ? octet ^ change : octet)),
      );
    }
  }
});

const others: KeyAlgorithm[] = ['dstu-257', 'dstu-257-kupyna', 'rsa-pss-3072', 'rsa-2048', 'ed25519', 'ecdsa-p384'];
for (const algorithm of others) {
  test(`${algorithm}: octets changed all over the container`, () => {
    const one = algorithm === 'dstu-257' ? scenes.dstu : scene(algorithm);
    for (let place = 0; place < one.container.length; place += 3) {
      check(
        one,
        Uint8Array.from(one.container, (octet, i) => (i === place ? octet ^ (1 << (place & 7)) : octet)),
      );
    }
  });
}

test('cut short at every place, and followed by rubbish', () => {
  const { container, trust } = scenes.ecdsa;
  for (let length = 0; length < container.length; length++) {
    assert.notEqual(verifyNow(container.subarray(0, length), one_signature, trust, { at }).indication, 'TOTAL_PASSED');
  }
  const longer = Buffer.concat([container, Buffer.from([0])]);
  assert.equal(verifyNow(longer, one_signature, trust, { at }).sub_indication, 'FORMAT_FAILURE');
});

test('pieces removed, repeated, swapped or replaced by others', () => {
  for (const one of Object.values(scenes)) {
    const place = fc.nat(one.container.length - 1);
    fc.assert(
      fc.property(place, place, place, fc.uint8Array({ maxLength: 12 }), (a, b, c, bytes) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        const piece = one.container.subarray(from, to);
        const without = Buffer.concat([one.container.subarray(0, from), one.container.subarray(to)]);
        const target = Math.min(c, without.length);
        check(one, without);
        check(one, Buffer.concat([without.subarray(0, target), piece, without.subarray(target)]));
        check(one, Buffer.concat([one.container.subarray(0, from), bytes, one.container.subarray(from)]));
        check(
          one,
          Buffer.concat([
            one.container.subarray(0, from),
            bytes,
            one.container.subarray(Math.min(one.container.length, from + bytes.length)),
          ]),
        );
      }),
      { numRuns: one === scenes.dstu ? 150 : 1_000 },
    );
  }
});

test('the same container in BER of indefinite lengths means the same', () => {
  for (const one of Object.values(scenes)) {
    const ber = indefinite(one.container);
    assert.notDeepEqual(ber, one.container);
    const result = verifyNow(ber, one_signature, one.trust, { at });
    assert.equal(result.indication, 'TOTAL_PASSED', result.validation_error_message);
    check(one, ber);
  }
});

/** Rewrites the wrappers of a container to indefinite lengths, and its content to a string in pieces; certificates stay DER. */
function indefinite(container: Uint8Array): Uint8Array {
  const wrap = (id: number, ...parts: Uint8Array[]) =>
    Buffer.concat([Uint8Array.of(id, 0x80), ...parts, Uint8Array.of(0, 0)]);
  const info = splitParts(container);
  const signed_data = splitParts(splitParts(info[1]!)[0]!);
  const [type, explicit] = splitParts(signed_data[2]!);
  const octets = splitParts(explicit!)[0]!;
  const body = octets.subarray(2);
  const pieces = wrap(
    0x24,
    Uint8Array.of(4, 1),
    body.subarray(0, 1),
    Uint8Array.of(4, body.length - 1),
    body.subarray(1),
  );
  const encapsulated = wrap(0x30, type!, wrap(0xa0, pieces));
  return new Uint8Array(wrap(0x30, info[0]!, wrap(0xa0, wrap(0x30, ...signed_data.with(2, encapsulated)))));
}

function splitParts(der: Uint8Array): Uint8Array[] {
  const node = readAsn1(der, 'BER');
  const list: Uint8Array[] = [];
  for (let from = node.body_start; from < node.body_end; ) {
    const header = der[from + 1]!;
    const count = header < 0x80 ? 0 : header & 0x7f;
    const length = count === 0 ? header : Buffer.from(der).readUIntBE(from + 2, count);
    list.push(der.subarray(from, from + 2 + count + length));
    from += 2 + count + length;
  }
  return list;
}

test('random bytes and random structures: a typed error or a value, nothing else', () => {
  const { authority, doctor } = scenes.ecdsa;
  const revoked = new Map([[readCertificate(doctor.certificate).serial, at]]);
  const request = createOcspRequest(doctor.certificate, authority.certificate);
  const stamp = createTimeStampRequest(content, oids.sha256);
  const samples: [Uint8Array, (bytes: Uint8Array) => unknown][] = [
    [doctor.certificate, readCertificate],
    [issueCrl(authority, revoked, { this_update: at }), readCrl],
    [
      answerOcspRequest(request.der, { responder: authority, statusOf: () => at, times: { this_update: at } }),
      readOcspAnswer,
    ],
    [
      answerTimeStampRequest(stamp.der, issueCertificate(authority, { common_name: 'TSA', usage: 'time_stamps' }), at),
      (bytes) => readTimeStampResponse(bytes, stamp),
    ],
    [
      request.der,
      (bytes) => answerOcspRequest(bytes, { responder: authority, statusOf: () => 'good', times: { this_update: at } }),
    ],
    [scenes.ecdsa.container, (bytes) => addProofs(bytes, { certificates: [authority.certificate] })],
    [scenes.ecdsa.container, (bytes) => toDer(readAsn1(bytes, 'BER'))],
  ];
  for (const [sample, read] of samples) {
    assert.doesNotThrow(() => read(sample));
    const changed = fc
      .array(fc.tuple(fc.nat(sample.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
      .map((changes) => changes.reduce((bytes, [place, octet]) => bytes.with(place, octet), Uint8Array.from(sample)));
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 200 })), (bytes) => {
        try {
          read(bytes);
        } catch (error) {
          assert.ok(error instanceof Asn1Error, String(error));
        }
      }),
      { numRuns: 2_000 },
    );
  }
});

test('random trust lists: a typed error or a value', () => {
  const words = fc.constantFrom(
    '<TrustServiceStatusList>',
    '</TrustServiceStatusList>',
    '<SchemeInformation>',
    '<![CDATA[',
    ']]>',
    '&#x0;',
    '<a b="',
    '<__proto__>',
    'x',
    '\u0000',
    '<TSPService/>',
    '<ListIssueDateTime>2026-01-01</ListIssueDateTime>',
    '</SchemeInformation>',
  );
  fc.assert(
    fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
      try {
        readTrustList(new TextEncoder().encode(parts.join('')));
      } catch (error) {
        assert.ok(error instanceof TrustListError, String(error));
      }
    }),
    { numRuns: 1_000 },
  );
});

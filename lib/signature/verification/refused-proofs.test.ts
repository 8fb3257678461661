import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oids } from '../asn1/oids.ts';
import { bitString, context, contextPrimitive, integer, octetString, sequence, time } from '../asn1/writer.ts';
import { digest } from '../crypto/digests.ts';
import { subjectOf } from '../development/authority.ts';
import {
  authorityExtension,
  extension,
  keyUsageExtension,
  writeCertificate,
} from '../development/certificate-writer.ts';
import { certificateFiles } from '../development/key-file.ts';
import { answerOcspRequest, issueCrl } from '../development/revocation-authority.ts';
import { readSigningKey } from '../development/signing-keys.ts';
import { answerTimeStampRequest } from '../development/time-stamp-authority.ts';
import { createCurve } from '../dstu/curve.ts';
import { curve_parameters } from '../dstu/curve-parameters.ts';
import { publicKeyFrom, publicPointOf, signDstu, verifyDstu, writeInteger } from '../dstu/dstu4145.ts';
import {
  createCertificateAuthority,
  fetchRevocation,
  issueCertificate,
  one_signature,
  type SignaturePolicy,
  sign,
  verify,
} from '../index.ts';
import { createOcspRequest } from '../revocation/ocsp-request.ts';
import type { RevocationData } from '../revocation/revocation-data.ts';
import { attribute, attributesFor, forge, issuerAndSerial, reference } from '../testing/forge.ts';
import { at, authority, chain, colleague, content, days, doctor, refused, root, trust } from '../testing/refused.ts';
import { createTimeStampRequest, readTimeStampResponse } from '../time-stamps/exchange.ts';
import { addProofs } from '../upgrade/upgrade.ts';
import { readCertificate } from '../x509/certificate.ts';
import { key_usage } from '../x509/extensions.ts';

// Proofs that look right and prove nothing: of who signed, of when, and that a certificate was not revoked.

const required: SignaturePolicy = { ...one_signature, revocation: 'required' };
const serialOf = (certificate: Uint8Array) => readCertificate(certificate).serial;
/** Settles the status of the authority, so that the doctor's alone is in question. */
const authority_list = issueCrl(root, new Map(), { this_update: at });

async function outcome(data: RevocationData, policy = required) {
  const revocation_data = { ...data, crls: [authority_list, ...(data.crls ?? [])] };
  const result = await verify(sign(content, doctor), policy, trust, { at, revocation_data });
  return result.sub_indication ?? result.indication;
}

test('signing-certificate: the first entry counts, with its issuer and serial number; the identifier names the same one', async () => {
  const good = attributesFor({ signer: doctor, content });
  const entry = (certificate: Uint8Array, more: Uint8Array[] = []) =>
    sequence(octetString(digest(oids.sha256, certificate)!), ...more);
  const forged = (...entries: Uint8Array[]) =>
    forge({
      signer: doctor,
      content,
      certificates: [...chain, colleague.certificate],
      attributes: good.with(3, attribute(oids.signing_certificate_v2, sequence(sequence(...entries)))),
    });
  const first = await verify(forged(entry(doctor.certificate), entry(colleague.certificate)), one_signature, trust, {
    at,
  });
  assert.equal(first.indication, 'TOTAL_PASSED', first.validation_error_message);
  await refused(forged(entry(colleague.certificate), entry(doctor.certificate)), 'NO_SIGNING_CERTIFICATE_FOUND');
  const issuer = sequence(context(4, subjectOf(authority.certificate)));
  const serial = (certificate: Uint8Array) => integer(Buffer.from(serialOf(certificate), 'hex'));
  const own = forged(entry(doctor.certificate, [sequence(issuer, serial(doctor.certificate))]));
  assert.equal((await verify(own, one_signature, trust, { at })).indication, 'TOTAL_PASSED');
  await refused(
    forged(entry(doctor.certificate, [sequence(issuer, serial(colleague.certificate))])),
    'NO_SIGNING_CERTIFICATE_FOUND',
  );
  const identifier = issuerAndSerial(colleague.certificate);
  await refused(
    forge({ signer: doctor, content, certificates: [...chain, colleague.certificate], identifier, attributes: good }),
    'NO_SIGNING_CERTIFICATE_FOUND',
  );
  await refused(
    forge({
      signer: doctor,
      content,
      certificates: [...chain, colleague.certificate],
      identifier,
      attributes: good.with(3, reference(colleague.certificate)),
    }),
    'SIG_CRYPTO_FAILURE',
  );
});

function ocspBy(responder: typeof doctor): RevocationData {
  const { der } = createOcspRequest(doctor.certificate, authority.certificate);
  return {
    ocsp_responses: [answerOcspRequest(der, { responder, statusOf: () => 'good', times: { this_update: at } })],
  };
}

test('OCSP: a responder whose certificate had expired, was not yet valid, or came from the root is no responder', async () => {
  const responder = (by: typeof authority, given: object = {}) =>
    issueCertificate(by, { common_name: 'OCSP', usage: 'ocsp', ...given });
  assert.equal(await outcome(ocspBy(responder(authority))), 'TOTAL_PASSED');
  const expired = { not_before: days(-10), not_after: days(-1) };
  assert.equal(await outcome(ocspBy(responder(authority, expired))), 'TRY_LATER');
  assert.equal(await outcome(ocspBy(responder(authority, { not_before: days(1) }))), 'TRY_LATER');
  assert.equal(await outcome(ocspBy(responder(root))), 'TRY_LATER');
  assert.equal(await outcome(ocspBy(doctor)), 'TRY_LATER', 'nobody vouches for himself');
});

/** A list as the authority could write one, with any extensions of list and entry. */
function listWith(extensions: Uint8Array[], entry_extensions: Uint8Array[] = [], by = authority): Uint8Array {
  const key = readSigningKey(by.private_key);
  const extended = entry_extensions.length > 0 ? [sequence(...entry_extensions)] : [];
  const entry = sequence(integer(Buffer.from('0102', 'hex')), time(days(-1)), ...extended);
  const tbs = sequence(
    integer(1),
    key.signature_algorithm,
    subjectOf(by.certificate),
    time(at),
    time(days(1)),
    sequence(entry),
    ...(extensions.length > 0 ? [context(0, sequence(...extensions))] : []),
  );
  return sequence(tbs, key.signature_algorithm, bitString(key.sign(tbs)));
}

test('lists: delta, indirect, by reasons, for authorities only, with an extension that nobody understands: no proof', async () => {
  const scope = (...fields: Uint8Array[]) => extension(oids.issuing_distribution_point, sequence(...fields), true);
  const yes = Uint8Array.of(0xff);
  assert.equal(await outcome({ crls: [listWith([])] }), 'TOTAL_PASSED');
  assert.equal(await outcome({ crls: [listWith([scope(contextPrimitive(1, yes))])] }), 'TOTAL_PASSED', 'users only');
  const useless: [what: string, list: Uint8Array][] = [
    ['delta', listWith([extension('2.5.29.27', integer(1), true)])],
    ['indirect', listWith([scope(contextPrimitive(4, yes))])],
    ['by reasons', listWith([scope(contextPrimitive(3, Uint8Array.of(6, 0x40)))])],
    ['authorities only', listWith([scope(contextPrimitive(2, yes))])],
    ['attribute certificates only', listWith([scope(contextPrimitive(5, yes))])],
    ['unknown critical', listWith([extension('2.999.1', integer(1), true)])],
    ['certificate issuer of an entry', listWith([], [extension('2.5.29.29', sequence(), true)])],
  ];
  for (const [what, list] of useless) assert.equal(await outcome({ crls: [list] }), 'TRY_LATER', what);
});

test('a list of an authority that may not sign lists is no list', async () => {
  const key = readSigningKey(authority.private_key);
  const root_key = readSigningKey(root.private_key);
  const plan = {
    issuer: subjectOf(root.certificate),
    subject: subjectOf(authority.certificate),
    not_before: days(-1),
    not_after: days(1),
    extensions: [authorityExtension(), keyUsageExtension(key_usage.key_cert_sign)],
  };
  const limited = certificateFiles(writeCertificate(plan, key.public_key, root_key), authority.private_key, []);
  const signer = issueCertificate({ ...limited }, { common_name: 'X' });
  const container = sign(content, { ...signer, chain: [limited.certificate] });
  const revocation_data = { crls: [authority_list, issueCrl(limited, new Map(), { this_update: at })] };
  assert.equal((await verify(container, required, trust, { at, revocation_data })).sub_indication, 'TRY_LATER');
});

test('proofs of a stranger inside the container neither help nor hurt', async () => {
  const rogue = createCertificateAuthority({ name: 'Authority' });
  const revocation = {
    crls: [issueCrl(rogue, new Map([[serialOf(doctor.certificate), days(-2)]]), { this_update: at })],
    ...ocspBy(issueCertificate(rogue, { common_name: 'OCSP', usage: 'ocsp' })),
  };
  const stuffed = addProofs(sign(content, doctor), { revocation, certificates: [rogue.certificate] });
  const result = await verify(stuffed, one_signature, trust, { at });
  assert.deepEqual([result.indication, result.signatures[0]?.level], ['TOTAL_PASSED', 'B-B']);
  await refused(stuffed, 'TRY_LATER', required);
});

test('a believed time-stamp from before the certificate was valid refuses: nobody signs with what is not there yet', async () => {
  const unit = issueCertificate(authority, { common_name: 'TSA', usage: 'time_stamps', not_before: days(-30) });
  const old_authority = createCertificateAuthority({ name: 'Old', parent: root, not_before: days(-30) });
  const store_unit = issueCertificate(old_authority, {
    common_name: 'TSA',
    usage: 'time_stamps',
    not_before: days(-30),
  });
  const stamped = (by: typeof unit, when: Date, certificates: Uint8Array[] = []) =>
    addProofs(sign(content, doctor), {
      certificates,
      time_stamps: (signature) => {
        const request = createTimeStampRequest(signature, oids.sha256);
        return [readTimeStampResponse(answerTimeStampRequest(request.der, by, when), request)];
      },
    });
  // The root is as young as the doctor here, so the chain of the stamp does not reach so far back: it proves nothing.
  const unproved = await verify(stamped(store_unit, days(-20), [old_authority.certificate]), one_signature, trust, {
    at,
  });
  assert.equal(unproved.signatures[0]?.best_signature_time, at.toISOString());
  const early = issueCertificate(authority, { common_name: 'Early', not_before: days(-0.5) });
  const container = addProofs(sign(content, early), {
    time_stamps: (signature) => {
      const request = createTimeStampRequest(signature, oids.sha256);
      return [readTimeStampResponse(answerTimeStampRequest(request.der, unit, days(-0.75)), request)];
    },
  });
  const result = await refused(container, 'NOT_YET_VALID');
  assert.equal(result.indication, 'TOTAL_FAILED');
});

test('an OCSP answer with another nonce is a replay, and is not taken', async () => {
  const responder = issueCertificate(authority, { common_name: 'OCSP', usage: 'ocsp' });
  const replayed = createOcspRequest(doctor.certificate, authority.certificate);
  const answerTo = (der: Uint8Array) =>
    answerOcspRequest(der, { responder, statusOf: () => 'good', times: { this_update: at } });
  const need = {
    certificate: doctor.certificate,
    issuer: authority.certificate,
    ocsp_addresses: ['http://ocsp.example/'],
    crl_addresses: [],
  };
  const ask = (answer: (asked: Uint8Array) => Uint8Array) =>
    fetchRevocation(need, {
      fetch: (async (_url: URL, init: RequestInit) =>
        new Response(Buffer.from(answer(new Uint8Array(init.body as Uint8Array<ArrayBuffer>))))) as typeof fetch,
    });
  assert.equal((await ask(answerTo))?.ocsp_responses?.length, 1);
  assert.equal(await ask(() => answerTo(replayed.der)), undefined);
});

test('DSTU: zero, the order and more, and halves of odd length are no signature', () => {
  const curve = createCurve(curve_parameters[0]!);
  const key = publicKeyFrom(curve, publicPointOf(curve, 5n));
  const hash = digest(oids.gost34311, content)!;
  const signature = signDstu(curve, 5n, hash);
  assert.equal(verifyDstu(key, hash, signature), true);
  const half = signature.length / 2;
  const r = signature.subarray(0, half);
  const s = signature.subarray(half);
  const bad = [
    [new Uint8Array(half), s],
    [r, new Uint8Array(half)],
    [new Uint8Array(half), new Uint8Array(half)],
    [writeInteger(curve.order, half), s],
    [r, writeInteger(curve.order, half)],
    [s, r],
    [r, s, Uint8Array.of(0)],
    [],
  ];
  for (const parts of bad) assert.equal(verifyDstu(key, hash, Buffer.concat(parts)), false);
  const other = publicKeyFrom(curve, publicPointOf(curve, 6n));
  assert.equal(verifyDstu(other, hash, signature), false);
});

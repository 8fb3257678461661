import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oids } from '../asn1/oids.ts';
import { answerOcspRequest } from '../development/revocation-authority.ts';
import { answerTimeStampRequest } from '../development/time-stamp-authority.ts';
import {
  createCertificateAuthority,
  createTrustStore,
  issueCertificate,
  one_signature,
  type SignaturePolicy,
  sign,
  upgradeContainer,
  verify,
} from '../index.ts';
import { createOcspRequest } from '../revocation/ocsp-request.ts';
import type { RevocationData } from '../revocation/revocation-data.ts';
import {
  at,
  authority,
  both,
  container,
  content,
  crl,
  doctor,
  hours,
  ocsp,
  required,
  responder,
  serial,
  sources,
  stamp,
  trust,
  unit,
  validity,
} from '../testing/proofs.ts';
import { createTimeStampRequest, readTimeStampResponse } from '../time-stamps/exchange.ts';
import { addProofs } from '../upgrade/upgrade.ts';
import { readCertificate } from '../x509/certificate.ts';

async function outcome(revocation_data: RevocationData, policy = required, when = at) {
  const result = await verify(container, policy, trust, { at: when, revocation_data });
  return result.sub_indication ?? result.indication;
}

test('an unknown status refuses when the policy requires one, and only then', async () => {
  assert.equal(await outcome({}), 'TRY_LATER');
  assert.equal(await outcome({}, one_signature), 'TOTAL_PASSED');
});

test('a fresh good answer or list passes; a stale one is no answer', async () => {
  assert.equal(await outcome(ocsp()), 'TOTAL_PASSED');
  assert.equal(await outcome(crl([])), 'TOTAL_PASSED');
  assert.equal(await outcome(ocsp({ this_update: hours(-25) })), 'TRY_LATER');
  assert.equal(await outcome(ocsp({ this_update: hours(-25), next_update: hours(1) })), 'TOTAL_PASSED');
  assert.equal(await outcome(crl([], hours(-30))), 'TRY_LATER');
  assert.equal(
    await outcome(ocsp({ this_update: hours(-2) }), { ...required, revocation_freshness_s: 3_600 }),
    'TRY_LATER',
  );
});

test('revoked by OCSP or CRL refuses under every policy, also by a stale proof', async () => {
  for (const policy of [required, one_signature]) {
    assert.equal(await outcome(ocsp({ status: hours(-1) }), policy), 'REVOKED_NO_POE');
    assert.equal(await outcome(crl([[serial, hours(-3)]]), policy), 'REVOKED_NO_POE');
    assert.equal(await outcome(crl([[serial, hours(-40)]], hours(-39)), policy), 'REVOKED_NO_POE');
    const both = { ...ocsp(), ...crl([[serial, hours(-3)]]) };
    assert.equal(await outcome(both, policy), 'REVOKED_NO_POE');
  }
});

test('a responder that disowns the certificate refuses under every policy', async () => {
  assert.equal(await outcome(ocsp({ status: 'unknown' })), 'TRY_LATER');
  assert.equal(await outcome(ocsp({ status: 'unknown' }), one_signature), 'TRY_LATER');
});

test('a later revocation does not spoil an earlier signature', async () => {
  assert.equal(await outcome(ocsp({ status: hours(1), this_update: hours(2) })), 'TOTAL_PASSED');
});

test('answers and lists of others are no answers', async () => {
  const rogue = createCertificateAuthority({ name: 'Authority', ...validity });
  const rogue_responder = issueCertificate(rogue, { common_name: 'OCSP', usage: 'ocsp', ...validity });
  const person = issueCertificate(authority, { common_name: 'Person', ...validity });
  assert.equal(await outcome(ocsp({ by: rogue_responder })), 'TRY_LATER');
  assert.equal(await outcome(ocsp({ by: person })), 'TRY_LATER');
  assert.equal(await outcome(crl([], hours(-1), rogue)), 'TRY_LATER');
  assert.equal(await outcome(crl([[serial, hours(-3)]], hours(-1), rogue), one_signature), 'TOTAL_PASSED');
  assert.equal(
    await outcome({ ocsp_responses: [new Uint8Array([1, 2, 3])], crls: [new Uint8Array([0x30, 0])] }),
    'TRY_LATER',
  );
});

test('the answer about another certificate is no answer', async () => {
  const other = issueCertificate(authority, { common_name: 'Other', ...validity });
  const { der } = createOcspRequest(other.certificate, authority.certificate);
  const response = answerOcspRequest(der, { responder, statusOf: () => 'good', times: { this_update: at } });
  assert.equal(await outcome({ ocsp_responses: [response] }), 'TRY_LATER');
});

test('a revoked authority in the middle', async () => {
  const root = createCertificateAuthority({ name: 'Root', ...validity });
  const middle = createCertificateAuthority({ name: 'Middle', parent: root, ...validity });
  const store = createTrustStore({ anchors: [root.certificate] });
  const signer = issueCertificate(middle, { common_name: 'X', ...validity });
  const data = crl([[readCertificate(middle.certificate).serial, hours(-3)]], hours(-1), root);
  const result = await verify(sign(content, signer), one_signature, store, { at, revocation_data: data });
  assert.equal(result.sub_indication, 'REVOKED_CA_NO_POE');
});

test('upgrade to B-LT: signed bytes untouched, level and best time told, checkable years later', async () => {
  const upgraded = await upgradeContainer(container, one_signature, trust, sources, { at });
  assert.equal(upgraded.result.indication, 'TOTAL_PASSED');
  assert.equal(upgraded.result.signatures[0]?.level, 'B-LT');
  assert.equal(upgraded.result.signatures[0]?.best_signature_time, at.toISOString());
  const later = await verify(upgraded.container, { ...required, level: 'B-LT' }, trust, { at: hours(24 * 3650) });
  assert.equal(later.indication, 'TOTAL_PASSED', later.validation_error_message);
  assert.equal(later.signatures[0]?.best_signature_time, hours(1).toISOString());
  assert.equal(
    (await verify(container, required, trust, { at: hours(24 * 3650) })).sub_indication,
    'OUT_OF_BOUNDS_NO_POE',
  );
});

test('upgrade to B-T only, when nobody tells the status; a second upgrade adds it', async () => {
  const first = await upgradeContainer(
    container,
    one_signature,
    trust,
    { ...sources, revocation: async () => undefined },
    { at },
  );
  assert.equal(first.result.signatures[0]?.level, 'B-T');
  assert.equal(
    (await verify(first.container, { ...one_signature, level: 'B-LT' }, trust, { at })).sub_indication,
    'SIG_CONSTRAINTS_FAILURE',
  );
  const second = await upgradeContainer(first.container, one_signature, trust, sources, { at });
  assert.equal(second.result.signatures[0]?.level, 'B-LT');
});

test('a signature stamped before the revocation stays good', async () => {
  const stamped = addProofs(container, { time_stamps: (signature) => [stamp(signature, hours(1))] });
  const unit_is_good = ocsp({ about: unit, this_update: hours(2) });
  const data = both(ocsp({ status: hours(5), this_update: hours(6) }), unit_is_good);
  assert.equal(
    (await verify(stamped, required, trust, { at: hours(10), revocation_data: data })).indication,
    'TOTAL_PASSED',
  );
  assert.equal(
    (await verify(container, required, trust, { at: hours(10), revocation_data: data })).sub_indication,
    'REVOKED_NO_POE',
  );
});

test('a copied time-stamp refuses; a stamp of a stranger or of a person proves nothing', async () => {
  const other = sign(new Uint8Array([1]), doctor);
  const copied = addProofs(container, { time_stamps: () => [stamp(other, hours(1))] });
  assert.equal((await verify(copied, one_signature, trust, { at })).sub_indication, 'SIG_CONSTRAINTS_FAILURE');
  const rogue = createCertificateAuthority({ name: 'Authority', ...validity });
  const stranger = issueCertificate(rogue, { common_name: 'TSA', usage: 'time_stamps', ...validity });
  for (const by of [
    stranger,
    doctor,
    issueCertificate(authority, { common_name: 'OCSP', usage: 'ocsp', ...validity }),
  ]) {
    const stamped = addProofs(container, { time_stamps: (signature) => [stamp(signature, hours(-24 * 365), by)] });
    const result = await verify(stamped, one_signature, trust, { at });
    assert.equal(result.signatures[0]?.level, 'B-B');
    assert.equal(result.signatures[0]?.best_signature_time, at.toISOString());
  }
});

test('a time-stamp answer to another request, or over other bytes, is not taken', () => {
  const request = createTimeStampRequest(new Uint8Array([1]), oids.sha256);
  const again = createTimeStampRequest(new Uint8Array([1]), oids.sha256);
  const response = answerTimeStampRequest(request.der, unit, at);
  assert.throws(() => readTimeStampResponse(response, again), /another request/);
  assert.throws(
    () => readTimeStampResponse(response, createTimeStampRequest(new Uint8Array([2]), oids.sha256)),
    /something else/,
  );
  assert.throws(
    () => readTimeStampResponse(answerTimeStampRequest(new Uint8Array([1]), unit, at), request),
    /status 2/,
  );
});

test('nested envelopes: the outermost is upgraded, the inner one stays as it was signed', async () => {
  const seal = issueCertificate(authority, { common_name: 'Clinic', usage: 'stamp', ...validity });
  const nested = sign(container, seal, { signing_time: at });
  const policy: SignaturePolicy = { ...one_signature, layers: 2, level: 'B-B' };
  const upgraded = await upgradeContainer(
    nested,
    policy,
    trust,
    { ...sources, revocation: async () => undefined },
    { at },
  );
  assert.deepEqual(
    upgraded.result.signatures.map(({ level }) => level),
    ['B-T', 'B-B'],
  );
  assert.equal(upgraded.result.indication, 'TOTAL_PASSED');
});

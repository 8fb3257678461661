import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oids } from '../asn1/oids.ts';
import {
  answerOcspRequest,
  issueCrl,
  type OcspAnswerPlan,
  type ToldRevocation,
} from '../development/revocation-authority.ts';
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
import { createTimeStampRequest, readTimeStampResponse } from '../time-stamps/exchange.ts';
import { addProofs } from '../upgrade/upgrade.ts';
import { readCertificate } from '../x509/certificate.ts';

const content = new TextEncoder().encode('{"declaration":1}');
const at = new Date('2026-06-15T12:00:00Z');
const hours = (count: number) => new Date(at.getTime() + count * 3_600_000);
const validity = { not_before: hours(-48), not_after: hours(24 * 365) };
const authority = createCertificateAuthority({ name: 'Authority', algorithm: 'dstu-257', ...validity });
const doctor = issueCertificate(authority, {
  common_name: 'Doctor',
  drfo: '1234567890',
  algorithm: 'dstu-257',
  ...validity,
});
const responder = issueCertificate(authority, { common_name: 'OCSP', usage: 'ocsp', ...validity });
const unit = issueCertificate(authority, { common_name: 'TSA', usage: 'time_stamps', ...validity });
const trust = createTrustStore({ anchors: [authority.certificate] });
const container = sign(content, doctor, { signing_time: at });
const serial = readCertificate(doctor.certificate).serial;
const required: SignaturePolicy = { ...one_signature, revocation: 'required' };

type Answer = {
  status?: ReturnType<OcspAnswerPlan['statusOf']>;
  by?: typeof responder;
  about?: typeof doctor;
  this_update?: Date;
  next_update?: Date;
};

function ocsp({ status = 'good', by = responder, about = doctor, ...times }: Answer = {}): RevocationData {
  const { der } = createOcspRequest(about.certificate, authority.certificate);
  const plan = { responder: by, statusOf: () => status, times: { this_update: times.this_update ?? at, ...times } };
  return { ocsp_responses: [answerOcspRequest(der, plan)] };
}

function crl(revoked: [string, ToldRevocation][], this_update = hours(-1), by = authority): RevocationData {
  return { crls: [issueCrl(by, new Map(revoked), { this_update })] };
}

const both = (...all: RevocationData[]): RevocationData => ({
  crls: all.flatMap(({ crls }) => crls ?? []),
  ocsp_responses: all.flatMap(({ ocsp_responses }) => ocsp_responses ?? []),
});

async function outcome(revocation_data: RevocationData, policy = required, when = at) {
  const result = await verify(container, policy, trust, { at: when, revocation_data });
  return result.sub_indication ?? result.indication;
}

function stamp(signature: Uint8Array, when: Date, by = unit): Uint8Array {
  const request = createTimeStampRequest(signature, oids.gost34311);
  return readTimeStampResponse(answerTimeStampRequest(request.der, by, when), request);
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

const sources = {
  timeStamp: async (signature: Uint8Array) => stamp(signature, hours(1)),
  revocation: async ({ certificate }: { certificate: Uint8Array }) =>
    ocsp({ about: { ...doctor, certificate }, this_update: hours(2) }),
};

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

/** An expired certificate, stamped while it was valid: everything hangs on the stamp. */
const expired = issueCertificate(authority, { common_name: 'Expired', not_before: hours(-48), not_after: hours(2) });
const held_by_stamp = addProofs(sign(content, expired), {
  time_stamps: (signature) => [stamp(signature, hours(1))],
});
const status_of_signer = ocsp({ about: expired, this_update: hours(2) });

async function heldBy(revocation_data: RevocationData, policy = one_signature) {
  const result = await verify(held_by_stamp, policy, trust, { at: hours(10), revocation_data });
  const { level, best_signature_time } = result.signatures[0]!;
  return [result.sub_indication ?? result.indication, level, best_signature_time];
}
const holds = ['TOTAL_PASSED', 'B-T', hours(1).toISOString()];
const falls = ['OUT_OF_BOUNDS_NO_POE', 'B-B', hours(10).toISOString()];

test('a time-stamp proves nothing when its unit was revoked, unless the reason clears the key and came later', async () => {
  const unit_serial = readCertificate(unit.certificate).serial;
  const unitBy = (status: Answer['status']) =>
    ocsp({ about: unit, this_update: hours(3), ...(status ? { status } : {}) });
  const unitIn = (told: Date | { at: Date; reason: number }) => crl([[unit_serial, told]], hours(3));
  assert.deepEqual(await heldBy(unitBy('good')), holds);
  const superseded = 4;
  const compromised = 1;
  for (const one of [unitBy, unitIn]) {
    assert.deepEqual(await heldBy(one({ at: hours(2), reason: superseded })), holds, 'later, and the key was safe');
    assert.deepEqual(await heldBy(one({ at: hours(0.5), reason: superseded })), falls, 'before it stamped');
    assert.deepEqual(
      await heldBy(one({ at: hours(2), reason: compromised })),
      falls,
      'whoever had the key may have stamped',
    );
    assert.deepEqual(await heldBy(one(hours(2))), falls, 'without a reason the key may be known (RFC 3161 §4)');
  }
  assert.deepEqual(await heldBy(unitBy('unknown')), falls, 'disowned');
});

test('a unit of unknown status: the policy decides, and a stranger’s word is none', async () => {
  const required_and_signer_good = (more: RevocationData = {}) => heldBy(both(status_of_signer, more), required);
  assert.deepEqual(await heldBy({}), holds);
  assert.deepEqual(await required_and_signer_good(), falls);
  assert.deepEqual(await required_and_signer_good(ocsp({ about: unit, this_update: hours(3) })), holds);
  const rogue = createCertificateAuthority({ name: 'Authority', ...validity });
  const rogue_list = crl([[readCertificate(unit.certificate).serial, hours(0.5)]], hours(3), rogue);
  assert.deepEqual(await heldBy(rogue_list), holds);
});

test('B-LT needs the status of the unit as well, and the upgrade collects it', async () => {
  const asked: string[] = [];
  const upgraded = await upgradeContainer(
    container,
    one_signature,
    trust,
    {
      ...sources,
      revocation: async (need) => {
        asked.push(readCertificate(need.certificate).subject_name.get(oids.common_name)![0]!);
        return sources.revocation(need);
      },
    },
    { at },
  );
  assert.deepEqual(asked.toSorted(), ['Doctor', 'TSA']);
  assert.equal(upgraded.result.signatures[0]?.level, 'B-LT');
  const without = await upgradeContainer(
    container,
    one_signature,
    trust,
    {
      ...sources,
      revocation: async (need) =>
        need.certificate === unit.certificate
          ? undefined
          : sources.revocation({ ...need, certificate: doctor.certificate }),
    },
    { at },
  );
  assert.equal(without.result.signatures[0]?.level, 'B-T');
});

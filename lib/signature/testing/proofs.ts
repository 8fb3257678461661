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
} from '../index.ts';
import { createOcspRequest } from '../revocation/ocsp-request.ts';
import type { RevocationData } from '../revocation/revocation-data.ts';
import { createTimeStampRequest, readTimeStampResponse } from '../time-stamps/exchange.ts';
import { readCertificate } from '../x509/certificate.ts';

// A doctor under an authority with a responder and a time-stamp unit, and what they say. For tests of statuses and levels.

export const content = new TextEncoder().encode('{"declaration":1}');
export const at = new Date('2026-06-15T12:00:00Z');
export const hours = (count: number) => new Date(at.getTime() + count * 3_600_000);
export const validity = { not_before: hours(-48), not_after: hours(24 * 365) };
export const authority = createCertificateAuthority({ name: 'Authority', algorithm: 'dstu-257', ...validity });
export const doctor = issueCertificate(authority, {
  common_name: 'Doctor',
  drfo: '1234567890',
  algorithm: 'dstu-257',
  ...validity,
});
export const responder = issueCertificate(authority, { common_name: 'OCSP', usage: 'ocsp', ...validity });
export const unit = issueCertificate(authority, { common_name: 'TSA', usage: 'time_stamps', ...validity });
export const trust = createTrustStore({ anchors: [authority.certificate] });
export const container = sign(content, doctor, { signing_time: at });
export const serial = readCertificate(doctor.certificate).serial;
export const required: SignaturePolicy = { ...one_signature, revocation: 'required' };

export type Answer = {
  status?: ReturnType<OcspAnswerPlan['statusOf']>;
  by?: typeof responder;
  about?: typeof doctor;
  this_update?: Date;
  next_update?: Date;
};

export function ocsp({ status = 'good', by = responder, about = doctor, ...times }: Answer = {}): RevocationData {
  const { der } = createOcspRequest(about.certificate, authority.certificate);
  const plan = { responder: by, statusOf: () => status, times: { this_update: times.this_update ?? at, ...times } };
  return { ocsp_responses: [answerOcspRequest(der, plan)] };
}

export function crl(revoked: [string, ToldRevocation][], this_update = hours(-1), by = authority): RevocationData {
  return { crls: [issueCrl(by, new Map(revoked), { this_update })] };
}

export const both = (...all: RevocationData[]): RevocationData => ({
  crls: all.flatMap(({ crls }) => crls ?? []),
  ocsp_responses: all.flatMap(({ ocsp_responses }) => ocsp_responses ?? []),
});

export function stamp(signature: Uint8Array, when: Date, by = unit): Uint8Array {
  const request = createTimeStampRequest(signature, oids.gost34311);
  return readTimeStampResponse(answerTimeStampRequest(request.der, by, when), request);
}

/** Proofs as an authority gives them: a stamp after an hour, statuses after two. */
export const sources = {
  timeStamp: async (signature: Uint8Array) => stamp(signature, hours(1)),
  revocation: async ({ certificate }: { certificate: Uint8Array }): Promise<RevocationData | undefined> =>
    ocsp({ about: { ...doctor, certificate }, this_update: hours(2) }),
};

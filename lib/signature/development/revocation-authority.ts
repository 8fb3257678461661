import { oids } from '../asn1/oids.ts';
import { Asn1Error } from '../asn1/reader.ts';
import { tag } from '../asn1/values.ts';
import {
  bitString,
  context,
  contextPrimitive,
  element,
  generalizedTime,
  integer,
  octetString,
  oid,
  sequence,
  time,
} from '../asn1/writer.ts';
import { namesIssuer } from '../revocation/ocsp.ts';
import { readOcspRequest } from '../revocation/ocsp-request.ts';
import { readCertificate } from '../x509/certificate.ts';
import type { CertificateAuthority } from './authority.ts';
import { subjectOf } from './authority.ts';
import { type DevelopmentServer, startServer } from './development-server.ts';
import type { Signatory } from './sign.ts';
import { readSigningKey } from './signing-keys.ts';

/** When, and why (CRLReason) if that is told. */
export type ToldRevocation = Date | { at: Date; reason: number };

/** Revoked certificates by serial number (hex, as in a certificate report). */
export type Revocations = Map<string, ToldRevocation>;

export type RevocationTimes = { this_update: Date; next_update?: Date };

const hour_ms = 3_600_000;

/** A complete CRL of this authority (RFC 5280 §5.1), DER. */
export function issueCrl(
  authority: CertificateAuthority,
  revocations: Revocations,
  times: RevocationTimes,
): Uint8Array {
  const key = readSigningKey(authority.private_key);
  const entries = [...revocations].map(([serial, told]) => crlEntry(serial, told));
  const next_update = times.next_update ?? new Date(times.this_update.getTime() + 24 * hour_ms);
  const tbs = sequence(
    integer(1),
    key.signature_algorithm,
    subjectOf(authority.certificate),
    time(times.this_update),
    time(next_update),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    context(
      0,
      sequence(sequence(oid(oids.crl_number), octetString(integer(Math.floor(times.this_update.getTime() / 1000))))),
    ),
  );
  return sequence(tbs, key.signature_algorithm, bitString(key.sign(tbs)));
}

function crlEntry(serial: string, told: ToldRevocation): Uint8Array {
  const number = integer(Buffer.from(serial, 'hex'));
  if (told instanceof Date) return sequence(number, time(told));
  const reason = sequence(sequence(oid(oids.reason_code), octetString(enumerated(told.reason))));
  return sequence(number, time(told.at), reason);
}

function enumerated(value: number): Uint8Array {
  return element(tag.enumerated, Uint8Array.of(value));
}

export type OcspAnswerPlan = {
  /** The authority itself, or a responder with a certificate of use `ocsp`. */
  responder: Signatory;
  statusOf: (serial: string) => 'good' | 'unknown' | ToldRevocation;
  /** DER. The only authority it answers for; certificates of others are `unknown`. Any when absent. */
  issuer?: Uint8Array;
  times: RevocationTimes;
};

/** Answers an OCSPRequest (RFC 6960 §4.2); `malformedRequest` when it cannot be read. */
export function answerOcspRequest(request_der: Uint8Array, plan: OcspAnswerPlan): Uint8Array {
  try {
    const { ids, nonce } = readOcspRequest(request_der);
    const issuer = plan.issuer && readCertificate(plan.issuer);
    const statuses = ids.map((id) => {
      const status = issuer && !namesIssuer(id, issuer) ? 'unknown' : plan.statusOf(id.serial);
      return singleResponse(id.der, status, plan.times);
    });
    return sequence(
      element(0x0a, Uint8Array.of(0)),
      context(0, sequence(oid(oids.ocsp_basic), octetString(basicResponse(statuses, nonce, plan)))),
    );
  } catch (error) {
    if (error instanceof Asn1Error) return sequence(element(0x0a, Uint8Array.of(1)));
    throw error;
  }
}

function singleResponse(
  id: Uint8Array,
  status: 'good' | 'unknown' | ToldRevocation,
  { this_update, next_update }: RevocationTimes,
): Uint8Array {
  const written =
    status === 'good'
      ? contextPrimitive(0, new Uint8Array())
      : status === 'unknown'
        ? contextPrimitive(2, new Uint8Array())
        : context(1, ...revokedInfo(status));
  const next = next_update ? [context(0, generalizedTime(next_update))] : [];
  return sequence(id, written, generalizedTime(this_update), ...next);
}

function revokedInfo(told: ToldRevocation): Uint8Array[] {
  if (told instanceof Date) return [generalizedTime(told)];
  return [generalizedTime(told.at), context(0, enumerated(told.reason))];
}

function basicResponse(
  statuses: Uint8Array[],
  nonce: Uint8Array | undefined,
  { responder, times }: OcspAnswerPlan,
): Uint8Array {
  const key = readSigningKey(responder.private_key);
  const name = Buffer.from(readCertificate(responder.certificate).subject, 'hex');
  const repeated = nonce ? [context(1, sequence(sequence(oid(oids.ocsp_nonce), octetString(octetString(nonce)))))] : [];
  const tbs = sequence(context(1, name), generalizedTime(times.this_update), sequence(...statuses), ...repeated);
  return sequence(tbs, key.signature_algorithm, bitString(key.sign(tbs)), context(0, sequence(responder.certificate)));
}

/** An OCSP responder over HTTP (RFC 6960 appendix A) for development and tests. */
export function startOcspResponder(
  plan: { responder: Signatory; statusOf: OcspAnswerPlan['statusOf'] },
  options: { port?: number; clock?: () => Date } = {},
): Promise<DevelopmentServer> {
  const clock = options.clock ?? (() => new Date());
  return startServer(options.port, {
    'application/ocsp-request': {
      type: 'application/ocsp-response',
      answer: (body) => {
        const this_update = clock();
        return answerOcspRequest(body, {
          ...plan,
          times: { this_update, next_update: new Date(this_update.getTime() + hour_ms) },
        });
      },
    },
  });
}

/** Serves this authority's CRL, made anew for each request, over HTTP. */
export function startCrlServer(
  authority: CertificateAuthority,
  revocations: Revocations,
  options: { port?: number } = {},
): Promise<DevelopmentServer> {
  return startServer(options.port, {
    '': { type: 'application/pkix-crl', answer: () => issueCrl(authority, revocations, { this_update: new Date() }) },
  });
}

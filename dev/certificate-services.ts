import type { Clock } from '@zdravo/kit/clock';
import type { HttpServer } from '@zdravo/kit/http';
import { malformed } from '@zdravo/kit/problem';
import { answerOcspRequest, answerTimeStampRequest, type CertificateFiles } from '@zdravo/signature';
import type { DevelopmentAuthority } from './certificates.ts';

const prefix = '/certificates';
const most_bytes = 64 * 1024;
/** How long an answer of the responder is good for. */
const answer_ms = 3_600_000;

/** Where the services of the development authority answer on a platform's address. */
export function servicesAt(platform_address: string): string {
  return `${platform_address}${prefix}`;
}

/** Where time-stamps are given on a platform's address. */
export function timeStampsAt(platform_address: string): string {
  return `${servicesAt(platform_address)}/time-stamps`;
}

/**
 * Development only: what a certification authority offers to the public, on the platform's own address: OCSP (RFC 6960), the
 * list of revoked certificates, time-stamps (RFC 3161), and the authority's certificate for whoever wants to trust it.
 */
export async function mountCertificateServices(
  app: HttpServer,
  authority: DevelopmentAuthority,
  clock: Clock,
): Promise<void> {
  const responder = await authority.issueSigner('ocsp', { common_name: 'Zdravo development OCSP', usage: 'ocsp' });
  const unit = await authority.issueSigner('time-stamps', {
    common_name: 'Zdravo development time-stamps',
    usage: 'time_stamps',
  });
  await app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(
      ['application/ocsp-request', 'application/timestamp-query'],
      { parseAs: 'buffer', bodyLimit: most_bytes },
      (_request, body, done) => done(null, body),
    );
    scope.post<{ Body: unknown }>(`${prefix}/ocsp`, hidden, async (request, reply) =>
      reply
        .type('application/ocsp-response')
        .send(await answerOcsp(bytesOf(request.body), authority, responder.files, clock.now())),
    );
    scope.post<{ Body: unknown }>(`${prefix}/time-stamps`, hidden, async (request, reply) => {
      const answer = answerTimeStampRequest(bytesOf(request.body), unit.files, clock.now());
      return reply.type('application/timestamp-reply').send(Buffer.from(answer));
    });
    scope.get(`${prefix}/revoked.crl`, hidden, async (_request, reply) =>
      reply.type('application/pkix-crl').send(Buffer.from(await authority.issueList(clock.now()))),
    );
    scope.get(`${prefix}/authority.cer`, hidden, async (_request, reply) =>
      reply.type('application/pkix-cert').send(Buffer.from(authority.certificate)),
    );
  });
}

const hidden = { schema: { hide: true } };

async function answerOcsp(
  request: Uint8Array,
  authority: DevelopmentAuthority,
  responder: CertificateFiles,
  this_update: Date,
): Promise<Buffer> {
  const revocations = await authority.listRevocations();
  const answer = answerOcspRequest(request, {
    responder,
    issuer: authority.certificate,
    statusOf: (serial) => revocations.get(serial) ?? 'good',
    times: { this_update, next_update: new Date(this_update.getTime() + answer_ms) },
  });
  return Buffer.from(answer);
}

function bytesOf(body: unknown): Uint8Array {
  if (Buffer.isBuffer(body)) return body;
  throw malformed('The body is not DER.', 'der_missing');
}

import { randomBytes } from 'node:crypto';
import { oids } from '../asn1/oids.ts';
import { Asn1Error } from '../asn1/reader.ts';
import { generalizedTime, integer, octetString, oid, sequence } from '../asn1/writer.ts';
import { isAcceptedDigest } from '../crypto/digests.ts';
import { readTimeStampRequest } from '../time-stamps/exchange.ts';
import { type DevelopmentServer, startServer } from './development-server.ts';
import { type Signatory, sign } from './sign.ts';

/** Policy identifier of development stamps, from the arc for documentation and examples (2.999). */
const development_policy = '2.999.4145.1';

/** Answers a TimeStampReq (RFC 3161 §2.4.2), or refuses it with status 2. `unit`: a certificate of use `time_stamps`. */
export function answerTimeStampRequest(request_der: Uint8Array, unit: Signatory, now: Date): Uint8Array {
  try {
    const { digest_algorithm, imprint, nonce } = readTimeStampRequest(request_der);
    if (!isAcceptedDigest(digest_algorithm)) return refusal;
    const tst_info = sequence(
      integer(1),
      oid(development_policy),
      sequence(sequence(oid(digest_algorithm)), octetString(imprint)),
      integer(randomBytes(8)),
      generalizedTime(now),
      ...(nonce ? [integer(nonce)] : []),
    );
    return sequence(sequence(integer(0)), sign(tst_info, unit, { content_type: oids.tst_info, signing_time: now }));
  } catch (error) {
    if (error instanceof Asn1Error) return refusal;
    throw error;
  }
}

const refusal = sequence(sequence(integer(2)));

/** A time-stamp authority over HTTP (RFC 3161 §3.4) for development and tests. */
export function startTimeStampAuthority(
  unit: Signatory,
  options: { port?: number; clock?: () => Date } = {},
): Promise<DevelopmentServer> {
  const clock = options.clock ?? (() => new Date());
  return startServer(options.port, {
    'application/timestamp-query': {
      type: 'application/timestamp-reply',
      answer: (body) => answerTimeStampRequest(body, unit, clock()),
    },
  });
}

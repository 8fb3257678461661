import { oids } from '../asn1/oids.ts';
import { readAsn1 } from '../asn1/reader.ts';
import { fieldsOf, octetsOf, oidOf, sameBytes, smallIntegerOf, tag, timeOf } from '../asn1/values.ts';
import { readSignedData } from '../cms/signed-data.ts';
import { readAlgorithm } from '../crypto/algorithm-identifier.ts';
import { digest } from '../crypto/digests.ts';
import { buildChain, type Chain } from '../trust/chain.ts';
import { isGranted, type TrustStore } from '../trust/trust-store.ts';
import { checkBinding, readOffered } from '../verification/check-binding.ts';
import { type Fault, fault } from '../verification/result.ts';
import type { Certificate } from '../x509/certificate.ts';

/** TSTInfo (RFC 3161 §2.4.2), as far as it matters here. */
export type TimeStamp = {
  time: Date;
  policy: string;
  digest_algorithm: string;
  imprint: Uint8Array;
  nonce: Uint8Array | undefined;
};

const limits = { bytes: 256 * 1024, nodes: 20_000, depth: 32 };

/** Reads the body of a token without believing it. Throws Asn1Error. */
export function readTimeStamp(tst_info: Uint8Array): TimeStamp {
  const fields = fieldsOf(readAsn1(tst_info, 'DER', limits), 'TSTInfo');
  smallIntegerOf(fields.take(tag.integer, 'version'));
  const policy = oidOf(fields.take(tag.oid, 'policy'));
  const imprint = fieldsOf(fields.take(tag.sequence, 'messageImprint'), 'MessageImprint');
  const digest_algorithm = readAlgorithm(imprint.take(tag.sequence, 'hashAlgorithm')).oid;
  const hashed = octetsOf(imprint.take(tag.octet_string, 'hashedMessage'));
  fields.take(tag.integer, 'serialNumber');
  const time = timeOf(fields.take(tag.generalized_time, 'genTime'));
  fields.optional(tag.sequence);
  fields.optional(tag.boolean);
  const nonce = fields.optional(tag.integer);
  return {
    time,
    policy,
    digest_algorithm,
    imprint: hashed,
    nonce: nonce && nonceOf(nonce.source.subarray(nonce.body_start, nonce.body_end)),
  };
}

function nonceOf(integer: Uint8Array): Uint8Array {
  return integer[0] === 0 && integer.length > 1 ? integer.subarray(1) : integer;
}

/**
 * `imprint_differs`: the token is about other bytes (copied from elsewhere, or the signature was changed).
 * A `fault` without it: the token cannot be believed, and proves nothing.
 * `chain`: of the unit, whose status is left to the caller; undefined when the unit itself stands in the trust list.
 */
export type TimeStampOutcome =
  | { time: Date; chain: Chain | undefined; fault?: undefined }
  | { fault: Fault; imprint_differs: boolean; time?: undefined };

/** Checks a time-stamp token over `stamped` bytes: imprint, signature, purpose, chain at its own time. Throws Asn1Error. */
export function checkTimeStamp(
  token: Uint8Array,
  stamped: Uint8Array,
  trust: TrustStore,
  offered: Certificate[],
): TimeStampOutcome {
  const signed_data = readSignedData(token, limits);
  const [signer_info, ...others] = signed_data.signer_infos;
  if (!signer_info || others.length > 0 || !signed_data.content)
    return distrust('A time-stamp has one signature and a body');
  const stamp = readTimeStamp(signed_data.content);
  const actual = digest(stamp.digest_algorithm, stamped);
  if (!actual) return distrust(`Digest ${stamp.digest_algorithm} is not accepted`);
  if (!sameBytes(actual, stamp.imprint)) {
    return { fault: fault('HASH_FAILURE', 'The time-stamp is over something else'), imprint_differs: true };
  }
  const candidates = [...readOffered(signed_data, trust), ...offered];
  const binding = checkBinding({
    signer_info,
    signed_data,
    content: signed_data.content,
    content_type: oids.tst_info,
    offered: [...candidates, ...listedUnits(trust, stamp.time)],
  });
  if (binding.fault) return { fault: binding.fault, imprint_differs: false };
  const { chain, fault: problem } = findAuthority(binding.certificate!, candidates, trust, stamp.time);
  return problem ? { fault: problem, imprint_differs: false } : { time: stamp.time, chain };
}

function distrust(message: string): TimeStampOutcome {
  return { fault: fault('SIG_CONSTRAINTS_FAILURE', message), imprint_differs: false };
}

function listedUnits(trust: TrustStore, at: Date): Certificate[] {
  const units = trust.anchors.filter((anchor) => anchor.services.includes('time_stamps') && isGranted(anchor, at));
  return units.map(({ certificate }) => certificate);
}

/** A time-stamp unit stands in the trust list itself, or is certified for nothing else (RFC 3161 §2.3). */
function findAuthority(
  certificate: Certificate,
  offered: Certificate[],
  trust: TrustStore,
  at: Date,
): { chain?: Chain | undefined; fault?: Fault | undefined } {
  const is_listed = listedUnits(trust, at).some(
    (unit) => unit.sha256 === certificate.sha256 && !unit.extensions.is_authority,
  );
  if (is_listed && certificate.not_before <= at && at <= certificate.not_after) return {};
  const { purposes } = certificate.extensions;
  if (purposes?.length !== 1 || purposes[0] !== oids.purpose_time_stamping) {
    return { fault: fault('CHAIN_CONSTRAINTS_FAILURE', 'The certificate is not for time-stamps') };
  }
  return buildChain({ certificate, offered, trust, service: 'time_stamps', at });
}

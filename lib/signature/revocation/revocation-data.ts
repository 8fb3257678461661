import { Asn1Error } from '../asn1/reader.ts';
import { sha256Hex } from '../crypto/digests.ts';
import { createRecentMap, type RecentMap } from '../trust/recent-map.ts';
import { type Crl, readCrl } from './crl.ts';
import { type OcspAnswer, readOcspAnswer } from './ocsp.ts';

/** Encoded lists and answers from anywhere: a container, a cache, a responder. Not believed until checked. */
export type RevocationData = { crls?: Uint8Array[]; ocsp_responses?: Uint8Array[] };

export type ReadRevocationData = { crls: Crl[]; ocsp_answers: OcspAnswer[] };

const crls_read: RecentMap<Crl> = createRecentMap(64);

/** A container must not choose what its verification costs. */
const most_of_each = 32;

/** What can be read of it; broken pieces prove nothing and are passed over. */
export function readRevocationData({ crls, ocsp_responses }: RevocationData): ReadRevocationData {
  return {
    crls: (crls ?? []).slice(0, most_of_each).flatMap((der) => attempt(() => rememberCrl(der))),
    ocsp_answers: (ocsp_responses ?? []).slice(0, most_of_each).flatMap((der) => attempt(() => readOcspAnswer(der))),
  };
}

/** Lists are large and the same for many signatures: read once. */
function rememberCrl(der: Uint8Array): Crl {
  const key = sha256Hex(der);
  const known = crls_read.get(key);
  if (known) return known;
  const crl = readCrl(Uint8Array.from(der));
  crls_read.set(key, crl);
  return crl;
}

function attempt<Value>(read: () => Value): Value[] {
  try {
    return [read()];
  } catch (error) {
    if (error instanceof Asn1Error) return [];
    throw error;
  }
}

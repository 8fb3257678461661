import { oids } from '../asn1/oids.ts';
import { type Asn1Node, bytesOf, childrenOf, readAsn1, readElementAt } from '../asn1/reader.ts';
import { fieldsOf, hexOf, insideOf, integerOf, smallIntegerOf, tag, timeOf, wholeBitsOf } from '../asn1/values.ts';
import { type AlgorithmIdentifier, readAlgorithm } from '../crypto/algorithm-identifier.ts';
import { sha256Hex } from '../crypto/digests.ts';
import { type Extension, readExtensionList } from '../x509/extension-list.ts';
import { clearsKey, type Revocation, readReason } from './revocation.ts';

/** A certificate revocation list as read (RFC 5280 §5.1); nothing is believed before its signature is checked. */
export type Crl = {
  sha256: string;
  tbs: Uint8Array;
  /** DER of the issuer's name, hex. */
  issuer: string;
  this_update: Date;
  next_update: Date | undefined;
  /** By serial number (hex). */
  revoked: Map<string, Revocation>;
  /** What the list covers, by its issuing distribution point. */
  covers: 'all' | 'users' | 'authorities';
  /** Not a complete list that we understand (delta, indirect, by reasons): it proves no status. */
  is_unusable: boolean;
  signature_algorithm: AlgorithmIdentifier;
  signature: Uint8Array;
};

/** National lists hold some hundred thousand entries. */
const limits = { bytes: 64 * 1024 * 1024, nodes: 20_000_000, depth: 16 };

/** Reads a CRL in strict DER. Throws Asn1Error. */
export function readCrl(der: Uint8Array): Crl {
  const outer = fieldsOf(readAsn1(der, 'DER', limits), 'CertificateList');
  const tbs = outer.take(tag.sequence, 'tbsCertList');
  const signature_algorithm = readAlgorithm(outer.take(tag.sequence, 'signatureAlgorithm'));
  const signature = wholeBitsOf(outer.take(tag.bit_string, 'signatureValue'));
  outer.end();
  const fields = fieldsOf(tbs, 'TBSCertList');
  const version = fields.optional(tag.integer);
  const inner = readAlgorithm(fields.take(tag.sequence, 'signature'));
  const issuer = hexOf(bytesOf(fields.take(tag.sequence, 'issuer')));
  const this_update = timeOf(fields.takeAny('thisUpdate'));
  const next_update = fields.optional(tag.utc_time, tag.generalized_time);
  const entries = fields.optional(tag.sequence);
  const extensions = fields.optional(0xa0);
  fields.end();
  const scope = readScope(extensions);
  const same_algorithm = hexOf(inner.der) === hexOf(signature_algorithm.der);
  const { revoked, has_unknown_critical } = readEntries(entries);
  return {
    sha256: sha256Hex(der),
    tbs: bytesOf(tbs),
    issuer,
    this_update,
    next_update: next_update && timeOf(next_update),
    revoked,
    covers: scope.covers,
    is_unusable:
      scope.is_unusable ||
      has_unknown_critical ||
      !same_algorithm ||
      (version !== undefined && smallIntegerOf(version) !== 1),
    signature_algorithm,
    signature,
  };
}

/** Entries are read one by one and not kept as nodes. An entry's critical extension is that of indirect lists: refused. */
function readEntries(list: Asn1Node | undefined): { revoked: Map<string, Revocation>; has_unknown_critical: boolean } {
  const revoked = new Map<string, Revocation>();
  let has_unknown_critical = false;
  for (let at = list?.body_start ?? 0; list && at < list.body_end; ) {
    const entry = readElementAt(list, at);
    const fields = fieldsOf(entry, 'revokedCertificate');
    const serial = hexOf(integerOf(fields.take(tag.integer, 'userCertificate')));
    const revoked_at = timeOf(fields.takeAny('revocationDate'));
    const extensions = fields.optional(tag.sequence);
    const known = extensions ? readExtensionList(extensions) : [];
    if (hasCriticalBut(known, oids.reason_code)) has_unknown_critical = true;
    const reason = known.find(({ id }) => id === oids.reason_code);
    revoked.set(serial, { at: revoked_at, is_key_safe: clearsKey(reason && readReason(reason.value)) });
    fields.end();
    at = entry.end;
  }
  return { revoked, has_unknown_critical };
}

type Scope = { covers: Crl['covers']; is_unusable: boolean };

function readScope(extensions: Asn1Node | undefined): Scope {
  if (!extensions) return { covers: 'all', is_unusable: false };
  const list = readExtensionList(insideOf(extensions, 'crlExtensions'));
  const point = list.find(({ id }) => id === oids.issuing_distribution_point);
  const scope: Scope = point ? readDistributionPoint(point.value) : { covers: 'all', is_unusable: false };
  return { ...scope, is_unusable: scope.is_unusable || hasCriticalBut(list, oids.issuing_distribution_point) };
}

function hasCriticalBut(list: Extension[], understood: string): boolean {
  return list.some(({ id, is_critical }) => is_critical && id !== understood);
}

/** IssuingDistributionPoint (RFC 5280 §5.2.5): [1] users only, [2] authorities only; [3], [4], [5] narrow it beyond our use. */
function readDistributionPoint(value: Uint8Array): Scope {
  const set = new Set(childrenOf(readAsn1(value)).map((part) => part.id));
  const is_unusable = set.has(0x83) || set.has(0x84) || set.has(0x85) || (set.has(0x81) && set.has(0x82));
  return { covers: set.has(0x81) ? 'users' : set.has(0x82) ? 'authorities' : 'all', is_unusable };
}

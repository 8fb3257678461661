import { oids } from '../asn1/oids.ts';
import { childrenOf, readAsn1 } from '../asn1/reader.ts';
import { integerOf } from '../asn1/values.ts';
import { integer, oid, sequence } from '../asn1/writer.ts';
import { type AlgorithmIdentifier, readAlgorithm } from '../crypto/algorithm-identifier.ts';

const more = 'http://www.w3.org/2001/04/xmldsig-more#';
const enc = 'http://www.w3.org/2001/04/xmlenc#';

/** Identifiers of XML signatures (RFC 9231; the Ukrainian ones as national software writes them) → of CMS. SHA-1 is not among them. */
const digests = new Map<string, string>([
  [`${enc}sha256`, oids.sha256],
  [`${more}sha384`, oids.sha384],
  [`${enc}sha512`, oids.sha512],
  ...national('gost34311', oids.gost34311),
  ...national('dstu7564-256', oids.kupyna256),
  ...national('dstu7564-384', oids.kupyna384),
  ...national('dstu7564-512', oids.kupyna512),
]);

const signatures = new Map<string, string>([
  [`${more}ecdsa-sha256`, oids.ecdsa_sha256],
  [`${more}ecdsa-sha384`, oids.ecdsa_sha384],
  [`${more}ecdsa-sha512`, oids.ecdsa_sha512],
  [`${more}rsa-sha256`, oids.rsa_sha256],
  [`${more}rsa-sha384`, oids.rsa_sha384],
  [`${more}rsa-sha512`, oids.rsa_sha512],
  [`${more}dstu4145`, oids.dstu4145_gost34311],
  [`${more}dstu4145-gost34311`, oids.dstu4145_gost34311],
  [`${more}dstu4145-dstu7564-256`, oids.dstu4145_kupyna256],
]);

function national(name: string, id: string): [string, string][] {
  return [enc, more].map((base) => [`${base}${name}`, id]);
}

/** Object identifier of a digest, or undefined when it is not accepted. */
export function digestOfUri(uri: string): string | undefined {
  return digests.get(uri);
}

/** The algorithm as CMS names it, or undefined when it is not accepted. */
export function signatureOfUri(uri: string): AlgorithmIdentifier | undefined {
  const id = signatures.get(uri);
  return id === undefined ? undefined : readAlgorithm(readAsn1(sequence(oid(id))));
}

/** The first identifier of a digest or a signature algorithm. @throws Error when XML has none for it. */
export function uriOf(kind: 'digest' | 'signature', id: string): string {
  const found = [...(kind === 'digest' ? digests : signatures)].find(([, one]) => one === id)?.[0];
  if (found === undefined) throw new Error(`XML signatures do not know ${id}`);
  return found;
}

const ecdsa = new Set<string>([oids.ecdsa_sha256, oids.ecdsa_sha384, oids.ecdsa_sha512]);

/** XML holds r and s of ECDSA side by side (RFC 4050 §3.3), CMS as a SEQUENCE; the others are the same. */
export function signatureFromXml({ oid: algorithm }: AlgorithmIdentifier, value: Uint8Array): Uint8Array {
  if (!ecdsa.has(algorithm) || value.length === 0 || value.length % 2 !== 0 || value.length > 132) return value;
  const half = value.length / 2;
  return sequence(integer(value.subarray(0, half)), integer(value.subarray(half)));
}

/** The other way round, for keys on P-256 with SHA-256 and on P-384 with SHA-384. */
export function signatureToXml(algorithm: string, value: Uint8Array): Uint8Array {
  if (!ecdsa.has(algorithm)) return value;
  const half = algorithm === oids.ecdsa_sha256 ? 32 : 48;
  const halves = childrenOf(readAsn1(value)).map((part) => Buffer.from(integerOf(part)));
  return Buffer.concat(halves.map((part) => Buffer.concat([Buffer.alloc(half), part]).subarray(-half)));
}

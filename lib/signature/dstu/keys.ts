import { oids } from '../asn1/oids.ts';
import { Asn1Error, type Asn1Node, bodyOf, bytesOf, readAsn1 } from '../asn1/reader.ts';
import { fieldsOf, octetsOf, oidOf, sameBytes, smallIntegerOf, tag } from '../asn1/values.ts';
import { bitString, integer, octetString, oid, sequence } from '../asn1/writer.ts';
import { type AlgorithmIdentifier, readAlgorithm } from '../crypto/algorithm-identifier.ts';
import type { SubjectPublicKey } from '../x509/certificate.ts';
import { type AffinePoint, type Curve, createCurve } from './curve.ts';
import { type CurveParameters, curve_parameters } from './curve-parameters.ts';
import {
  type DstuPublicKey,
  publicKeyFrom,
  readInteger,
  readPublicPoint,
  writeInteger,
  writePublicPoint,
} from './dstu4145.ts';
import { dke1 } from './gost34311.ts';

const curves = new Map<string, Curve>();

/** The curve of an object identifier, built when first needed; undefined when it is not an accepted one. */
export function findCurve(curve_oid: string): Curve | undefined {
  const known = curves.get(curve_oid);
  const parameters = curve_parameters.find((candidate) => candidate.oid === curve_oid);
  if (known || !parameters) return known;
  const curve = createCurve(parameters);
  curves.set(curve_oid, curve);
  return curve;
}

export function isDstu(algorithm_oid: string): boolean {
  return algorithm_oid === oids.dstu4145_gost34311 || algorithm_oid.startsWith('1.2.804.2.1.1.1.1.3.6');
}

/** Reads a public key of DSTU 4145 (order № 1236/5/453, requirements to certificates), or says why it is refused. */
export function readDstuKey({ algorithm, key }: SubjectPublicKey): DstuPublicKey | string {
  try {
    const curve = readParameters(algorithm);
    if (typeof curve === 'string') return curve;
    const point = readPublicPoint(curve, octetsOf(readAsn1(key)));
    return point ? publicKeyFrom(curve, point) : 'The public key is not a point of its curve';
  } catch (error) {
    if (error instanceof Asn1Error) return 'The public key cannot be read';
    throw error;
  }
}

/** DSTU4145Params: a named curve or the parameters of one, and the S-boxes of the hash. */
function readParameters(algorithm: AlgorithmIdentifier): Curve | string {
  const fields = fieldsOf(algorithm.parameters, 'DSTU4145Params');
  const choice = fields.takeAny('ellipticCurve');
  const dke = fields.optional(tag.octet_string);
  fields.end();
  if (dke && !sameBytes(bodyOf(dke), dke1)) return 'The long-term key element (DKE) is not № 1';
  const curve_oid = choice.id === tag.oid ? oidOf(choice) : findNamedCurve(choice);
  return (curve_oid && findCurve(curve_oid)) || 'The curve is not an accepted one of DSTU 4145-2002';
}

/** Parameters written out are accepted only when they are, to the bit, those of a named curve. */
function findNamedCurve(choice: Asn1Node): string | undefined {
  const degree = smallIntegerOf(
    fieldsOf(fieldsOf(choice, 'ECBinary').take(tag.sequence, 'f'), 'BinaryField').take(tag.integer, 'm'),
  );
  const named = curve_parameters.find(({ m }) => m === degree);
  return named && sameBytes(writeCurve(named), bytesOf(choice)) ? named.oid : undefined;
}

/** ECBinary ::= SEQUENCE { f BinaryField, a INTEGER, b OCTET STRING, n INTEGER, bp OCTET STRING }, strings little-endian. */
function writeCurve(parameters: CurveParameters): Uint8Array {
  const { m, middle, a, b, n } = parameters;
  const ascending = middle.toReversed();
  const polynomial =
    ascending.length === 1 ? integer(ascending[0]!) : sequence(...ascending.map((exponent) => integer(exponent)));
  const length = Math.ceil(m / 8);
  const curve = findCurve(parameters.oid)!;
  return sequence(
    sequence(integer(m), polynomial),
    integer(a),
    octetString(writeInteger(BigInt(`0x${b}`), length)),
    integer(Buffer.from(n.length % 2 ? `0${n}` : n, 'hex')),
    octetString(writePublicPoint(curve, curve.base)),
  );
}

/** A key with the algorithm that it signs by. */
export type DstuKeyForm = { curve: Curve; algorithm: string };

function writeAlgorithm({ curve, algorithm }: DstuKeyForm): Uint8Array {
  return sequence(oid(algorithm), sequence(writeCurve(curve.parameters), octetString(dke1)));
}

/** SubjectPublicKeyInfo as accredited authorities write it. */
export function writeDstuPublicKey(form: DstuKeyForm, point: AffinePoint): Uint8Array {
  return sequence(writeAlgorithm(form), bitString(octetString(writePublicPoint(form.curve, point))));
}

/** PKCS#8 PrivateKeyInfo of a development key: the scalar little-endian in the OCTET STRING. */
export function writeDstuPrivateKey(form: DstuKeyForm, d: bigint): Uint8Array {
  const length = Math.ceil(form.curve.order.toString(16).length / 2);
  return sequence(integer(0), writeAlgorithm(form), octetString(writeInteger(d, length)));
}

/** Reads what writeDstuPrivateKey writes; undefined when the key is of another algorithm. Throws Asn1Error. */
export function readDstuPrivateKey(pkcs8: Uint8Array): (DstuKeyForm & { d: bigint }) | undefined {
  const fields = fieldsOf(readAsn1(pkcs8), 'PrivateKeyInfo');
  smallIntegerOf(fields.take(tag.integer, 'version'));
  const algorithm = readAlgorithm(fields.take(tag.sequence, 'privateKeyAlgorithm'));
  if (!isDstu(algorithm.oid)) return undefined;
  const curve = readParameters(algorithm);
  if (typeof curve === 'string') throw new Asn1Error(curve);
  return { curve, algorithm: algorithm.oid, d: readInteger(octetsOf(fields.take(tag.octet_string, 'privateKey'))) };
}

import { randomBytes } from 'node:crypto';
import type { FieldElement } from './binary-field.ts';
import { type AffinePoint, type Curve, type PointTable, sumOfMultiples, tableFor } from './curve.ts';

/** A public key ready for verification. */
export type DstuPublicKey = { curve: Curve; point: AffinePoint; table: PointTable };

/** Decompresses a public key (DSTU 4145-2002 §6.10), little-endian; undefined when it is no point of the curve. */
export function readPublicPoint(curve: Curve, compressed: Uint8Array): AffinePoint | undefined {
  const { field } = curve;
  if (compressed.length !== Math.ceil(field.m / 8) || compressed[compressed.length - 1]! >> (((field.m - 1) & 7) + 1))
    return undefined;
  const x = field.fromBytes(compressed);
  const wanted = x[0]! & 1;
  x[0]! &= ~1;
  // Points of the subgroup have Tr(x) = Tr(a): this restores the bit that carries the choice of y.
  if (field.trace(x) !== curve.parameters.a) x[0]! |= 1;
  if (field.isZero(x)) return undefined;
  const z = field.solveQuadratic(curveQuotient(curve, x));
  if (!z) return undefined;
  if (field.trace(z) !== wanted) z[0]! ^= 1;
  const y = field.zero();
  field.multiply(y, x, z);
  return { x, y };
}

/** x + a + b/x²: the right side of z² + z = … for y = xz. */
function curveQuotient({ field, parameters, b }: Curve, x: FieldElement): FieldElement {
  const quotient = field.zero();
  field.square(quotient, x);
  field.invert(quotient, quotient);
  field.multiply(quotient, quotient, b);
  field.add(quotient, quotient, x);
  quotient[0]! ^= parameters.a;
  return quotient;
}

/** Compresses a point (DSTU 4145-2002 §6.9), little-endian. */
export function writePublicPoint({ field }: Curve, { x, y }: AffinePoint): Uint8Array {
  const quotient = field.zero();
  field.invert(quotient, x);
  field.multiply(quotient, quotient, y);
  const bytes = field.toBytes(x);
  bytes[0] = (bytes[0]! & 0xfe) | field.trace(quotient);
  return bytes;
}

export function publicKeyFrom(curve: Curve, point: AffinePoint): DstuPublicKey {
  return { curve, point, table: tableFor(curve, point) };
}

/** Verifies r ‖ s, each little-endian half of the signature, over a digest (DSTU 4145-2002 §13). */
export function verifyDstu(key: DstuPublicKey, digest: Uint8Array, signature: Uint8Array): boolean {
  const { curve } = key;
  const half = signature.length / 2;
  if (!Number.isInteger(half) || half < 1 || half > 64) return false;
  const r = readInteger(signature.subarray(0, half));
  const s = readInteger(signature.subarray(half));
  if (r <= 0n || r >= curve.order || s <= 0n || s >= curve.order) return false;
  const sum = sumOfMultiples(curve, [
    { scalar: s, table: curve.base_table },
    { scalar: r, table: key.table },
  ]);
  return sum !== undefined && truncatedProduct(curve, digest, sum.x) === r;
}

/** Signs a digest with private key d (DSTU 4145-2002 §12). For development keys: the arithmetic is not constant-time. */
export function signDstu(curve: Curve, d: bigint, digest: Uint8Array, one_time = randomScalar(curve)): Uint8Array {
  const point = sumOfMultiples(curve, [{ scalar: one_time, table: curve.base_table }]);
  const r = point ? truncatedProduct(curve, digest, point.x) : 0n;
  const s = (one_time + d * r) % curve.order;
  if (r === 0n || s === 0n) return signDstu(curve, d, digest);
  const half = Math.ceil(curve.order.toString(16).length / 2);
  return Buffer.concat([writeInteger(r, half), writeInteger(s, half)]);
}

/** The public point of a private key: −dP (DSTU 4145-2002 §9.2). */
export function publicPointOf(curve: Curve, d: bigint): AffinePoint {
  return sumOfMultiples(curve, [{ scalar: curve.order - d, table: curve.base_table }])!;
}

export function randomScalar(curve: Curve): bigint {
  const bytes = randomBytes(Math.ceil(curve.order.toString(2).length / 8) + 8);
  return 1n + (readInteger(bytes) % (curve.order - 1n));
}

/** The field product of digest and x as an integer below 2^(L(n)−1) (DSTU 4145-2002 §5.8, §5.9). */
function truncatedProduct({ field, order }: Curve, digest: Uint8Array, x: FieldElement): bigint {
  const h = field.fromBytes(digest);
  if (field.isZero(h)) h[0] = 1;
  field.multiply(h, h, x);
  return BigInt.asUintN(order.toString(2).length - 1, readInteger(field.toBytes(h)));
}

export function readInteger(little_endian: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(little_endian).reverse().toString('hex')}`);
}

export function writeInteger(value: bigint, length: number): Uint8Array {
  return Buffer.from(value.toString(16).padStart(2 * length, '0'), 'hex').reverse();
}

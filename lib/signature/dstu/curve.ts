import { type BinaryField, createField, type FactorTable, type FieldElement } from './binary-field.ts';
import type { CurveParameters } from './curve-parameters.ts';

/** A point by its coordinates; the point at infinity is undefined. */
export type AffinePoint = { x: FieldElement; y: FieldElement };

/** López–Dahab coordinates: x = X/Z, y = Y/Z²; Z = 0 is infinity. */
type ProjectivePoint = { x: FieldElement; y: FieldElement; z: FieldElement };

/** Odd multiples P, 3P, 5P, … of one point. */
export type PointTable = { window: number; multiples: AffinePoint[] };

export type Curve = {
  parameters: CurveParameters;
  field: BinaryField;
  /** Order of the base point. */
  order: bigint;
  base: AffinePoint;
  b: FieldElement;
  base_table: PointTable;
  arithmetic: ReturnType<typeof createArithmetic>;
};

const base_window = 8;
const key_window = 5;

export function createCurve(parameters: CurveParameters): Curve {
  const field = createField(parameters.m, parameters.middle);
  const element = (hex: string) => field.fromBytes(littleEndian(hex));
  const b = element(parameters.b);
  const base = { x: element(parameters.x), y: element(parameters.y) };
  const arithmetic = createArithmetic(field, parameters.a, field.tableOf(b));
  const base_table = tabulate(field, arithmetic, base, base_window);
  return { parameters, field, order: BigInt(`0x${parameters.n}`), base, b, base_table, arithmetic };
}

function littleEndian(hex: string): Uint8Array {
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').reverse();
}

export function tableFor(curve: Curve, point: AffinePoint): PointTable {
  return tabulate(curve.field, curve.arithmetic, point, key_window);
}

/** x of the sum of multiples, by one run of doublings for all terms; undefined for infinity. */
export function sumOfMultiples(curve: Curve, terms: { scalar: bigint; table: PointTable }[]): AffinePoint | undefined {
  const { arithmetic, field } = curve;
  const runs = terms.map(({ scalar, table }) => ({
    digits: windowedDigits(scalar, table.window),
    multiples: table.multiples,
  }));
  const sum = arithmetic.infinity();
  for (let i = Math.max(...runs.map((run) => run.digits.length)) - 1; i >= 0; i--) {
    arithmetic.double(sum);
    for (const { digits, multiples } of runs) {
      const digit = digits[i] ?? 0;
      if (digit !== 0) arithmetic.addAffine(sum, multiples[Math.abs(digit) >> 1]!, digit < 0);
    }
  }
  return toAffine(field, sum);
}

/** Width-w non-adjacent form, least significant digit first (Guide to ECC, algorithm 3.35). */
export function windowedDigits(scalar: bigint, window: number): Int16Array {
  const bits = Buffer.from(scalar.toString(2), 'latin1').reverse();
  const digits = new Int16Array(bits.length + 1);
  const bitAt = (i: number) => (i < bits.length ? bits[i]! & 1 : 0);
  let carry = 0;
  for (let i = 0; i <= bits.length; ) {
    if (bitAt(i) === carry) {
      i++;
      continue;
    }
    let value = carry;
    for (let k = 0; k < window; k++) value += bitAt(i + k) << k;
    carry = value >> (window - 1);
    digits[i] = carry ? value - (1 << window) : value;
    i += window;
  }
  return digits;
}

function tabulate(
  field: BinaryField,
  arithmetic: ReturnType<typeof createArithmetic>,
  point: AffinePoint,
  window: number,
): PointTable {
  const twice = arithmetic.fromAffine(point);
  arithmetic.double(twice);
  const step = toAffine(field, twice)!;
  const multiples = [point];
  const next = arithmetic.fromAffine(point);
  for (let i = 1; i < 1 << (window - 2); i++) {
    arithmetic.addAffine(next, step, false);
    multiples.push(toAffine(field, next)!);
  }
  return { window, multiples };
}

function toAffine(field: BinaryField, point: ProjectivePoint): AffinePoint | undefined {
  if (field.isZero(point.z)) return undefined;
  const inverse = field.zero();
  field.invert(inverse, point.z);
  const x = field.zero();
  const y = field.zero();
  field.multiply(x, point.x, inverse);
  field.square(inverse, inverse);
  field.multiply(y, point.y, inverse);
  return { x, y };
}

/** Group law in López–Dahab coordinates (Guide to ECC, algorithms 3.24 and 3.25); points are changed in place. */
function createArithmetic(field: BinaryField, a: 0 | 1, b_table: FactorTable) {
  const { add, multiply, multiplyByTable, square, isZero, copy, zero } = field;
  const [t1, t2, t3, t4, t5] = [zero(), zero(), zero(), zero(), zero()];

  const infinity = (): ProjectivePoint => ({ x: one(), y: zero(), z: zero() });
  const fromAffine = (point: AffinePoint): ProjectivePoint => ({
    x: Int32Array.from(point.x),
    y: Int32Array.from(point.y),
    z: one(),
  });

  function one(): FieldElement {
    const element = zero();
    element[0] = 1;
    return element;
  }

  function double(p: ProjectivePoint): void {
    if (isZero(p.z)) return;
    square(t1, p.z);
    square(t2, p.x);
    multiply(p.z, t1, t2);
    square(t2, t2);
    square(t1, t1);
    multiplyByTable(t1, b_table, t1);
    add(p.x, t2, t1);
    square(t2, p.y);
    add(t2, t2, t1);
    if (a === 1) add(t2, t2, p.z);
    multiply(t2, p.x, t2);
    multiply(t1, t1, p.z);
    add(p.y, t1, t2);
  }

  /** p += q, or p −= q (−(x, y) = (x, x + y)). */
  function addAffine(p: ProjectivePoint, q: AffinePoint, negate: boolean): void {
    if (negate) add(t5, q.x, q.y);
    else copy(t5, q.y);
    if (isZero(p.z)) {
      copy(p.x, q.x);
      copy(p.y, t5);
      p.z.fill(0);
      p.z[0] = 1;
      return;
    }
    square(t1, p.z);
    multiply(t1, t1, t5);
    add(t1, t1, p.y); // A = y2·Z² + Y
    multiply(t2, q.x, p.z);
    add(t2, t2, p.x); // B = x2·Z + X
    if (isZero(t2)) {
      if (isZero(t1)) double(p);
      else p.z.fill(0);
      return;
    }
    multiply(t3, p.z, t2); // C = Z·B
    square(p.z, t3);
    square(t2, t2);
    add(t2, t2, t1);
    if (a === 1) add(t2, t2, t3);
    multiply(t2, t2, t3); // C·(A + B² + aC)
    square(t4, t1);
    add(p.x, t4, t2);
    multiply(t1, t1, t3);
    add(t1, t1, p.z); // A·C + Z3
    multiply(t2, q.x, p.z);
    add(t2, t2, p.x); // x2·Z3 + X3
    multiply(t1, t1, t2);
    square(t2, p.z);
    add(t3, q.x, t5);
    multiply(t2, t2, t3); // (x2 + y2)·Z3²
    add(p.y, t1, t2);
  }

  return { infinity, fromAffine, double, addAffine };
}

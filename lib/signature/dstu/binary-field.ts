import { compileOperations } from './compiled-field.ts';

/** An element of GF(2^m): little-endian limbs of 32 bits, polynomial basis. */
export type FieldElement = Int32Array<ArrayBuffer>;

/** Multiples of one factor by the 16 polynomials of degree < 4: for factors that are used many times. */
export type FactorTable = Int32Array<ArrayBuffer>;

/**
 * Arithmetic of GF(2^m) modulo a trinomial or pentanomial x^m + … + 1. Functions write into their first argument, which may be
 * one of the others. Not constant-time: verification has no secrets, and signing here is for development keys only.
 */
export type BinaryField = ReturnType<typeof createField>;

/** Bits of a byte spread to the even positions of 16: squaring is linear in characteristic 2. */
const spread = Int32Array.from({ length: 256 }, (_, byte) => {
  let wide = 0;
  for (let bit = 0; bit < 8; bit++) if (byte & (1 << bit)) wide |= 1 << (2 * bit);
  return wide;
});

/** `middle`: exponents between m and 0, all at most m − 32 (true for every curve of DSTU 4145). */
export function createField(m: number, middle: number[], compile = true) {
  const limbs = Math.ceil(m / 32);
  const exponents = [...middle, 0];
  const wide = new Int32Array(2 * limbs + 1);
  const scratch_table = new Int32Array(16 * (limbs + 1));
  const top_limb = m >> 5;
  const top_bit = m & 31;

  const zero = (): FieldElement => new Int32Array(limbs);
  const copy = (into: FieldElement, a: FieldElement): void => into.set(a);

  function fromBytes(little_endian: Uint8Array): FieldElement {
    const element = zero();
    for (let i = 0; i < Math.min(little_endian.length, limbs * 4); i++)
      element[i >> 2]! |= little_endian[i]! << (8 * (i & 3));
    truncate(element);
    return element;
  }

  /** Drops the bits from m upwards. */
  function truncate(a: FieldElement): void {
    if (top_bit > 0) a[top_limb]! &= (1 << top_bit) - 1;
  }

  function toBytes(a: FieldElement): Uint8Array {
    const bytes = new Uint8Array(Math.ceil(m / 8));
    for (let i = 0; i < bytes.length; i++) bytes[i] = a[i >> 2]! >>> (8 * (i & 3));
    return bytes;
  }

  function isZero(a: FieldElement): boolean {
    let any = 0;
    for (let i = 0; i < limbs; i++) any |= a[i]!;
    return any === 0;
  }

  function equal(a: FieldElement, b: FieldElement): boolean {
    let difference = 0;
    for (let i = 0; i < limbs; i++) difference |= a[i]! ^ b[i]!;
    return difference === 0;
  }

  function add(into: FieldElement, a: FieldElement, b: FieldElement): void {
    for (let i = 0; i < limbs; i++) into[i] = a[i]! ^ b[i]!;
  }

  /** Folds the double-width product: x^(m+i) = x^(i+k) + … (Guide to ECC, algorithm 2.40, by words). */
  function reduce(into: FieldElement): void {
    for (let i = 2 * limbs - 1; i > top_limb; i--) {
      const word = wide[i]!;
      if (word === 0) continue;
      wide[i] = 0;
      for (const exponent of exponents) foldWord(word, 32 * i - m + exponent);
    }
    const rest = top_bit === 0 ? wide[top_limb]! : wide[top_limb]! >>> top_bit;
    if (rest !== 0) {
      for (const exponent of exponents) foldWord(rest, exponent);
      if (top_bit > 0) wide[top_limb]! &= (1 << top_bit) - 1;
      else wide[top_limb] = 0;
    }
    for (let i = 0; i < limbs; i++) into[i] = wide[i]!;
  }

  function foldWord(word: number, position: number): void {
    const limb = position >> 5;
    const shift = position & 31;
    wide[limb]! ^= word << shift;
    if (shift > 0) wide[limb + 1]! ^= word >>> (32 - shift);
  }

  function tableByLoops(a: FieldElement, table: FactorTable): FactorTable {
    const width = limbs + 1;
    for (let i = 0; i < limbs; i++) table[width + i] = a[i]!;
    table[width + limbs] = 0;
    for (let n = 2; n < 16; n += 2) {
      let carry = 0;
      for (let i = 0; i < width; i++) {
        const half = table[(n >> 1) * width + i]!;
        const doubled = (half << 1) | carry;
        carry = half >>> 31;
        table[n * width + i] = doubled;
        table[(n + 1) * width + i] = doubled ^ table[width + i]!;
      }
    }
    return table;
  }

  /** Left-to-right comb with windows of 4 bits (Guide to ECC, algorithm 2.36). */
  function multiplyByLoops(into: FieldElement, table: FactorTable, b: FieldElement): void {
    const width = limbs + 1;
    wide.fill(0);
    for (let shift = 28; shift >= 0; shift -= 4) {
      for (let k = 0; k < limbs; k++) {
        const from = ((b[k]! >>> shift) & 15) * width;
        for (let i = 0; i < width; i++) wide[k + i]! ^= table[from + i]!;
      }
      if (shift > 0) shiftWide();
    }
    reduce(into);
  }

  function shiftWide(): void {
    for (let i = 2 * limbs; i > 0; i--) wide[i] = (wide[i]! << 4) | (wide[i - 1]! >>> 28);
    wide[0]! <<= 4;
  }

  const loops = { tableOf: tableByLoops, multiplyByTable: multiplyByLoops, square: squareByLoops };
  const { multiplyByTable, square, tableOf: fillTable } = (compile && compileOperations(m, middle, spread)) || loops;

  function tableOf(a: FieldElement): FactorTable {
    return fillTable(a, new Int32Array(16 * (limbs + 1)));
  }

  function multiply(into: FieldElement, a: FieldElement, b: FieldElement): void {
    multiplyByTable(into, fillTable(a, scratch_table), b);
  }

  function squareByLoops(into: FieldElement, a: FieldElement): void {
    for (let i = 0; i < limbs; i++) {
      const limb = a[i]!;
      wide[2 * i] = spread[limb & 255]! | (spread[(limb >>> 8) & 255]! << 16);
      wide[2 * i + 1] = spread[(limb >>> 16) & 255]! | (spread[limb >>> 24]! << 16);
    }
    wide[2 * limbs] = 0;
    reduce(into);
  }

  /** a^(2^m − 2) by the addition chain of Itoh and Tsujii over the bits of m − 1. */
  function invert(into: FieldElement, a: FieldElement): void {
    const power = Int32Array.from(a);
    const other = zero();
    let length = 1;
    for (let bit = 30 - Math.clz32(m - 1); bit >= 0; bit--) {
      other.set(power);
      for (let i = 0; i < length; i++) square(other, other);
      multiply(power, power, other);
      length *= 2;
      if (((m - 1) >> bit) & 1) {
        square(power, power);
        multiply(power, power, a);
        length++;
      }
    }
    square(into, power);
  }

  /** 0 or 1: a + a^2 + a^4 + … */
  function trace(a: FieldElement): number {
    const sum = Int32Array.from(a);
    for (let i = 1; i < m; i++) {
      square(sum, sum);
      add(sum, sum, a);
    }
    return sum[0]! & 1;
  }

  /** z with z² + z = a when there is one (m is odd: the half-trace); undefined otherwise. */
  function solveQuadratic(a: FieldElement): FieldElement | undefined {
    const z = Int32Array.from(a);
    for (let i = 0; i < (m - 1) / 2; i++) {
      square(z, z);
      square(z, z);
      add(z, z, a);
    }
    const check = zero();
    square(check, z);
    add(check, check, z);
    return equal(check, a) ? z : undefined;
  }

  return {
    m,
    limbs,
    zero,
    copy,
    fromBytes,
    toBytes,
    isZero,
    equal,
    add,
    multiply,
    multiplyByTable,
    tableOf,
    square,
    invert,
    trace,
    solveQuadratic,
  };
}

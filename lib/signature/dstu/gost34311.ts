/** Long-term key element (S-boxes) № 1 of the Ukrainian order: the default where a key names none, packed two nibbles a byte. */
export const dke1 = Uint8Array.from(
  Buffer.from(
    'a9d6eb45f13c708280c4967b231f5eadf658eba4c037291d38d96bf025ca4e17f8e9720dc615b43a28975f0bc1dea36438b564ea2c179fd0123e6db8fac57904',
    'hex',
  ),
);

/** S-boxes joined in pairs, their output already rotated left by 11 bits. */
export type SubstitutionTables = Int32Array;

/** Unpacks 64 bytes of eight S-boxes; the first serves the lowest nibble. */
export function substitutionTables(packed: Uint8Array): SubstitutionTables {
  const box = (row: number, input: number) => (packed[row * 8 + (input >> 1)]! >> (input & 1 ? 0 : 4)) & 15;
  const tables = new Int32Array(4 * 256);
  for (let pair = 0; pair < 4; pair++) {
    for (let byte = 0; byte < 256; byte++) {
      const output = (box(2 * pair, byte & 15) | (box(2 * pair + 1, byte >> 4) << 4)) << (8 * pair);
      tables[pair * 256 + byte] = (output << 11) | (output >>> 21);
    }
  }
  return tables;
}

const default_tables = substitutionTables(dke1);

/** GOST 34.311-95 (RFC 5831 describes the same function) with zero start vector; 32 bytes. */
export function gost34311(message: Uint8Array, tables: SubstitutionTables = default_tables): Uint8Array {
  const state = { hash: new Int32Array(8), sum: new Int32Array(8), tables };
  const block = new Uint8Array(32);
  for (let at = 0; at < message.length; at += 32) {
    block.fill(0);
    block.set(message.subarray(at, at + 32));
    const words = wordsOf(block);
    addModulo(state.sum, words);
    step(state.hash, words, tables);
  }
  step(state.hash, lengthWords(message.length), tables);
  step(state.hash, state.sum, tables);
  return bytesOfWords(state.hash);
}

function wordsOf(bytes: Uint8Array): Int32Array {
  const words = new Int32Array(8);
  for (let i = 0; i < 32; i++) words[i >> 2]! |= bytes[i]! << (8 * (i & 3));
  return words;
}

function bytesOfWords(words: Int32Array): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => words[i >> 2]! >>> (8 * (i & 3)));
}

function lengthWords(bytes: number): Int32Array {
  const bits = BigInt(bytes) * 8n;
  return Int32Array.of(Number(BigInt.asIntN(32, bits)), Number(BigInt.asIntN(32, bits >> 32n)), 0, 0, 0, 0, 0, 0);
}

/** Sum modulo 2^256, least significant word first. */
function addModulo(sum: Int32Array, words: Int32Array): void {
  let carry = 0;
  for (let i = 0; i < 8; i++) {
    const total = (sum[i]! >>> 0) + (words[i]! >>> 0) + carry;
    sum[i] = total | 0;
    carry = total > 0xffffffff ? 1 : 0;
  }
}

/** C3 of RFC 5831 §6.2, least significant word first. */
const key_constant = Int32Array.of(
  0xff00ff00,
  0xff00ff00,
  0x00ff00ff,
  0x00ff00ff,
  0x00ffff00,
  0xff0000ff,
  0x000000ff,
  0xff00ffff,
);

const u = new Int32Array(8);
const v = new Int32Array(8);
const key = new Int32Array(8);
const enciphered = new Int32Array(8);

/** The step function: four keys, four encipherments, mixing (RFC 5831 §6). */
function step(hash: Int32Array, message: Int32Array, tables: SubstitutionTables): void {
  u.set(hash);
  v.set(message);
  for (let block = 0; block < 4; block++) {
    if (block > 0) {
      transformA(u);
      if (block === 2) for (let i = 0; i < 8; i++) u[i]! ^= key_constant[i]!;
      transformA(v);
      transformA(v);
    }
    transformP();
    encipher(hash, 2 * block, tables);
  }
  mix(hash, message);
}

/** A: y4‖y3‖y2‖y1 → (y1 ⊕ y2)‖y4‖y3‖y2, parts of 64 bits. */
function transformA(y: Int32Array): void {
  const low = y[0]! ^ y[2]!;
  const high = y[1]! ^ y[3]!;
  y.copyWithin(0, 2);
  y[6] = low;
  y[7] = high;
}

/** P: byte i + 4k of the key is byte 8i + k of u ⊕ v. */
function transformP(): void {
  for (let k = 0; k < 8; k++) {
    let word = 0;
    for (let i = 0; i < 4; i++) {
      const from = 8 * i + k;
      word |= (((u[from >> 2]! ^ v[from >> 2]!) >>> (8 * (from & 3))) & 255) << (8 * i);
    }
    key[k] = word;
  }
}

/** GOST 28147-89, one block in simple substitution: 32 rounds. */
function encipher(hash: Int32Array, at: number, tables: SubstitutionTables): void {
  let n1 = hash[at]!;
  let n2 = hash[at + 1]!;
  for (let round = 0; round < 32; round += 2) {
    n2 ^= substitute((n1 + key[round < 24 ? round & 7 : 7 - (round & 7)]!) | 0, tables);
    n1 ^= substitute((n2 + key[round < 24 ? (round + 1) & 7 : 7 - ((round + 1) & 7)]!) | 0, tables);
  }
  enciphered[at] = n2;
  enciphered[at + 1] = n1;
}

function substitute(x: number, tables: SubstitutionTables): number {
  return (
    tables[x & 255]! ^ tables[256 + ((x >>> 8) & 255)]! ^ tables[512 + ((x >>> 16) & 255)]! ^ tables[768 + (x >>> 24)]!
  );
}

const register = new Uint16Array(16 + 61);

/** H ← ψ^61(H ⊕ ψ(M ⊕ ψ^12(S))): ψ is a shift register over words of 16 bits. */
function mix(hash: Int32Array, message: Int32Array): void {
  load(enciphered);
  shift(12);
  for (let i = 0; i < 16; i++) register[i]! ^= half(message, i);
  shift(1);
  for (let i = 0; i < 16; i++) register[i]! ^= half(hash, i);
  shift(61);
  for (let i = 0; i < 8; i++) hash[i] = register[2 * i]! | (register[2 * i + 1]! << 16);
}

function load(words: Int32Array): void {
  for (let i = 0; i < 16; i++) register[i] = half(words, i);
}

function half(words: Int32Array, i: number): number {
  return (words[i >> 1]! >>> (16 * (i & 1))) & 0xffff;
}

function shift(times: number): void {
  for (let i = 0; i < times; i++) {
    register[16 + i] =
      register[i]! ^ register[i + 1]! ^ register[i + 2]! ^ register[i + 3]! ^ register[i + 12]! ^ register[i + 15]!;
  }
  register.copyWithin(0, times, times + 16);
}

import { kupyna_tables } from './kupyna-tables.ts';

/** Kupyna (DSTU 7564:2014) with 256, 384 or 512 bits of output. */
export function kupyna(bits: 256 | 384 | 512, message: Uint8Array): Uint8Array {
  const columns = bits === 256 ? 8 : 16;
  const padded = pad(message, columns * 8);
  const hash = new Int32Array(columns * 2);
  hash[0] = columns * 8;
  for (let at = 0; at < padded.length; at += columns * 8) compress(hash, readColumns(padded, at, columns), columns);
  const final = Int32Array.from(hash);
  permute(final, columns, addRoundXor);
  const bytes = writeColumns(final.map((word, i) => word ^ hash[i]!));
  return bytes.slice(bytes.length - bits / 8);
}

/** A one bit, zeros, and the length in bits as 96-bit little-endian number (§6). */
function pad(message: Uint8Array, block: number): Uint8Array {
  const length = Math.ceil((message.length + 13) / block) * block;
  const padded = new Uint8Array(length);
  padded.set(message);
  padded[message.length] = 0x80;
  new DataView(padded.buffer).setBigUint64(length - 12, BigInt(message.length) * 8n, true);
  return padded;
}

function readColumns(bytes: Uint8Array, at: number, columns: number): Int32Array {
  const words = new Int32Array(columns * 2);
  for (let i = 0; i < columns * 8; i++) words[i >> 2]! |= bytes[at + i]! << (8 * (i & 3));
  return words;
}

function writeColumns(words: Int32Array): Uint8Array {
  return Uint8Array.from({ length: words.length * 4 }, (_, i) => words[i >> 2]! >>> (8 * (i & 3)));
}

/** h ← T⊕(h ⊕ m) ⊕ T+(m) ⊕ h (§7). */
function compress(hash: Int32Array, message: Int32Array, columns: number): void {
  const first = hash.map((word, i) => word ^ message[i]!);
  permute(first, columns, addRoundXor);
  permute(message, columns, addRoundSum);
  for (let i = 0; i < hash.length; i++) hash[i]! ^= first[i]! ^ message[i]!;
}

type RoundConstant = (state: Int32Array, columns: number, round: number) => void;

function permute(state: Int32Array, columns: number, addConstant: RoundConstant): void {
  const rounds = columns === 8 ? 10 : 14;
  const next = new Int32Array(state.length);
  for (let round = 0; round < rounds; round++) {
    addConstant(state, columns, round);
    mixRound(state, next, columns);
    state.set(next);
  }
}

function addRoundXor(state: Int32Array, columns: number, round: number): void {
  for (let column = 0; column < columns; column++) state[2 * column]! ^= (column << 4) ^ round;
}

/** Adds 0x..F0F0F0F0F0F0F3 to each column as a 64-bit little-endian number, the column's number in the top byte. */
function addRoundSum(state: Int32Array, columns: number, round: number): void {
  for (let column = 0; column < columns; column++) {
    const low = (state[2 * column]! >>> 0) + 0xf0f0f0f3;
    const top = (((columns - column - 1) << 4) ^ round) << 24;
    state[2 * column] = low | 0;
    state[2 * column + 1] = (state[2 * column + 1]! + (0x00f0f0f0 | top) + (low > 0xffffffff ? 1 : 0)) | 0;
  }
}

/** Substitution, shift of rows (row 7 of the wide state by 11) and mixing of columns. */
function mixRound(state: Int32Array, next: Int32Array, columns: number): void {
  for (let column = 0; column < columns; column++) {
    let low = 0;
    let high = 0;
    for (let row = 0; row < 8; row++) {
      const shift = row === 7 && columns === 16 ? 11 : row;
      const from = (column - shift + columns) % columns;
      const byte = (state[2 * from + (row >> 2)]! >>> (8 * (row & 3))) & 255;
      const entry = (row * 256 + byte) * 2;
      low ^= kupyna_tables[entry]!;
      high ^= kupyna_tables[entry + 1]!;
    }
    next[2 * column] = low;
    next[2 * column + 1] = high;
  }
}

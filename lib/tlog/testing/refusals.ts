import assert from 'node:assert/strict';
import fc from 'fast-check';
import { equalBytes } from '../bytes.ts';
import { TLOG_ERROR_CODES, TlogError, type TlogErrorCode } from '../errors.ts';

/** Asserts that the work is refused with this code. */
export function assertRefused(code: TlogErrorCode, work: () => unknown): void {
  assert.throws(work, (error) => error instanceof TlogError && error.code === code);
}

export async function assertRejected(code: TlogErrorCode, work: Promise<unknown>): Promise<void> {
  await assert.rejects(work, (error) => error instanceof TlogError && error.code === code);
}

/** The result, or nothing when it was refused with a code of ours; any other error goes through and fails the test. */
export function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof TlogError && Object.hasOwn(TLOG_ERROR_CODES, error.code)) return undefined;
    throw error;
  }
}

/** Bytes at random, and valid ones that were changed somewhere: a flip, a cut, an insertion, a repetition, a swap of lines. */
export function hostileBytes(valid: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const mutated = fc
    .tuple(
      fc.constantFrom(...valid),
      fc.array(fc.tuple(fc.nat(5), fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 6 })), {
        minLength: 1,
        maxLength: 3,
      }),
    )
    .map(([bytes, changes]) => changes.reduce((at_hand, change) => mutate(at_hand, change), bytes));
  return fc.oneof({ weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) }, { weight: 6, arbitrary: mutated });
}

/** A parser refuses hostile bytes with a code of ours, or accepts exactly what encodes to the same bytes again. */
export function assertParserHolds<T>(
  valid: readonly Uint8Array[],
  parse: (bytes: Uint8Array) => T,
  encode: (value: T) => Uint8Array,
): void {
  for (const bytes of valid) assert.deepEqual(encode(parse(bytes)), bytes);
  fc.assert(
    fc.property(hostileBytes(valid), (bytes) => {
      const value = unlessRefused(() => ({ parsed: parse(bytes) }));
      return value === undefined || equalBytes(encode(value.parsed), bytes);
    }),
    { numRuns: 3000 },
  );
}

/** A verifier refuses hostile bytes with a code of ours, unless they are one of the valid ones again. */
export function assertVerifierHolds(valid: readonly Uint8Array[], verify: (bytes: Uint8Array) => unknown): void {
  for (const bytes of valid) verify(bytes);
  fc.assert(
    fc.property(hostileBytes(valid), (bytes) => {
      const accepted = unlessRefused(() => ({ verdict: verify(bytes) })) !== undefined;
      return !accepted || valid.some((one) => equalBytes(one, bytes));
    }),
    { numRuns: 2000 },
  );
}

function mutate(bytes: Uint8Array, [kind, from, to, inserted]: [number, number, number, Uint8Array]): Uint8Array {
  const at = bytes.length === 0 ? 0 : from % bytes.length;
  const end = at + (to % 40);
  if (kind === 0) return bytes.map((byte, index) => (index === at ? byte ^ (1 << (to % 8)) : byte));
  if (kind === 1) return join(bytes.subarray(0, at), bytes.subarray(end));
  if (kind === 2) return join(bytes.subarray(0, at), inserted, bytes.subarray(at));
  if (kind === 3) return join(bytes.subarray(0, end), bytes.subarray(at));
  if (kind === 4) return bytes.slice(0, at);
  return swapLines(bytes, from, to);
}

function swapLines(bytes: Uint8Array, from: number, to: number): Uint8Array {
  const lines = Buffer.from(bytes).toString('latin1').split('\n');
  const [left, right] = [from % lines.length, to % lines.length];
  [lines[left], lines[right]] = [lines[right]!, lines[left]!];
  return new Uint8Array(Buffer.from(lines.join('\n'), 'latin1'));
}

function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { createField } from './binary-field.ts';
import { createCurve, sumOfMultiples, tableFor, windowedDigits } from './curve.ts';
import { curve_parameters } from './curve-parameters.ts';
import {
  publicKeyFrom,
  publicPointOf,
  randomScalar,
  readInteger,
  readPublicPoint,
  signDstu,
  verifyDstu,
  writePublicPoint,
} from './dstu4145.ts';
import { gost34311, substitutionTables } from './gost34311.ts';
import { kupyna } from './kupyna.ts';

const vectors = new URL('../../../../shared/data/dstu/dstu-self-tests.json', import.meta.url);
const skip = existsSync(vectors) ? false : 'the public vectors are not on this machine';
const hex = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));
const hexOf = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** RFC 4357 §11.2, id-GostR3411-94-TestParamSet, packed as a DKE. */
const test_boxes =
  '4a92d80e6b1c7f53eb4c6dfa23810759581da342efc7609b7da1089fe46cb2536c715fd84a9e03b24ba0721d36859cfedb413f590ae7682c1fd057a4923e6b8c';

test('DSTU 4145-2002 annex B: public key, signature and verification', { skip }, () => {
  const { curve: written, H, d, Qx, Qy, k, R, S } = JSON.parse(readFileSync(vectors, 'utf8')).dstu4145;
  const big = (little: string) => Buffer.from(little, 'hex').reverse().toString('hex');
  const { m, ks, bLE, nLE, gxLE, gyLE } = written;
  const curve = createCurve({ oid: '', m, middle: ks, a: 1, b: big(bLE), n: big(nLE), x: big(gxLE), y: big(gyLE) });
  const point = publicPointOf(curve, readInteger(hex(d)));
  assert.equal(hexOf(curve.field.toBytes(point.x)), Qx);
  assert.equal(hexOf(curve.field.toBytes(point.y)), Qy);
  assert.equal(hexOf(signDstu(curve, readInteger(hex(d)), hex(H), readInteger(hex(k)))), R + S);
  const key = publicKeyFrom(curve, point);
  assert.equal(verifyDstu(key, hex(H), hex(R + S)), true);
  assert.equal(verifyDstu(key, hex(H.replace('f', 'e')), hex(R + S)), false);
  assert.equal(verifyDstu(key, hex(H), hex(R + S.replace('c', 'd'))), false);
});

test('GOST 34.311-95 A.3.1 and A.3.2', { skip }, () => {
  for (const { msg, hash } of JSON.parse(readFileSync(vectors, 'utf8')).gost34311) {
    assert.equal(hexOf(gost34311(hex(msg), substitutionTables(hex(test_boxes)))), hash);
  }
});

test('Kupyna-256 and Kupyna-512 of DSTU 7564:2014', { skip }, () => {
  for (const { bits, msg, hash } of JSON.parse(readFileSync(vectors, 'utf8')).kupyna) {
    assert.equal(hexOf(kupyna(bits, hex(msg))), hash);
  }
});

test('GOST 34.311-95 with the Ukrainian S-boxes', () => {
  const sentence = new TextEncoder().encode('The quick brown fox jumps over the lazy dog');
  assert.equal(hexOf(gost34311(sentence)), '0f1355130b4a820a1e4e3f6474f6bdecc718a4a73345595edc1c1809832b2333');
});

for (const parameters of curve_parameters) {
  const curve = createCurve(parameters);

  test(`curve of ${parameters.m} bits: the base point has the order, and is on the curve`, () => {
    assert.equal(sumOfMultiples(curve, [{ scalar: curve.order, table: curve.base_table }]), undefined);
    const back = readPublicPoint(curve, writePublicPoint(curve, curve.base))!;
    assert.ok(curve.field.equal(back.x, curve.base.x) && curve.field.equal(back.y, curve.base.y));
  });

  test(`curve of ${parameters.m} bits: what is signed verifies, anything else does not`, () => {
    const d = randomScalar(curve);
    const point = publicPointOf(curve, d);
    const key = publicKeyFrom(curve, readPublicPoint(curve, writePublicPoint(curve, point))!);
    const digest = gost34311(new Uint8Array([1]));
    const signature = signDstu(curve, d, digest);
    assert.equal(verifyDstu(key, digest, signature), true);
    assert.equal(verifyDstu(key, gost34311(new Uint8Array([2])), signature), false);
    for (const place of [0, signature.length / 2, signature.length - 2]) {
      const changed = Uint8Array.from(signature, (octet, i) => (i === place ? octet ^ 1 : octet));
      assert.equal(verifyDstu(key, digest, changed), false);
    }
    assert.equal(verifyDstu(key, digest, new Uint8Array(signature.length)), false);
    assert.equal(verifyDstu(key, digest, signature.subarray(1)), false);
  });

  test(`field of ${parameters.m} bits: compiled operations equal the plain loops, and the field laws hold`, () => {
    const fast = createField(parameters.m, parameters.middle);
    const plain = createField(parameters.m, parameters.middle, false);
    const element = fc
      .uint8Array({ minLength: Math.ceil(parameters.m / 8), maxLength: Math.ceil(parameters.m / 8) })
      .map(fast.fromBytes);
    fc.assert(
      fc.property(element, element, (a, b) => {
        const [one, two, three] = [fast.zero(), fast.zero(), fast.zero()];
        fast.multiply(one, a, b);
        plain.multiply(two, b, a);
        assert.deepEqual(one, two);
        fast.square(one, a);
        plain.square(two, a);
        fast.multiply(three, a, a);
        assert.deepEqual(one, two);
        assert.deepEqual(one, three);
        if (fast.isZero(a)) return;
        fast.invert(one, a);
        fast.multiply(one, one, a);
        assert.equal(hexOf(fast.toBytes(one)).replace(/0+$/, ''), '01');
      }),
      { numRuns: 50 },
    );
  });
}

test('windowed digits add up to the scalar', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: (1n << 300n) - 1n }), fc.integer({ min: 2, max: 9 }), (scalar, window) => {
      const digits = windowedDigits(scalar, window);
      assert.equal(
        digits.reduceRight((sum, digit) => 2n * sum + BigInt(digit), 0n),
        scalar,
      );
      assert.ok(digits.every((digit) => digit === 0 || (digit & 1 && Math.abs(digit) < 1 << (window - 1))));
    }),
  );
});

test('a sum of two terms equals the terms computed apart', () => {
  const curve = createCurve(curve_parameters[0]!);
  const point = publicPointOf(curve, 5n);
  const table = tableFor(curve, point);
  // 7·P + 3·(−5·P) = −8·P
  const sum = sumOfMultiples(curve, [
    { scalar: 7n, table: curve.base_table },
    { scalar: 3n, table },
  ])!;
  assert.deepEqual(sum, publicPointOf(curve, 8n));
  // 5·P + 1·(−5·P) is infinity.
  assert.equal(
    sumOfMultiples(curve, [
      { scalar: 5n, table: curve.base_table },
      { scalar: 1n, table },
    ]),
    undefined,
  );
});

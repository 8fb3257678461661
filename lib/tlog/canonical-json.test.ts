import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.ts';
import { parseStrictJson } from './strict-json.ts';
import { assertRefused, assertRejected, hostileBytes, unlessRefused } from './testing/refusals.ts';

/** Public vectors of RFC 8785's author, read when they are beside the checkout. */
const VECTORS = join(import.meta.dirname, '../../../shared/data/jcs');
const skip = existsSync(VECTORS) ? false : 'the public vectors are not beside this checkout';

const text = (value: unknown) => Buffer.from(canonicalJson(value)).toString();
const parse = (json: string | Uint8Array) => parseStrictJson(Buffer.from(json));

test('all vectors of RFC 8785 are read and written as they ask for', { skip }, () => {
  const names = readdirSync(join(VECTORS, 'input'));
  assert.ok(names.length >= 6);
  for (const name of names) {
    const written = Buffer.from(canonicalJson(parse(readFileSync(join(VECTORS, 'input', name)))));
    const hex = readFileSync(join(VECTORS, 'outhex', name.replace('.json', '.txt')), 'utf8');
    assert.equal(written.toString('hex'), hex.replaceAll(/\s/g, ''), name);
    assert.deepEqual(written, readFileSync(join(VECTORS, 'output', name)), name);
  }
});

test('the first 10,000 numbers of the ES6 number test are written as its published checksum asks for', { skip }, () => {
  const digest = createHash('sha256');
  for (const [bits, number] of es6Numbers(10_000)) digest.update(`${bits.toString(16)},${text(number)}\n`);
  assert.equal(digest.digest('hex'), 'b9f7a8e75ef22a835685a52ccba7f7d6bdc99e34b010992cbc5864cd12be6892');
});

test('what JSON cannot say is refused, with the path', () => {
  const cyclic: unknown[] = [];
  cyclic.push(cyclic);
  const holed = [1, 2, 3];
  delete holed[1];
  const refused = [
    Number.NaN,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    undefined,
    1n,
    Symbol('s'),
    () => 1,
    new Date(0),
    new Map(),
    new Set(),
    /x/,
    new (class {})(),
    Object.create({ inherited: 1 }),
    new String('s'),
    new Uint8Array(1),
    '\ud800',
    'a\udc00b',
    { '\ud800': 1 },
    { a: undefined },
    [undefined],
    { a: () => 1 },
    { [Symbol('s')]: 1 },
    holed,
    Object.assign([1], { more: 1 }),
    Object.assign([], { length: 1, more: 1 }),
    { toJSON: () => 1 },
    Object.create(Array.prototype),
  ];
  for (const value of refused) {
    assertRefused('json_not_encodable', () => canonicalJson(value));
    assertRefused('json_not_encodable', () => canonicalJson([{ a: value }]));
  }
  assert.throws(() => canonicalJson({ a: [0, { b: undefined }] }), /\/a\/1\/b/);
  assertRefused('json_too_deep', () => canonicalJson(cyclic));
});

test('members are sorted by UTF-16 code units, at every depth, __proto__ like any other', () => {
  assert.equal(
    text(parse('{"b":{"z":1,"a":2},"__proto__":{"x":1},"\\ud83d\\ude02":0,"\\ufb33":0}')),
    '{"__proto__":{"x":1},"b":{"a":2,"z":1},"😂":0,"\ufb33":0}',
  );
  assert.equal(text(-0), '0');
  assert.equal(text(Object.assign(Object.create(null), { a: 1 })), '{"a":1}');
});

test('every JSON value is written so that it reads back, and the same however its members were ordered', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
      const written = canonicalJson(value);
      const read = JSON.parse(Buffer.from(written).toString());
      assert.deepEqual(canonicalJson(read), written);
      assert.deepEqual(canonicalJson(reverseMembers(read)), written);
      const strict = unlessRefused(() => parseStrictJson(written));
      if (strict !== undefined) assert.deepEqual(strict, read);
    }),
  );
});

test('duplicate members are refused, also when written with escapes', () => {
  for (const json of [
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"a":1,"c":2,"a":3}}]',
    '{"__proto__":1,"__proto__":2}',
    '{"toString":1,"toString":1}',
  ]) {
    assertRefused('json_duplicate_member', () => parse(json));
  }
  assert.deepEqual(parse('{"toString":1,"constructor":2}'), { toString: 1, constructor: 2 });
});

test('JSON of more than one meaning, or of none, is refused', () => {
  const malformed = [
    '',
    ' ',
    'nul',
    'nullx',
    'tru',
    '01',
    '+1',
    '.5',
    '1.',
    '1e',
    '-',
    '0x1',
    'NaN',
    'Infinity',
    "'a'",
    '"a',
    '"\\x"',
    '"\\u12"',
    '"\n"',
    '"\u0000"',
    '[1,]',
    '[,1]',
    '[1 2]',
    '{',
    '}',
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{a:1}',
    '{1:1}',
    '[',
    ']',
    '[1]]',
    '// c\n1',
    '1 1',
    '\u00a01',
    '\ufeff1',
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '{"\\ud800":1}',
    '"\\',
    '{"a":1',
    '[[',
    '"a" "b"',
  ];
  for (const json of malformed) assert.throws(() => parse(json), { code: 'json_malformed' }, json);
  assertRefused('utf8_invalid', () => parse(new Uint8Array([0x22, 0xff, 0x22])));
  assertRefused('utf8_invalid', () => parse(new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22])));
});

test('numbers that a double cannot hold are refused', () => {
  for (const json of ['9007199254740993', '-9007199254740992', '1e400', '-1e400', `1${'0'.repeat(400)}`])
    assertRefused('json_number_unsafe', () => parse(json));
  assert.deepEqual(parse('[9007199254740991,-0,1e30,1E+2,4.50]'), [9007199254740991, -0, 1e30, 100, 4.5]);
});

test('depth and length are limited', async () => {
  const nest = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
  assert.ok(parse(nest(65)));
  assertRefused('json_too_deep', () => parse(nest(66)));
  assertRefused('json_too_deep', () => parse(nest(400_000)));
  assertRefused('json_too_deep', () => parseStrictJson(Buffer.from('[[1]]'), { max_depth: 1 }));
  assertRefused('too_large', () => parseStrictJson(Buffer.from('"aaaa"'), { max_bytes: 5 }));
  const long = 'é\\n'.repeat(5_000_000);
  assert.equal((parseStrictJson(Buffer.from(`"${long}"`), { max_bytes: 1e8 }) as string).length, 10_000_000);
  await assertRejected('json_malformed', (async () => parseStrictJson(Buffer.from(`"${'\\'.repeat(1e6)}`)))());
});

test('whatever is accepted, JSON.parse reads the same', () => {
  const valid = ['{"a":[1,2.5e3,-0,"\\u20ac\\n"],"b":{"c":null,"d":[true,false,{}]},"e":"é😂"}', '[]', '"x"'].map(
    (json) => Buffer.from(json),
  );
  fc.assert(
    fc.property(hostileBytes(valid), (bytes) => {
      const value = unlessRefused(() => ({ read: parseStrictJson(bytes) }));
      if (value === undefined) return;
      assert.deepEqual(value.read, JSON.parse(Buffer.from(bytes).toString()));
      canonicalJson(value.read);
    }),
    { numRuns: 5000 },
  );
});

function reverseMembers(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reverseMembers);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, reverseMembers(member)]),
  );
}

/** The deterministic sequence of the test suite's README, after its fixed first numbers: powers near 2^-1022, then a hash chain. */
function* es6Numbers(count: number): Generator<[bigint, number]> {
  const fixed = (readFixedNumbers() ?? []).map((bits) => BigInt(bits));
  const serial = Array.from({ length: 2000 }, (_, at) => 0x0010000000000000n + BigInt(at));
  for (const bits of [...fixed, ...serial].slice(0, count)) yield [bits, toDouble(bits)];
  let block = Buffer.alloc(32);
  for (let given = fixed.length + serial.length; given < count; ) {
    block = createHash('sha256').update(block).digest();
    for (let at = 0; at < 32 && given < count; at += 8) {
      const bits = block.readBigUInt64LE(at);
      const number = toDouble(bits);
      if (number === 0 || !Number.isFinite(number)) continue;
      yield [bits, number];
      given += 1;
    }
  }
}

function readFixedNumbers(): string[] | undefined {
  const readme = readFileSync(join(VECTORS, 'README.md'), 'utf8');
  const list = /staticU64s = new BigUint64Array\(\[([^\]]*)\]/.exec(readme)?.[1];
  return list?.match(/0x[0-9a-f]{16}/g) ?? undefined;
}

function toDouble(bits: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, bits);
  return view.getFloat64(0);
}

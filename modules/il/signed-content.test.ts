import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '@zdravo/kit/problem';
import fc from 'fast-check';
import { readSigned, readStored } from './signed-content.ts';

const entry = '$.signed_declaration_request';

function refusalOf(text: string | Buffer): string | undefined {
  try {
    readSigned(Buffer.from(text as string), entry);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof Problem, String(error));
    assert.equal(error.status, 422);
    assert.equal(error.invalid![0]!.entry, entry);
    return error.invalid![0]!.rules[0]!.description;
  }
}

test('content that may be read in two ways, or cannot be stored, is refused with its reason', () => {
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const cases: [text: string | Buffer, description: string][] = [
    ['{"id":"one","id":"two"}', 'Signed content holds a member twice'],
    ['{"person":{"name":"A","n\\u0061me":"B"}}', 'Signed content holds a member twice'],
    [`{"x":${deep}}`, 'Signed content nests too deeply'],
    [`{"y":"\\u0041","x":${deep}}`, 'Signed content nests too deeply'],
    ['{"x":12345678901234567890}', 'Signed content holds a number that programs read differently'],
    ['{"x":"\\udc00"}', 'Signed content holds a character that cannot be stored'],
    ['{"x":"\\ud800"}', 'Signed content holds a character that cannot be stored'],
    ['{"\\ud800":1}', 'Signed content holds a character that cannot be stored'],
    ['{"x":"\\u0000"}', 'Signed content holds a character that cannot be stored'],
    ['{"\\u005f_proto__":{}}', 'Signed content holds a character that cannot be stored'],
    ['{"x":', 'Signed content is not valid JSON in UTF-8'],
    [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d]), 'Signed content is not valid JSON in UTF-8'],
    ['"{}"', 'Signed content must be a JSON object'],
    ['[{}]', 'Signed content must be a JSON object'],
  ];
  for (const [text, description] of cases) assert.equal(refusalOf(text), description, String(text).slice(0, 60));
});

test('how a program lays its JSON out does not matter', () => {
  const object = { name: "Олександр О'Коннор-Ґудзь", quoted: '"a"\\/', list: [{ n: 1.5 }, null, true], empty: {} };
  const text = JSON.stringify(object);
  const escaped = text.replace(/[^\u0020-\u007e]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, '0')}`);
  for (const spelling of [text, JSON.stringify(object, null, 2), escaped, text.replaceAll('/', '\\/'), `\ufeff${text}`])
    assert.deepEqual(readSigned(Buffer.from(spelling), entry), object);
  const many = { list: Array.from({ length: 200 }, (_, n) => ({ n })) };
  assert.deepEqual(readSigned(Buffer.from(JSON.stringify(many)), entry), many);
});

test('whatever else JSON can say is read as JSON says it', () => {
  const object = fc.dictionary(
    fc.string({ unit: 'grapheme' }).filter((name) => name !== '__proto__'),
    fc.jsonValue({ maxDepth: 4, noUnicodeString: false }),
  );
  fc.assert(
    fc.property(object, (value) => {
      const text = JSON.stringify(value);
      const refusal = refusalOf(text);
      if (refusal === undefined) assert.deepEqual(readSigned(Buffer.from(text), entry), JSON.parse(text));
      else assert.match(text, /\\u0000|\\ud[89a-f]|__proto__|\d{16}/i, refusal);
    }),
  );
});

test('what was received earlier is read as it is', () => {
  assert.deepEqual(readStored(Buffer.from('{"id":"one","id":"two"}'), '$'), { id: 'two' });
});

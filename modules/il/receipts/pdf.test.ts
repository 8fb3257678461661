import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { onOneLine } from './confirmation-sheet.ts';
import { renderSheet } from './pdf.ts';

const a4_height = 841.89;

/** The drawing of each page, as PDF operators. */
function drawings(pdf: Buffer): string[] {
  const text = pdf.toString('latin1');
  const streams = [...text.matchAll(/stream\n([\s\S]*?)\nendstream/g)].map(([, body]) => Buffer.from(body!, 'latin1'));
  const inflated = streams.flatMap((bytes) => {
    try {
      return [inflateSync(bytes).toString('latin1')];
    } catch {
      return [];
    }
  });
  return inflated.filter((one) => one.includes(' cm') && (one.includes(' re') || one.includes('BT')));
}

test('however long the names are, the whole code is on one page', async () => {
  for (let lines = 1; lines <= 60; lines += 3) {
    const pdf = await renderSheet({
      title: 'Підтвердження',
      lines: Array.from({ length: lines }, () => 'Ґалаґан Їжакевич-Щербань'),
      check: 'Перевірити',
      code: `http://localhost:4000/verify/#index=123456&leaf=${'ab'.repeat(32)}`,
      checkpoint: 'Печатка',
      foot: ['Роздруковано'],
    });
    const codes = drawings(pdf).map((one) => [...one.matchAll(/([\d.]+) ([\d.]+) ([\d.]+) ([\d.]+) re/g)]);
    const drawn = codes.filter((rectangles) => rectangles.length > 0);
    assert.equal(drawn.length, 1, `${lines} lines`);
    for (const [, , y, , height] of drawn[0]!)
      assert.ok(Number(y) + Number(height) <= a4_height - 56, `${lines} lines`);
  }
});

test('a name is one line, whatever is in it', () => {
  assert.equal(onOneLine('Заклад: А\nНомер декларації: 9\r\u2028\u202eБ\u0000'), 'Заклад: А Номер декларації: 9 Б');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from './bytes.ts';
import { parseDecimal } from './decimal.ts';
import { TlogError } from './errors.ts';
import { generateSignerKey, parseSigner } from './keys.ts';
import { formatSignatureLines, parseNote, parseSignatureLines } from './notes.ts';
import { SIGNATURE_TYPES } from './signature-types.ts';
import { assertParserHolds, hostileBytes, unlessRefused } from './testing/refusals.ts';
import { sampleCheckpoint, sampleSigner } from './testing/sample-log.ts';
import { sampleReceipts } from './testing/sample-receipts.ts';
import { parseReceiptFile } from './verifier/receipt-files.ts';

// The small parsers that the larger ones stand on; those have their hostile bytes beside their other tests.

const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');

test('signature lines, numbers and base64 that were changed are refused, or are written the same again', async () => {
  const { signatures } = parseNote(await sampleCheckpoint(9, [sampleSigner('w.example')]));
  const lines = encodeUtf8(formatSignatureLines(signatures));
  assertParserHolds(
    [lines],
    (bytes) => parseSignatureLines(decodeUtf8(bytes)),
    (read) => encodeUtf8(formatSignatureLines(read)),
  );
  assertParserHolds(
    ['0', '7', '1000000007', '9223372036854775807'].map(encodeUtf8),
    (bytes) => parseDecimal(latin1(bytes)),
    (value) => encodeUtf8(String(value)),
  );
  assertParserHolds(
    ['', 'AA==', 'AAE=', 'AAEC', '+/8='].map(encodeUtf8),
    (bytes) => decodeBase64(latin1(bytes)),
    (bytes) => encodeUtf8(encodeBase64(bytes)),
  );
});

test('a signer key that was changed is refused, or is another key; no error tells what it held', () => {
  const skey = generateSignerKey({ name: 'log.example', type: SIGNATURE_TYPES.ed25519 });
  const secret = skey.slice(skey.lastIndexOf('+') + 1);
  fc.assert(
    fc.property(hostileBytes([encodeUtf8(skey)]), (bytes) => {
      try {
        assert.notEqual(parseSigner(latin1(bytes)).key.name, '');
      } catch (error) {
        assert.ok(error instanceof TlogError, String(error));
        assert.ok(!`${error.message} ${error.cause ?? ''}`.includes(secret));
      }
    }),
    { numRuns: 2000 },
  );
});

test('a receipt file that was changed anywhere is refused with a code, or is read as what it says', async () => {
  const { fileOf } = await sampleReceipts(20);
  const file = await fileOf(7);
  const valid = [file, { meta: { code: 200 }, data: file }].map((one) => encodeUtf8(JSON.stringify(one)));
  fc.assert(
    fc.property(hostileBytes(valid), (bytes) => {
      const read = unlessRefused(() => parseReceiptFile(bytes));
      if (read === undefined) return;
      const told = JSON.parse(Buffer.from(bytes).toString());
      const data = typeof told.data === 'object' && told.data !== null ? told.data : told;
      assert.deepEqual(
        [latin1(read.receipt), Buffer.from(read.entry).toString()],
        [latin1(encodeUtf8(data.receipt)), data.entry],
      );
    }),
    { numRuns: 3000 },
  );
});

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeBase64, encodeUtf8 } from '../bytes.ts';
import { TlogError } from '../errors.ts';
import { parsePolicy } from '../policies.ts';
import { hostileBytes } from '../testing/refusals.ts';
import { sampleReceipts } from '../testing/sample-receipts.ts';
import {
  NotVerified,
  verifyReceiptFile as pageReceipt,
  verifyRecordFile as pageRecord,
  verifyPrinted,
} from '../verifier-page/verify.js';
import { verifyLog, verifyPublication, verifyReceiptFile, verifyRecordFile } from './verdicts.ts';

type File = Record<string, unknown>;

const bytesOf = (file: unknown) => encodeUtf8(JSON.stringify(file));

/** Whether the library and the page accept; any other error than their own goes through. */
async function verdictsOf(file: Uint8Array, policy: Uint8Array): Promise<[library: boolean, page: boolean]> {
  const library = (verify: typeof verifyReceiptFile) => {
    try {
      verify(file, parsePolicy(policy));
      return true;
    } catch (error) {
      if (error instanceof TlogError) return false;
      throw error;
    }
  };
  const page = (verify: typeof pageReceipt) =>
    verify(file, policy).then(
      () => true,
      (error: unknown) => {
        if (error instanceof NotVerified) return false;
        throw error;
      },
    );
  const [receipt, record] = [library(verifyReceiptFile), library(verifyRecordFile)];
  assert.deepEqual(
    [await page(pageReceipt), await page(pageRecord)],
    [receipt, record],
    Buffer.from(policy).toString('latin1'),
  );
  return [receipt, record];
}

test('receipts of logs of many sizes are verified alike by the library and by the page', async () => {
  for (const size of [1, 2, 3, 7, 8, 255, 256, 257, 700]) {
    const { fileOf, policy } = await sampleReceipts(size);
    for (const index of new Set([0, size >> 1, size - 1])) {
      const file = await fileOf(index);
      assert.deepEqual(await verdictsOf(bytesOf(file), policy), [true, true], `${index} of ${size}`);
      assert.deepEqual(await verdictsOf(bytesOf({ meta: { code: 200 }, data: file }), policy), [true, true]);
    }
  }
});

test('whatever is altered in a file is refused by both', async () => {
  const { fileOf, policy } = await sampleReceipts(300);
  const file = await fileOf(41);
  const other = await fileOf(42);
  const record = file['record'] as { body: string; seed: string };
  const altered: [name: string, file: File, receipt_holds?: boolean][] = [
    ['another entry', { ...file, entry: other['entry'], leaf_hash: other['leaf_hash'] }],
    ['another proof', { ...file, receipt: other['receipt'] }],
    ['another hash', { ...file, leaf_hash: other['leaf_hash'] }],
    ['another index', { ...file, leaf_index: 42 }],
    ['another size', { ...file, checkpoint_size: 301 }],
    ['another version', { ...file, version: 2 }],
    ['no receipt', { ...file, receipt: null }],
    ['another record', { ...file, record: other['record'] }, true],
    ['an altered body', { ...file, record: { ...record, body: record.body.replace('запис', 'зaпис') } }, true],
    ['an altered seed', { ...file, record: { ...record, seed: encodeBase64(new Uint8Array(32)) } }, true],
    ['no record', { ...file, record: null }, true],
    ['another id', { ...file, declaration_id: 'record-42' }, true],
  ];
  for (const [name, given, receipt_holds = false] of altered)
    assert.deepEqual(await verdictsOf(bytesOf(given), policy), [receipt_holds, false], name);
});

test('too few witnesses, a policy of others and a false cosignature are refused by both', async () => {
  const one = await sampleReceipts(10, 1);
  assert.deepEqual(await verdictsOf(bytesOf(await one.fileOf(3)), one.policy), [false, false]);
  const two = await sampleReceipts(10, 3);
  const file = await two.fileOf(3);
  const receipt = file['receipt'] as string;
  assert.deepEqual(await verdictsOf(bytesOf(file), encodeUtf8('quorum none\n')), [false, false]);
  const spoilt = receipt.replace(
    /(three\.example )(.{20})(.)/,
    (_, name, start, one) => name + start + (one === 'A' ? 'B' : 'A'),
  );
  assert.notEqual(spoilt, receipt);
  assert.deepEqual(await verdictsOf(bytesOf({ ...file, receipt: spoilt }), two.policy), [false, false]);
  const stranger = `${receipt}— stranger.example AAAAAAAA\n`;
  assert.deepEqual(await verdictsOf(bytesOf({ ...file, receipt: stranger }), two.policy), [true, true]);
});

test('library and page agree on thousands of mutated receipts, entries, records and policies', async () => {
  const { fileOf, policy } = await sampleReceipts(20);
  const file = await fileOf(7);
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  const parts: [name: string, valid: Uint8Array, put: (bytes: Uint8Array) => [File, Uint8Array]][] = [
    ['receipt', encodeUtf8(file['receipt'] as string), (bytes) => [{ ...file, receipt: text(bytes) }, policy]],
    [
      'entry',
      encodeUtf8(file['entry'] as string),
      (bytes) => [{ ...file, entry: text(bytes), leaf_hash: null }, policy],
    ],
    ['policy', policy, (bytes) => [file, bytes]],
  ];
  for (const [name, valid, put] of parts) {
    const mutations = fc.sample(hostileBytes([valid]), 700);
    for (const bytes of mutations) {
      const [given, given_policy] = put(bytes);
      const [receipt] = await verdictsOf(bytesOf(given), given_policy);
      if (name === 'entry') assert.equal(receipt, Buffer.from(bytes).equals(valid), name);
    }
  }
});

test('a printed leaf is verified from the public tiles, and a wrong place or hash is refused', async () => {
  for (const size of [1, 5, 256, 300, 66_000]) {
    const { tiles, checkpoint, policy, fileOf } = await sampleReceipts(size);
    const fetchFile = async (path: string) => (path === 'checkpoint' ? checkpoint : (await tiles.get(path))!);
    for (const index of new Set([0, size >> 1, size - 1])) {
      const leaf_hash = Buffer.from((await fileOf(index))['leaf_hash'] as string, 'hex');
      await verifyPrinted({ index: BigInt(index), leaf_hash }, fetchFile, policy);
      const wrong = Buffer.from(leaf_hash).fill(1, 0, 1);
      await assert.rejects(verifyPrinted({ index: BigInt(index), leaf_hash: wrong }, fetchFile, policy), NotVerified);
    }
    const beyond = { index: BigInt(size), leaf_hash: new Uint8Array(32) };
    await assert.rejects(verifyPrinted(beyond, fetchFile, policy), NotVerified);
  }
});

test('a copy of a log is verified whole; an altered entry or tile is found', async () => {
  const { tiles, checkpoint, policy } = await sampleReceipts(600);
  const parsed = parsePolicy(policy);
  assert.equal((await verifyLog({ tiles, checkpoint }, parsed)).checkpoint.size, 600n);
  for (const path of ['tile/entries/001', 'tile/0/001']) {
    const altering = {
      ...tiles,
      get: async (asked: string) => {
        const bytes = await tiles.get(asked);
        if (asked === path) bytes![10]! ^= 1;
        return bytes;
      },
    };
    await assert.rejects(verifyLog({ tiles: altering, checkpoint }, parsed), { code: 'proof_invalid' });
  }
});

test('a published document is verified by the receipt beside it, another one is not', async () => {
  const { fileOf, policy } = await sampleReceipts(4);
  const file = await fileOf(1);
  const document = encodeUtf8('report');
  assert.throws(() => verifyPublication(document, bytesOf(file), parsePolicy(policy)), /not of a publication/);
  assert.equal(createHash('sha256').update('zdravo-publication/v1\n').update(document).digest().length, 32);
});

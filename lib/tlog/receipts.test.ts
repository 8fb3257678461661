import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeUtf8 } from './bytes.ts';
import { makeInclusionProof } from './inclusion.ts';
import { encodeReceipt, parseReceipt, type Receipt, verifyReceipt } from './receipts.ts';
import { leavesUpTo, memorySource } from './testing/reference-tree.ts';
import { assertParserHolds, assertRefused, hostileBytes, unlessRefused } from './testing/refusals.ts';
import { sampleCheckpoint, samplePolicy, sampleSigner } from './testing/sample-log.ts';

const SIZE = 700;
const leaves = leavesUpTo(SIZE);
const signers = ['a.example', 'b.example', 'c.example'].map((name) => sampleSigner(name));
const policy = samplePolicy(
  signers.map((signer) => ({ signer })),
  2,
);
const checkpoint = await sampleCheckpoint(SIZE, signers);

async function receiptOf(index: number): Promise<Receipt> {
  const proof = await makeInclusionProof(memorySource(leaves), { index: BigInt(index), size: BigInt(SIZE) });
  return { index: BigInt(index), proof, checkpoint };
}

const receipt = await receiptOf(73);
const bytes = encodeReceipt(receipt);

test('a receipt proves its leaf, offline, by the policy alone', () => {
  const verdict = verifyReceipt({ receipt: bytes, leaf_hash: leaves[73]!, policy });
  assert.equal(verdict.index, 73n);
  assert.equal(verdict.checkpoint.size, 700n);
  assert.deepEqual(
    verdict.cosigners.map(({ timestamp }) => timestamp),
    [1_700_000_000n, 1_700_000_000n, 1_700_000_000n],
  );
});

test('a receipt with three cosignatures among 700 leaves is well under 2 KB', () => {
  assert.ok(bytes.length < 1300, `${bytes.length} bytes`);
});

test('a receipt proves no other leaf, index, tree, log or weaker quorum', async () => {
  const refused = (code: Parameters<typeof assertRefused>[0], given: Receipt, leaf_hash = leaves[73]!) =>
    assertRefused(code, () => verifyReceipt({ receipt: encodeReceipt(given), leaf_hash, policy }));
  refused('proof_invalid', receipt, leaves[74]!);
  refused('proof_invalid', { ...receipt, index: 72n });
  refused('range_invalid', { ...receipt, index: 700n });
  refused('hash_invalid', receipt, new Uint8Array(0));
  refused('quorum_missing', { ...receipt, checkpoint: await sampleCheckpoint(SIZE, signers.slice(0, 1)) });
  refused('proof_invalid', { ...receipt, checkpoint: await sampleCheckpoint(SIZE - 1, signers) });
  refused('range_invalid', { ...receipt, checkpoint: await sampleCheckpoint(0, signers) });
  assertRefused('origin_unknown', () =>
    verifyReceipt({ receipt: bytes, leaf_hash: leaves[73]!, policy: { ...policy, logs: [] } }),
  );
});

test('extra data is carried along and proves nothing', () => {
  const with_extra = encodeReceipt({ ...receipt, extra: encodeUtf8('anything') });
  assert.deepEqual(parseReceipt(with_extra).extra, encodeUtf8('anything'));
  verifyReceipt({ receipt: with_extra, leaf_hash: leaves[73]!, policy });
});

test('malformed receipts are refused', () => {
  const text = Buffer.from(bytes).toString();
  const wrong = [
    '',
    text.replace('@v1', '@v2'),
    text.replace('index 73', 'index 073'),
    text.replace('index 73', 'index -1'),
    text.replace('index 73', 'index  73'),
    text.replace('index 73', 'extra \nindex 73'),
    text.replace('index 73', 'extra QQ\nindex 73'),
    text.replace('index 73', 'extra QUE=\nextra QUE=\nindex 73'),
    text.replace('index 73\n', ''),
    text.replace('index 73\n', 'index 73\nAAAA\n'),
    `\ufeff${text}`,
    text.replaceAll('\n', '\r\n'),
    text.replace('index 73', `index 73${`\n${Buffer.alloc(32).toString('base64')}`.repeat(64)}`),
  ];
  for (const one of wrong)
    assert.throws(() => parseReceipt(encodeUtf8(one)), { code: 'receipt_malformed' }, one.slice(0, 80));
  assertRefused('too_large', () => parseReceipt(new Uint8Array(1024 * 1024)));
});

test('a receipt that was changed is refused, or is read and written the same', async () => {
  const with_extra = encodeReceipt({ ...(await receiptOf(0)), extra: encodeUtf8('e') });
  assertParserHolds([bytes, with_extra], parseReceipt, encodeReceipt);
});

test('whatever was changed, an accepted receipt still says the same of the same leaf', () => {
  const expected = verifyReceipt({ receipt: bytes, leaf_hash: leaves[73]!, policy });
  fc.assert(
    fc.property(hostileBytes([bytes]), (changed) => {
      const verdict = unlessRefused(() => verifyReceipt({ receipt: changed, leaf_hash: leaves[73]!, policy }));
      if (verdict === undefined) return;
      assert.deepEqual(verdict.checkpoint, expected.checkpoint);
      assert.equal(verdict.index, 73n);
      assert.ok(verdict.cosigners.length >= 2);
    }),
    { numRuns: 2000 },
  );
});

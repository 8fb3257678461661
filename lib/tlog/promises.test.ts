import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeUtf8, encodeUtf8 } from './bytes.ts';
import { sha256 } from './hashing.ts';
import { createLogFiles } from './log-files.ts';
import { createMemoryTileStore } from './memory-stores.ts';
import { formatPromise, type LogPromise, parsePromise, signPromise, verifyPromise } from './promises.ts';
import { SIGNATURE_TYPES } from './signature-types.ts';
import { assertParserHolds, assertRejected, assertVerifierHolds } from './testing/refusals.ts';
import { log_signer, sampleSigner } from './testing/sample-log.ts';

const promise: LogPromise = {
  origin: 'log.example/records',
  leaf_hash: sha256(encodeUtf8('a leaf')),
  stored_at: 1_700_000_000n,
  deadline: 1_700_000_060n,
};
const signer = sampleSigner('log.example/records/promises', SIGNATURE_TYPES.ed25519);

test('a promise verifies under its key and says what was signed; altered ones are refused', async () => {
  const signed = await signPromise(promise, signer);
  assert.deepEqual(verifyPromise(signed, [signer.key]), promise);
  assert.throws(() => verifyPromise(signed, [log_signer.key]), { code: 'signature_missing' });
  assertVerifierHolds([signed], (bytes) => verifyPromise(bytes, [signer.key]));
  await assertRejected('key_unsupported', signPromise(promise, sampleSigner('witness.example')));
});

test('what is read as a promise formats to the same text again', () => {
  const decode = (bytes: Uint8Array) => parsePromise(decodeUtf8(bytes));
  assertParserHolds([encodeUtf8(formatPromise(promise))], decode, (value) => encodeUtf8(formatPromise(value)));
});

test('a log serves its checkpoint, its tiles and the texts added, and no other path', async () => {
  const tiles = createMemoryTileStore();
  await tiles.putIfAbsent('tile/0/000.p/1', encodeUtf8('x'.repeat(32)));
  const find = createLogFiles({
    tiles,
    checkpoint: async () => encodeUtf8('note'),
    texts: { policy: encodeUtf8('quorum none\n') },
  });
  assert.match((await find('checkpoint'))!.cache_control, /no-cache/);
  assert.match((await find('tile/0/000.p/1'))!.cache_control, /immutable/);
  assert.equal((await find('policy'))!.content_type, 'text/plain; charset=utf-8');
  for (const path of ['tile/0/001', 'tile/0/../../checkpoint', '../log.key', '', 'constructor', 'policy/'])
    assert.equal(await find(path), undefined, path);
});

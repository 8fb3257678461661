import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeUtf8 } from './bytes.ts';
import { makeConsistencyProof } from './consistency.ts';
import { EMPTY_ROOT, sha256 } from './hashing.ts';
import { createMemoryCheckpointStore } from './memory-stores.ts';
import { encodeNote, parseNote, parseSignatureLines } from './notes.ts';
import { SIGNATURE_TYPES } from './signature-types.ts';
import { verifyNote } from './signatures.ts';
import { openCheckpoint, signCheckpoint } from './signed-checkpoints.ts';
import type { CheckpointStore } from './stores.ts';
import { leavesUpTo, memorySource } from './testing/reference-tree.ts';
import { assertParserHolds, hostileBytes } from './testing/refusals.ts';
import { log_signer, ORIGIN, sampleCheckpoint, sampleSigner } from './testing/sample-log.ts';
import { addCheckpoint, findCosignedCheckpoint, type Witness } from './witness.ts';
import { type AddCheckpoint, encodeAddCheckpoint, parseAddCheckpoint } from './witness-requests.ts';

const signers = [
  sampleSigner('witness.example'),
  sampleSigner('witness.example', SIGNATURE_TYPES.ml_dsa_44_cosignature),
];
const origin_hash = Buffer.from(sha256(encodeUtf8(ORIGIN))).toString('hex');

function createWitness(store: CheckpointStore = createMemoryCheckpointStore()): Witness {
  return { store, logs: new Map([[ORIGIN, [log_signer.key]]]), signers, now: () => 1_700_000_001n };
}

async function requestOf(old_size: number, size: number): Promise<AddCheckpoint> {
  const proof = await makeConsistencyProof(memorySource(leavesUpTo(size)), {
    old_size: BigInt(old_size),
    size: BigInt(size),
  });
  return { old_size: BigInt(old_size), proof, checkpoint: await sampleCheckpoint(size) };
}

async function ask(witness: Witness, request: AddCheckpoint) {
  return addCheckpoint(witness, encodeAddCheckpoint(request));
}

test('a witness cosigns a growing log with all its keys, and tells monitors', async () => {
  const witness = createWitness();
  assert.equal(await findCosignedCheckpoint(witness, origin_hash), undefined);
  for (const [old_size, size] of [
    [0, 5],
    [5, 5],
    [5, 9],
    [9, 300],
  ] as const) {
    const request = await requestOf(old_size, size);
    const given = await ask(witness, request);
    assert.equal(given.status, 200);
    const { text } = parseNote(request.checkpoint);
    const lines = parseSignatureLines(given.status === 200 ? given.cosignatures : '');
    const verified = verifyNote(
      { text, signatures: lines },
      signers.map(({ key }) => key),
    );
    assert.deepEqual(
      verified.map(({ timestamp }) => timestamp),
      [1_700_000_001n, 1_700_000_001n],
    );
  }
  const told = await findCosignedCheckpoint(witness, origin_hash);
  const opened = openCheckpoint(told!, [log_signer.key, ...signers.map(({ key }) => key)]);
  assert.deepEqual([opened.checkpoint.size, opened.signatures.length], [300n, 3]);
  assert.equal(await findCosignedCheckpoint(witness, 'f'.repeat(64)), undefined);
});

test('a witness answers each fault with the status that the specification asks for', async () => {
  const witness = createWitness();
  const first = await requestOf(0, 5);
  assert.equal((await ask(witness, first)).status, 200);
  const next = await requestOf(5, 9);
  const statuses = {
    'an old size above the size': [400, await ask(witness, { ...next, old_size: 10n })],
    'no note': [400, await ask(witness, { ...next, checkpoint: encodeUtf8('hello') })],
    'an unknown log': [
      404,
      await ask(witness, { ...next, checkpoint: await checkpointOf({ origin: 'other.example' }) }),
    ],
    'no signature of the log': [403, await ask(witness, { ...next, checkpoint: await signedBy('stranger.example') })],
    'a false signature of the log': [403, await ask(witness, { ...next, checkpoint: falsify(next.checkpoint) })],
    'another old size': [409, await ask(witness, await requestOf(4, 9))],
    'no proof': [422, await ask(witness, { ...next, proof: [] })],
    'a false proof': [422, await ask(witness, { ...next, proof: next.proof.toReversed() })],
    'another root': [
      422,
      await ask(witness, { ...next, checkpoint: await checkpointOf({ size: 9n, root: EMPTY_ROOT }) }),
    ],
    'a fork at the same size': [
      422,
      await ask(witness, { old_size: 5n, proof: [], checkpoint: await checkpointOf({ size: 5n, root: EMPTY_ROOT }) }),
    ],
    'a proof from zero': [409, await ask(witness, { ...next, old_size: 0n })],
  } as const;
  for (const [why, [expected, given]] of Object.entries(statuses)) assert.equal(given.status, expected, why);
  assert.deepEqual(statuses['another old size'][1], { status: 409, size: 5n });
  assert.equal((await ask(witness, next)).status, 200);
});

test('the empty tree has one root, and needs no proof to be extended', async () => {
  const empty = await checkpointOf({ size: 0n, root: EMPTY_ROOT });
  const wrong = await checkpointOf({ size: 0n, root: new Uint8Array(32) });
  const witness = createWitness();
  assert.equal((await ask(witness, { old_size: 0n, proof: [], checkpoint: wrong })).status, 422);
  assert.equal((await ask(witness, { old_size: 0n, proof: [], checkpoint: empty })).status, 200);
  assert.equal((await ask(witness, { ...(await requestOf(0, 5)), proof: [EMPTY_ROOT] })).status, 422);
  assert.equal((await ask(witness, await requestOf(0, 5))).status, 200);
});

test('of many requests at once from one size, no two lead to different trees', async () => {
  const witness = createWitness();
  const requests = await Promise.all([3, 4, 5, 6, 7, 8, 9, 5, 5].map((size) => requestOf(0, size)));
  const given = await Promise.all(requests.map((request) => ask(witness, request)));
  const winners = requests.filter((_, at) => given[at]!.status === 200);
  assert.equal(winners.length, 1);
  assert.ok(given.every(({ status }) => status === 200 || status === 409));
});

test('what could not be stored is not cosigned; what was stored though it looked lost is told by a conflict', async () => {
  const store = createMemoryCheckpointStore();
  const failing: CheckpointStore = { ...store, compareAndSwap: async () => Promise.reject(new Error('disk full')) };
  await assert.rejects(ask(createWitness(failing), await requestOf(0, 5)), /disk full/);
  assert.equal((await ask(createWitness(store), await requestOf(0, 5))).status, 200);
  const happened: CheckpointStore = {
    ...store,
    compareAndSwap: async (...swap) => {
      await store.compareAndSwap(...swap);
      throw new Error('connection lost');
    },
  };
  await assert.rejects(ask(createWitness(happened), await requestOf(5, 9)), /connection lost/);
  assert.deepEqual(await ask(createWitness(store), await requestOf(5, 9)), { status: 409, size: 9n });
});

test('a witness never cosigns with a key that is no cosignature key', async () => {
  await assert.rejects(ask({ ...createWitness(), signers: [log_signer] }, await requestOf(0, 5)), /cosignature keys/);
});

test('an add-checkpoint request that was changed is refused, or is read and written the same', async () => {
  assertParserHolds(
    [encodeAddCheckpoint(await requestOf(5, 9)), encodeAddCheckpoint(await requestOf(0, 3))],
    parseAddCheckpoint,
    encodeAddCheckpoint,
  );
});

test('no hostile request makes a witness cosign what the log did not sign, or move back', async () => {
  const honest = await Promise.all([requestOf(5, 9), requestOf(5, 5)]);
  const texts = honest.map(({ checkpoint }) => parseNote(checkpoint).text);
  await fc.assert(
    fc.asyncProperty(hostileBytes(honest.map(encodeAddCheckpoint)), async (body) => {
      const witness = createWitness();
      await ask(witness, await first_request);
      const { status } = await addCheckpoint(witness, body);
      const record = parseNote((await findCosignedCheckpoint(witness, origin_hash))!);
      assert.ok(texts.includes(record.text) && (status === 200 || record.text === texts[1]));
    }),
    { numRuns: 150 },
  );
});

const first_request = requestOf(0, 5);

function checkpointOf(changes: { origin?: string; size?: bigint; root?: Uint8Array }): Promise<Uint8Array> {
  const checkpoint = { origin: ORIGIN, size: 9n, root: EMPTY_ROOT, extensions: [], ...changes };
  return signCheckpoint({ checkpoint, signers: [log_signer], timestamp: 1n });
}

async function signedBy(name: string): Promise<Uint8Array> {
  const signer = sampleSigner(name, SIGNATURE_TYPES.ed25519);
  return signCheckpoint({
    checkpoint: { origin: ORIGIN, size: 9n, root: EMPTY_ROOT, extensions: [] },
    signers: [signer],
    timestamp: 1n,
  });
}

function falsify(checkpoint: Uint8Array): Uint8Array {
  const { text, signatures } = parseNote(checkpoint);
  return encodeNote({
    text,
    signatures: signatures.map((line) => ({ ...line, signature: line.signature.map((byte) => byte ^ 2) })),
  });
}

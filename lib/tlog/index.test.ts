import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as tlog from './index.ts';

test('a log is grown, published, cosigned, proven and verified by what the package exports alone', async () => {
  const { ed25519, ed25519_cosignature } = tlog.SIGNATURE_TYPES;
  const log = tlog.parseSigner(tlog.generateSignerKey({ name: 'log.example', type: ed25519 }));
  const witness_signer = tlog.parseSigner(
    tlog.generateSignerKey({ name: 'witness.example', type: ed25519_cosignature }),
  );
  const [store, state] = [tlog.createMemoryTileStore(), tlog.createMemoryCheckpointStore()];
  const entries = Array.from({ length: 300 }, (_, index) => tlog.canonicalJson({ index }));
  await tlog.writeBundles(store, { edge: tlog.EMPTY_BUNDLE_EDGE, entries });
  const edge = await tlog.writeTiles(store, { edge: tlog.EMPTY_TILE_EDGE, leaf_hashes: entries.map(tlog.hashLeaf) });

  const head = {
    origin: 'log.example',
    size: edge.size,
    root: tlog.frontierRoot(tlog.frontierOfEdge(edge)),
    extensions: [],
  };
  const signed = await tlog.signCheckpoint({ checkpoint: head, signers: [log], timestamp: 0n });
  const logs = new Map([['log.example', [log.key]]]);
  const witness = { store: state, logs, signers: [witness_signer], now: () => BigInt(Math.floor(Date.now() / 1000)) };
  const answer = await tlog.addCheckpoint(
    witness,
    tlog.encodeAddCheckpoint({ old_size: 0n, proof: [], checkpoint: signed }),
  );
  assert.equal(answer.status, 200);
  const cosignatures = tlog.parseSignatureLines(answer.status === 200 ? answer.cosignatures : '');
  const checkpoint = tlog.encodeNote(tlog.addSignatures(tlog.parseNote(signed), cosignatures));

  const proof = await tlog.proveInclusion({ store, size: edge.size, index: 7n });
  const receipt = tlog.encodeReceipt({ index: 7n, proof, checkpoint });
  const lines = [
    `log ${tlog.formatVerifierKey(log.key)}`,
    `witness w ${tlog.formatVerifierKey(witness_signer.key)}`,
    'quorum w',
    '',
  ];
  const policy = tlog.parsePolicy(new TextEncoder().encode(lines.join('\n')));
  assert.equal(tlog.verifyReceipt({ receipt, leaf_hash: tlog.hashLeaf(entries[7]!), policy }).index, 7n);
});

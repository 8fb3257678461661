import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, test } from 'node:test';
import { encodeUtf8 } from './bytes.ts';
import { makeConsistencyProof } from './consistency.ts';
import { gatherCosignatures } from './cosigning.ts';
import { sha256 } from './hashing.ts';
import { createMemoryCheckpointStore } from './memory-stores.ts';
import { verifyCheckpoint } from './policy-checks.ts';
import { leavesUpTo, memorySource } from './testing/reference-tree.ts';
import { assertRejected } from './testing/refusals.ts';
import { log_signer, ORIGIN, sampleCheckpoint, samplePolicy, sampleSigner } from './testing/sample-log.ts';
import type { Witness } from './witness.ts';
import { requestCosignatures } from './witness-client.ts';
import { createWitnessServer } from './witness-server.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close().closeAllConnections();
});

const signers = ['a.example', 'b.example', 'c.example'].map((name) => sampleSigner(name));

async function listen(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function startWitness(at: number, changes: Partial<Witness> = {}): Promise<string> {
  const logs = new Map([[ORIGIN, [log_signer.key]]]);
  const witness = {
    store: createMemoryCheckpointStore(),
    logs,
    signers: [signers[at]!],
    now: () => 1_700_000_000n,
    ...changes,
  };
  return listen(createWitnessServer(witness, { on_error: () => {} }));
}

const prove = (size: number) => (old_size: bigint) =>
  makeConsistencyProof(memorySource(leavesUpTo(size)), { old_size, size: BigInt(size) });

async function gather(size: number, urls: string[], options: { threshold: number; known?: [string, bigint][] }) {
  const policy = samplePolicy(
    urls.map((url, at) => ({ signer: signers[at]!, url })),
    options.threshold,
  );
  const given = {
    checkpoint: await sampleCheckpoint(size),
    policy,
    known_sizes: new Map(options.known),
    prove: prove(size),
    timeout_ms: 2000,
  };
  return { policy, ...(await gatherCosignatures(given)) };
}

test('a log gathers a quorum over HTTP, grows, and catches up with a witness it knows nothing of', async () => {
  const urls = await Promise.all([0, 1, 2].map((at) => startWitness(at)));
  const first = await gather(5, urls, { threshold: 2 });
  assert.equal(verifyCheckpoint(first.checkpoint, first.policy).checkpoint.size, 5n);
  const all = await first.complete;
  assert.equal(verifyCheckpoint(all.checkpoint, first.policy).cosigners.length, 3);
  const second = await gather(9, urls, { threshold: 3, known: [['w0', 5n]] });
  assert.equal(second.quorum_met, true);
  assert.equal(verifyCheckpoint(second.checkpoint, second.policy).cosigners.length, 3);
  const shown = await (
    await fetch(`${urls[0]}/${Buffer.from(sha256(encodeUtf8(ORIGIN))).toString('hex')}/checkpoint`)
  ).text();
  assert.match(shown, /^log\.example\/records\n9\n/);
});

test('a witness that is down, slow or lying delays nothing as long as the others are a quorum', async () => {
  const up = await startWitness(0);
  const silent = await listen(createServer(() => {}));
  const liar = await listen(createServer((_, response) => void response.end('— c.example AAAAAAA=\n')));
  const started = performance.now();
  const result = await gather(5, [up, silent, liar], { threshold: 1 });
  assert.ok(result.quorum_met && performance.now() - started < 1500);
  const { outcomes } = await result.complete;
  assert.deepEqual(
    [...outcomes].sort().map(([name, { outcome }]) => `${name} ${outcome}`),
    ['w0 cosigned', 'w1 failed', 'w2 failed'],
  );
});

test('without a quorum the log is told so, and told of a witness that has seen more', async () => {
  const urls = await Promise.all([0, 1].map((at) => startWitness(at)));
  await gather(9, urls.slice(0, 1), { threshold: 1 });
  const restored = await gather(5, urls, { threshold: 2 });
  assert.equal(restored.quorum_met, false);
  assert.deepEqual(restored.outcomes.get('w0'), { outcome: 'ahead', size: 9n });
});

test('the server keeps to the protocol around the edges', async () => {
  const url = await startWitness(0);
  const post = (body: string | Uint8Array) =>
    fetch(`${url}/add-checkpoint`, { method: 'POST', body: Buffer.from(body) });
  assert.equal((await fetch(`${url}/add-checkpoint`)).status, 405);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  assert.equal((await fetch(`${url}/nothing`)).status, 404);
  assert.equal((await fetch(`${url}/${'0'.repeat(64)}/checkpoint`)).status, 404);
  assert.equal((await post('old 0\n')).status, 400);
  assert.equal((await post(new Uint8Array(500 * 1024))).status, 413);
  const head = `old 0\n\n${Buffer.from(await sampleCheckpoint(5)).toString()}`;
  assert.equal((await post(head)).status, 200);
  const conflict = await post(head);
  assert.deepEqual(
    [conflict.status, conflict.headers.get('content-type'), await conflict.text()],
    [409, 'text/x.tlog.size', '5\n'],
  );
});

test('a failing store is a bare 500, and the client says the witness refused', async () => {
  const store = { get: () => Promise.reject(new Error('secret path')), compareAndSwap: () => Promise.resolve(false) };
  const url = await startWitness(0, { store });
  const request = { old_size: 0n, proof: [], checkpoint: await sampleCheckpoint(5) };
  const answer = await requestCosignatures({ url, keys: [signers[0]!.key], request, timeout_ms: 2000 });
  assert.deepEqual(answer, { outcome: 'refused', status: 500 });
});

test('the client believes no answer that breaks the protocol', async () => {
  const request = { old_size: 0n, proof: [], checkpoint: await sampleCheckpoint(5) };
  const answers: [number, string | Buffer][] = [
    [200, ''],
    [200, 'ok'],
    [200, '— a.example AAAAAAA=\n'],
    [200, Buffer.from([0xff])],
    [200, 'x'.repeat(500_000)],
    [409, '5'],
    [409, '-1\n'],
    [409, '05\n'],
  ];
  for (const [status, body] of answers) {
    const url = await listen(createServer((_, response) => void response.writeHead(status).end(body)));
    const asking = requestCosignatures({ url, keys: [signers[0]!.key], request, timeout_ms: 2000 });
    await assertRejected('witness_answer_malformed', asking);
  }
});

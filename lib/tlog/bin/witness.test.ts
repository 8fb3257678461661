import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import {
  type CosignResult,
  formatVerifierKey,
  makeConsistencyProof,
  parseVerifierKey,
  requestCosignatures,
} from '../index.ts';
import { leavesUpTo, memorySource } from '../testing/reference-tree.ts';
import { log_signer, sampleCheckpoint } from '../testing/sample-log.ts';

const directory = await mkdtemp(join(tmpdir(), 'zdravo-witness-'));
after(() => rm(directory, { recursive: true, force: true }));
const program = join(import.meta.dirname, 'witness.ts');

/** Runs the program until it is ready or has ended. */
async function start(...flags: string[]) {
  const child = spawn(process.execPath, [program, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const ready = new Promise<void>((resolve) => child.stdout.on('data', () => /^ready /m.test(output) && resolve()));
  await Promise.race([ended, ready]);
  const [, vkey, url] = /^vkey (\S+)\nready (\S+)$/m.exec(output) ?? [];
  return { vkey, url, child, ended, output: () => output };
}

const flags = [
  '--name',
  'witness.example',
  '--data',
  directory,
  '--port',
  '0',
  '--log',
  formatVerifierKey(log_signer.key),
];

async function ask(witness: { url?: string; vkey?: string }, old_size: number, size: number): Promise<CosignResult> {
  const proof = await makeConsistencyProof(memorySource(leavesUpTo(size)), {
    old_size: BigInt(old_size),
    size: BigInt(size),
  });
  return requestCosignatures({
    url: witness.url!,
    keys: [parseVerifierKey(witness.vkey!)],
    request: { old_size: BigInt(old_size), proof, checkpoint: await sampleCheckpoint(size) },
    timeout_ms: 5_000,
  });
}

test('a witness keeps its key and its memory through kill -9', async () => {
  let size = 0;
  let vkey: string | undefined;
  for (let round = 1; round <= 4; round++) {
    const witness = await start(...flags);
    assert.ok(witness.url, witness.output());
    vkey ??= witness.vkey;
    assert.equal(witness.vkey, vkey);
    if (round > 1) assert.deepEqual(await ask(witness, 0, size), { outcome: 'conflict', size: BigInt(size) });
    assert.equal((await ask(witness, size, size + 3)).outcome, 'cosigned');
    size += 3;
    witness.child.kill('SIGKILL');
    await witness.ended;
  }
});

test('without its settings it says how it is used, and a second one on the same folder is refused', async () => {
  const nothing = await start();
  assert.match(nothing.output(), /usage: npm run witness/);
  const first = await start(...flags);
  const renamed = await start('--name', 'other.example', ...flags.slice(2));
  assert.match(renamed.output(), /is named witness\.example/);
  first.child.kill('SIGTERM');
  await first.ended;
  assert.equal(first.child.exitCode, 0);
});

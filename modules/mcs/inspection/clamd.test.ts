import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { sampleJpeg } from '../sample-documents.ts';
import { eicar, findsEicar, startClamdStandIn as standIn } from './clamd-stand-in.ts';
import { connectClamd, inspect, ScannerUnavailable } from './index.ts';

describe('the scanner', () => {
  test('passes what is clean, in one chunk or many', async () => {
    const { port, server } = await standIn(findsEicar);
    const scanner = connectClamd({ host: '127.0.0.1', port });
    assert.deepEqual(await scanner.scan(sampleJpeg()), { infected: false });
    assert.deepEqual(await scanner.scan(Buffer.alloc(1_000_000)), { infected: false });
    server.close();
  });

  test('names what it finds, also where two chunks meet', async () => {
    const { port, server } = await standIn(findsEicar);
    const scanner = connectClamd({ host: '127.0.0.1', port });
    const found = { infected: true, name: 'Eicar-Test-Signature' };
    assert.deepEqual(await scanner.scan(Buffer.concat([Buffer.alloc(256 * 1024 - 20), eicar])), found);
    server.close();
  });

  test('an infected document is reported as infected, whatever its form', async () => {
    const { port, server } = await standIn(findsEicar);
    const rules = { max_bytes: 1_000_000, scanner: connectClamd({ host: '127.0.0.1', port }) };
    const jpeg = sampleJpeg({ segments: [[0xfe, eicar]] });
    for (const bytes of [eicar, jpeg]) {
      const verdict = await inspect(bytes, 'image/jpeg', rules);
      assert.equal(!verdict.accepted && verdict.flaw, 'infected');
    }
    server.close();
  });

  test('never passes for a verdict what is none', async () => {
    const answers = ['INSTREAM size limit exceeded. ERROR', 'UNKNOWN COMMAND', '', 'stream: OK and more', undefined];
    for (const answer of answers) {
      const { port, server } = await standIn(() => answer);
      const scanner = connectClamd({ host: '127.0.0.1', port }, { timeout_ms: 200 });
      await assert.rejects(scanner.scan(sampleJpeg()), ScannerUnavailable, String(answer));
      await assert.rejects(inspect(sampleJpeg(), 'image/jpeg', { max_bytes: 1e6, scanner }), ScannerUnavailable);
      server.close();
    }
    await assert.rejects(connectClamd({ host: '127.0.0.1', port: 9 }).scan(eicar), ScannerUnavailable);
  });
});

const clamd_program = process.env['CLAMD_PATH'] ?? '/usr/sbin/clamd';

const skip = existsSync(clamd_program)
  ? false
  : 'clamd is not on this machine: apt-get install clamav-daemon, or set CLAMD_PATH';

test('the real clamd finds EICAR and a signature of our own', { timeout: 60_000, skip }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'zdravo-clamd-'));
  const path = join(directory, 'clamd.socket');
  const signature = Buffer.from('zdravo-test-virus').toString('hex');
  await writeFile(join(directory, 'own.ndb'), `Zdravo.Test:0:*:${signature}\nEicar.Own:0:*:${eicar.toString('hex')}\n`);
  const lines = [`LocalSocket ${path}`, `DatabaseDirectory ${directory}`, 'Foreground yes', 'User root'];
  await writeFile(join(directory, 'clamd.conf'), `${lines.join('\n')}\n`);
  const child = spawn(clamd_program, ['-c', join(directory, 'clamd.conf')], { stdio: 'ignore' });
  try {
    for (let tries = 0; !existsSync(path) && tries < 300; tries += 1) await pause(100);
    const scanner = connectClamd({ path });
    assert.deepEqual(await scanner.scan(sampleJpeg()), { infected: false });
    const found = await scanner.scan(sampleJpeg({ comment: 'zdravo-test-virus' }));
    assert.deepEqual(found, { infected: true, name: 'Zdravo.Test.UNOFFICIAL' });
    assert.equal((await scanner.scan(eicar)).infected, true);
  } finally {
    child.kill();
    await rm(directory, { recursive: true, force: true });
  }
});

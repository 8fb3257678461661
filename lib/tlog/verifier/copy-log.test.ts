import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { createFileTileStore } from '../file-tile-store.ts';
import { createLogFiles, type FindLogFile } from '../log-files.ts';
import { parsePolicy } from '../policies.ts';
import { assertRejected } from '../testing/refusals.ts';
import { type SampleReceipts, sampleReceipts } from '../testing/sample-receipts.ts';
import { copyLog } from './copy-log.ts';
import { verifyLog } from './verdicts.ts';

let directory: string;
let folders = 0;
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zdravo-copy-'));
});
after(() => rm(directory, { recursive: true, force: true }));

const filesOf = ({ tiles, checkpoint }: SampleReceipts): FindLogFile =>
  createLogFiles({ tiles, checkpoint: async () => checkpoint });

const fetchFrom = (files: FindLogFile) => async (path: string) => (await files(path))?.bytes;

async function sizeOfCopy(folder: string, policy: Uint8Array): Promise<bigint> {
  const input = { tiles: createFileTileStore(folder), checkpoint: await readFile(join(folder, 'checkpoint')) };
  return (await verifyLog(input, parsePolicy(policy))).checkpoint.size;
}

test('a copy verifies whole; brought up to date, it fetches only what is new', async () => {
  const folder = join(directory, String(folders++));
  const small = await sampleReceipts(600);
  assert.deepEqual(await copyLog(fetchFrom(filesOf(small)), folder), { size: 600n, fetched: 7 });
  assert.equal(await sizeOfCopy(folder, small.policy), 600n);
  assert.deepEqual(await copyLog(fetchFrom(filesOf(small)), folder), { size: 600n, fetched: 0 });
  const grown = await sampleReceipts(70_000);
  const { size, fetched } = await copyLog(fetchFrom(filesOf(grown)), folder);
  // 273 full tiles and bundles and their partial ones, less two of each; two tiles of level 1 and one of level 2.
  assert.deepEqual([size, fetched], [70_000n, 2 * (274 - 2) + 2 + 1]);
  assert.equal(await sizeOfCopy(folder, grown.policy), 70_000n);
});

test('a log that grew while it was copied is copied again; one that withholds a tile is not', async () => {
  const [before, later] = [await sampleReceipts(300), await sampleReceipts(600)];
  let current = filesOf(before);
  const growing = async (path: string) => {
    if (path.includes('.p/44')) current = filesOf(later);
    return fetchFrom(current)(path);
  };
  assert.equal((await copyLog(growing, join(directory, String(folders++)))).size, 600n);
  const withholding = async (path: string) => (path === 'tile/0/001' ? undefined : fetchFrom(filesOf(later))(path));
  await assertRejected('tile_missing', copyLog(withholding, join(directory, String(folders++))));
});

test('the command copies from an address and verifies the copy without network', async () => {
  const log = await sampleReceipts(300);
  const server: Server = createServer(async (request, response) => {
    const file = await filesOf(log)(request.url!.slice('/log/'.length));
    if (file) response.end(file.bytes);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${(server.address() as { port: number }).port}/log/`;
  const [folder, policy] = [join(directory, 'copy'), join(directory, 'policy')];
  await writeFile(policy, log.policy);
  const command = join(import.meta.dirname, '../bin/zdravo-verify.ts');
  const run = (...flags: string[]) => promisify(execFile)(process.execPath, [command, ...flags]);
  assert.match((await run('copy', address, folder)).stdout, /^COPIED\n300 leaves, 5 files fetched; verify it with/);
  server.closeAllConnections();
  server.close();
  assert.match((await run('log', folder, '--policy', policy)).stdout, /^VERIFIED\nall 300 entries/);
  await assert.rejects(run('copy', address, folder), { code: 2 });
});

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { encodeUtf8 } from './bytes.ts';
import { tileStoreFiles } from './testing/sample-files.ts';
import { samplePublication, sampleReceipts } from './testing/sample-receipts.ts';

// What somebody has who knows nothing of this repository: a tarball, an empty folder, `npx`.

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zdravo-packed-'));
  const packed = await run(
    process.execPath,
    [join(import.meta.dirname, '../../dev/pack.ts'), 'tlog', folder],
    import.meta.dirname,
  );
  await writeFile(join(folder, 'package.json'), '{}');
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', packed.output.trim()]);
});
after(() => rm(folder, { recursive: true, force: true }));

function run(program: string, given: string[], cwd = folder): Promise<{ code: number; output: string }> {
  return promisify(execFile)(program, given, { cwd }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, output: stdout + stderr }),
  );
}

const verify = (...given: string[]) => run('npx', ['--offline', 'zdravo-verify', ...given, '--policy', 'policy']);

test('the packed command verifies receipts, records and whole logs, and says when something was altered', async () => {
  const { fileOf, policy, tiles, checkpoint } = await sampleReceipts(300);
  const file = await fileOf(7);
  const record = file['record'] as { body: string; seed: string };
  const altered = { ...file, record: { ...record, body: record.body.replace('create', 'delete') } };
  const files = { policy: policy, 'good.json': JSON.stringify(file), 'altered.json': JSON.stringify(altered) };
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
  for (const [path, bytes] of [['checkpoint', checkpoint] as const, ...(await tileStoreFiles(tiles, 300))]) {
    await mkdir(dirname(join(folder, 'log', path)), { recursive: true });
    await writeFile(join(folder, 'log', path), bytes);
  }
  assert.match((await verify('receipt', 'good.json')).output, /^VERIFIED\n/);
  assert.match((await verify('record', 'good.json')).output, /^VERIFIED\n[\s\S]*id: record-7/);
  const refused = await verify('record', 'altered.json');
  assert.deepEqual([refused.code, /^NOT VERIFIED\n/.test(refused.output)], [1, true], refused.output);
  assert.match((await verify('log', 'log')).output, /^VERIFIED\nall 300 entries/);
  assert.equal((await verify('nonsense', 'good.json')).code, 2);
});

test('the packed command verifies a published document by the receipt beside it', async () => {
  const document = encodeUtf8('a report');
  const { receipt, policy } = await samplePublication(document);
  await writeFile(join(folder, 'policy'), policy);
  await writeFile(join(folder, 'report.json'), document);
  await writeFile(join(folder, 'report.json.receipt.json'), JSON.stringify(receipt));
  assert.match((await verify('report', 'report.json')).output, /^VERIFIED\n/);
  await writeFile(join(folder, 'report.json'), 'another report');
  assert.equal((await verify('report', 'report.json')).code, 1);
});

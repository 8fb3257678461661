import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  createMemoryCheckpointStore,
  createWitnessServer,
  formatVerifierKey,
  generateSignerKey,
  parseSigner,
  SIGNATURE_TYPES,
} from '@zdravo/tlog';
import { resumeRuns, runCapitation } from '../capitation/run.ts';
import { addClinic, addDeclaration, type ReportsUnderTest, startReportsForTest } from '../testing.ts';
import { recomputeTotals } from './recompute-totals.ts';

const signer = parseSigner(generateSignerKey({ name: 'reports.example/capitation', type: SIGNATURE_TYPES.ed25519 }));
const names = ['patients', 'doctors', 'archive'];
let under: ReportsUnderTest;
let policy: Buffer;
let folder: string;
const servers = new Map<string, Server>();
const is_down = new Set<string>();

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zdravo-published-'));
  const lines = await Promise.all(names.map(startWitness));
  const text = [`log ${formatVerifierKey(signer.key)}`, ...lines, `group all 2 ${names.join(' ')}`, 'quorum all', ''];
  policy = Buffer.from(text.join('\n'));
  under = await startReportsForTest({ signer, publication_policy: policy });
  const clinic = await addClinic(under);
  for (let i = 0; i < 12; i++) await addDeclaration(under, { clinic, birth_date: '1990-01-01' });
  await under.caughtUp();
});
after(async () => {
  await under?.close();
  for (const server of servers.values()) server.close().closeAllConnections();
  await rm(folder, { recursive: true, force: true });
});

/** A real witness over HTTP; while it is down it cuts every connection. */
async function startWitness(name: string): Promise<string> {
  const key = parseSigner(
    generateSignerKey({ name: `${name}.witness.example`, type: SIGNATURE_TYPES.ed25519_cosignature }),
  );
  const logs = new Map([[signer.key.name, [signer.key]]]);
  const witness = { store: createMemoryCheckpointStore(), logs, signers: [key], now: () => 1_790_000_000n };
  const server = createWitnessServer(witness, { on_error: () => {} });
  server.on('connection', (socket) => is_down.has(name) && socket.destroy());
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  servers.set(name, server);
  return `witness ${name} ${formatVerifierKey(key.key)} http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

const read = async (name: string) => under.published.get(name)!;
const stateOf = async (month: string) =>
  (
    await under.reports.deps.db
      .selectFrom('reports.capitation_runs')
      .select('state')
      .where('billing_month', '=', month)
      .executeTakeFirstOrThrow()
  ).state;

test('nothing is shown before a quorum of witnesses has seen it; when they answer again the run ends by itself', async () => {
  for (const name of ['patients', 'doctors']) is_down.add(name);
  await assert.rejects(runCapitation(under.reports.deps, '2026-11-01'), {
    code: 'publication_not_witnessed',
    status: 503,
  });
  assert.deepEqual([await stateOf('2026-11-01'), under.published.size], ['publishing', 0]);
  is_down.delete('patients');
  await resumeRuns(under.reports.deps);
  assert.equal(await stateOf('2026-11-01'), 'published');
  const { seen_by } = await recomputeTotals(read, '2026-11-01', policy);
  assert.deepEqual(seen_by.sort(), ['archive', 'patients']);
  is_down.clear();
});

test('zdravo-verify says so of the published files, and of no other manifest', async () => {
  const verify = async (manifest: string) => {
    const command = fileURLToPath(import.meta.resolve('@zdravo/tlog/verify-command'));
    const files = [
      'report',
      join(folder, manifest),
      '--policy',
      join(folder, 'policy'),
      '--receipt',
      join(folder, 'receipt'),
    ];
    return promisify(execFile)(process.execPath, [command, ...files]);
  };
  const manifest = Buffer.from(await read('capitation/2026-11-01/manifest.json'));
  await writeFile(join(folder, 'policy'), policy);
  await writeFile(join(folder, 'receipt'), await read('capitation/2026-11-01/manifest.json.receipt.json'));
  await writeFile(join(folder, 'manifest.json'), manifest);
  await writeFile(join(folder, 'other.json'), manifest.toString().replace('"totals"', '"TOTALS"'));
  assert.match((await verify('manifest.json')).stdout, /^VERIFIED\npublication, version 1 \(publish\), is leaf 0/);
  await assert.rejects(verify('other.json'), /NOT VERIFIED/);
});

test('the whole log lies beside the files and leads to the cosigned root', async () => {
  const command = fileURLToPath(import.meta.resolve('@zdravo/tlog/verify-command'));
  const { mkdir } = await import('node:fs/promises');
  for (const [name, bytes] of under.published) {
    if (!name.startsWith('log/')) continue;
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), bytes);
  }
  const { stdout } = await promisify(execFile)(process.execPath, [
    command,
    'log',
    join(folder, 'log'),
    '--policy',
    join(folder, 'policy'),
  ]);
  assert.match(stdout, /all 1 entries lead to the signed root/);
});

test('a log that forgot what the witnesses saw (a restored backup) publishes nothing more', async () => {
  under.clock.set('2026-12-02T10:00:00Z');
  await runCapitation(under.reports.deps, '2026-12-01');
  const before_restore = new Map(under.published);
  await under.replica.query(`
    delete from reports.publications where index = 1;
    delete from reports.publication_checkpoints where size = 2;
    update reports.publications set entry = convert_to('{"another":"past"}', 'UTF8') where index = 0`);
  under.clock.set('2027-01-02T10:00:00Z');
  await assert.rejects(runCapitation(under.reports.deps, '2027-01-01'), { code: 'publication_not_witnessed' });
  assert.equal(await stateOf('2027-01-01'), 'publishing');
  assert.deepEqual(under.published, before_restore, 'the last good report stays');
});

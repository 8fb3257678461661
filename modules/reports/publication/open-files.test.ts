import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { formatVerifierKey, generateSignerKey, parseSigner, SIGNATURE_TYPES } from '@zdravo/tlog';
import { parquetReadObjects } from 'hyparquet';
import { reproduceRun } from '../capitation/reproduce.ts';
import { runCapitation } from '../capitation/run.ts';
import { addClinic, addDeclaration, type ReportsUnderTest, startReportsForTest } from '../testing.ts';
import { recomputeTotals } from './recompute-totals.ts';

let under: ReportsUnderTest;
let run_id: string;
const folder = 'capitation/2026-11-01';

before(async () => {
  under = await startReportsForTest();
  const names = ['=HYPERLINK("http://x")', 'Друга, "Клініка"', 'Третя', 'Четверта <script>alert(1)</script>'];
  for (const [i, name] of names.entries()) {
    const clinic = await addClinic(under, { name, edrpou: `2000000${i}`, area: i < 3 ? 'ЛЬВІВСЬКА' : 'КИЇВСЬКА' });
    for (let k = 0; k < (i === 0 ? 15 : 4); k++) await addDeclaration(under, { clinic, birth_date: '1990-01-01' });
    for (let k = 0; i > 0 && k < 5; k++) await addDeclaration(under, { clinic, birth_date: '1950-01-01' });
    if (i === 1) await addDeclaration(under, { clinic, birth_date: '2025-01-01', mountain: true });
  }
  await under.caughtUp();
  run_id = (await runCapitation(under.reports.deps, '2026-11-01')).id;
});
after(() => under?.close());

const policy = () => under.reports.deps.publications.policy_text;
const read =
  (changes: Record<string, Uint8Array> = {}) =>
  async (name: string) => {
    const bytes = changes[name] ?? under.published.get(name);
    if (!bytes) throw new Error(`${name} does not exist`);
    return bytes;
  };
const text = (name: string) => Buffer.from(under.published.get(name)!).toString();

test('anybody recomputes the country from the open files; too small a class is withheld with another row, and said so', async () => {
  const totals = await recomputeTotals(read(), '2026-11-01', policy());
  assert.deepEqual(totals, {
    billing_month: '2026-11-01',
    declaration_count: 30,
    amount_minor: 138_750,
    is_complete: false,
    files: 12,
    seen_by: [],
  });
});

test('a changed file, manifest, signature, log entry or key is noticed', async () => {
  const changed = (name: string, change: (bytes: Buffer) => Buffer) => ({
    [`${folder}/${name}`]: change(Buffer.from(under.published.get(`${folder}/${name}`)!)),
  });
  const flip = (bytes: Buffer) => {
    bytes[Math.floor(bytes.length / 2)]! ^= 1;
    return bytes;
  };
  for (const name of [
    'capitation.csv',
    'capitation.parquet',
    'legal_entities.json',
    'manifest.json',
    'manifest.note',
    'manifest.tlog-proof',
  ])
    await assert.rejects(recomputeTotals(read(changed(name, flip)), '2026-11-01', policy()), name);
  await assert.rejects(recomputeTotals(read(), '2026-12-01', policy()));
  const other = parseSigner(generateSignerKey({ name: 'reports.example/capitation', type: SIGNATURE_TYPES.ed25519 }));
  const foreign = Buffer.from(`log ${formatVerifierKey(other.key)}\nquorum none\n`);
  await assert.rejects(recomputeTotals(read(), '2026-11-01', foreign), /not signed by this key/);
});

test('CSV, JSON and Parquet hold the same rows, and the schema names every column', async () => {
  const json = JSON.parse(text(`${folder}/capitation.json`)) as Record<string, unknown>[];
  const parquet = new Uint8Array(under.published.get(`${folder}/capitation.parquet`)!);
  const rows = await parquetReadObjects({ file: parquet.buffer as ArrayBuffer });
  const plain = rows.map((row) =>
    Object.fromEntries(
      Object.entries(row).map(([name, value]) => [name, typeof value === 'bigint' ? Number(value) : value]),
    ),
  );
  assert.deepEqual(plain, json);
  const [header, ...lines] = text(`${folder}/capitation.csv`).trimEnd().split('\r\n');
  const schema = JSON.parse(text(`${folder}/capitation.schema.json`)) as { fields: { name: string }[] };
  assert.deepEqual(
    header!.split(','),
    schema.fields.map(({ name }) => name),
  );
  assert.equal(lines.length, json.length);
});

test('no row shows fewer than ten, and the rest of both regions is one row of the country', () => {
  const rows = JSON.parse(text(`${folder}/capitation.json`)) as { level: string; declaration_count: number }[];
  assert.deepEqual(rows.map((row) => [row.level, row.declaration_count]).sort(), [
    ['country', 15],
    ['legal_entity', 15],
  ]);
});

test('names neither run as formulas nor as HTML', () => {
  assert.match(text(`${folder}/legal_entities.csv`), /"'=HYPERLINK\(""http:\/\/x""\)"/);
  assert.doesNotMatch(text('index.html'), /<script/);
  assert.match(text('index.html'), /capitation\/2026-11-01\/capitation\.parquet/);
  const feed = JSON.parse(text('feed.json')) as { version: string; items: { attachments: unknown[] }[] };
  assert.deepEqual([feed.version, feed.items[0]!.attachments.length], ['https://jsonfeed.org/version/1.1', 12]);
});

test('a report worked out again from its frozen inputs has the same lines and bytes, whatever changed since', async () => {
  await under.replica.query('delete from ops.declaration_heads');
  const again = await reproduceRun(under.reports.deps, run_id);
  assert.ok(again.same_lines && again.files.every(({ same }) => same), JSON.stringify(again));
  await under.replica.query(
    'update reports.capitation_inputs set declaration_count = declaration_count + 1 where run_id = $1',
    [run_id],
  );
  const altered = await reproduceRun(under.reports.deps, run_id);
  assert.ok(!altered.same_lines);
});

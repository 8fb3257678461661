import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readCsv } from './cli/csv.ts';
import { readConfig } from './config.ts';
import { evaluateClusters } from './evaluate.ts';
import { linkRecords } from './link.ts';
import { keyedHash, tokensOf } from './records/hashing.ts';
import { createTableBuilder } from './records/table.ts';
import { buildFields, fieldValue, resolveInput } from './resolve.ts';

const DATA = fileURLToPath(new URL('../../../shared/data/linkage/', import.meta.url));

/** Figures of the same engine on keyed hashes alone, frozen as those on plain values are (cli/main.test.ts). */
const FROZEN = [
  { name: 'febrl_dataset1.csv', truth: 'rec_id', f1: 1 },
  { name: 'febrl_dataset2.csv', truth: 'rec_id', f1: 1 },
  { name: 'febrl_dataset3.csv', truth: 'rec_id', f1: 1 },
  { name: 'splink_fake_1000.csv', truth: 'cluster', f1: 0.9464 },
  { name: 'RLdata500.csv', truth: 'ent_id', f1: 0.98 },
];

for (const { name, truth, f1 } of FROZEN) {
  const skip = existsSync(DATA + name) ? false : `the data set ${name} is not here`;
  test(`${name} on keyed hashes alone is linked as well as when the figure was frozen`, { skip }, async () => {
    const found = await f1OnTokens(DATA + name, truth);
    assert.ok(found >= f1 - 0.001, `F1 ${found}, frozen ${f1}`);
  });
}

async function f1OnTokens(path: string, truth: string): Promise<number> {
  const hash = keyedHash(Buffer.from('a key of the test'));
  let header: readonly string[] = [];
  const rows: (readonly string[])[] = [];
  const visitor = {
    header: (names: readonly string[]) => {
      header = names;
    },
    row: (row: readonly string[]) => {
      rows.push([...row]);
    },
  };
  await readCsv(path, { delimiter: undefined, encoding: 'utf-8' }, visitor);
  const resolved = resolveInput(readConfig({ truth }), header, rows);
  const fields = buildFields(resolved.fields);
  const builder = createTableBuilder(fields, 'tokens');
  rows.forEach((row, at) => {
    const cell = (column: string) => row[header.indexOf(column)] ?? '';
    const tokens = resolved.fields.map((field, index) => {
      const { type } = fields[index]!;
      const raw = fieldValue(field, field.columns.map(cell));
      const value = raw === '' ? null : type.normalise(raw);
      return value === null ? new Int32Array(0) : tokensOf(type, value, hash);
    });
    builder.addTokens({ id: String(at), truth: /^(rec-\d+)-/.exec(cell(truth))?.[1] ?? cell(truth) }, tokens);
  });
  const table = builder.build();
  return evaluateClusters(linkRecords(table).clusterOf, table.truth!).f1;
}

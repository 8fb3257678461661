import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const PACK = fileURLToPath(new URL('../../../dev/pack.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'linkage-packed-'));
after(() => rmSync(folder, { recursive: true, force: true }));

test('the packed command runs from an empty folder, where Node strips no types', () => {
  const archive = execFileSync(process.execPath, [PACK, 'linkage', folder], { encoding: 'utf8' }).trim();
  const installed = join(folder, 'node_modules', '@zdravo', 'linkage');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', archive, '-C', installed, '--strip-components=1']);
  const parser = dirname(dirname(fileURLToPath(import.meta.resolve('csv-parse'))));
  cpSync(parser, join(folder, 'node_modules', 'csv-parse'), { recursive: true });
  mkdirSync(join(folder, 'node_modules', '.bin'));
  const bin = join(folder, 'node_modules', '.bin', 'zdravo-linkage');
  symlinkSync(join(installed, 'zdravo-linkage.mjs'), bin);
  const people = ['1;Anna;Smith;1990-01-02', '2;Ana;Smith;1990-01-02', '3;Bob;Jones;1980-05-05'];
  writeFileSync(join(folder, 'people.csv'), ['id;first_name;last_name;birth_date', ...people].join('\n'));
  const options = { cwd: folder, encoding: 'utf8', stdio: 'pipe' } as const;
  const clusters = execFileSync(process.execPath, [bin, 'dedupe', '--input', 'people.csv', '--quiet'], options);
  assert.deepEqual(clusters.trim().split('\n'), ['id,cluster', '1,1', '2,1', '3,3']);
  const files = readdirSync(installed, { recursive: true }).join('\n');
  assert.doesNotMatch(files, /\.test\.|synthetic-people/, 'tests stay at home');
});

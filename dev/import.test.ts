import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

const directory = await mkdtemp(join(tmpdir(), 'zdravo-import-'));
after(() => rm(directory, { recursive: true, force: true }));

const header = 'settlement,type,name\n';
const row = 'UA80000000000093317,STREET,Довга\n';

async function run(kind: string, content: string | Buffer): Promise<{ code: number | null; output: string }> {
  const file = join(directory, 'given.csv');
  await writeFile(file, content);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'import.ts'), kind, file], {
    env: { ...process.env, ZDRAVO_DATA: join(directory, 'data') },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output += chunk;
    });
  return { code: await new Promise((resolve) => child.once('exit', resolve)), output };
}

test('a file that is wrong anywhere is refused with its place before anything is opened', async () => {
  const cyrillic_1251 = Buffer.concat([Buffer.from(header), Buffer.from('cff0e0e2e4e0', 'hex'), Buffer.from('\n')]);
  const cases: [content: string | Buffer, told: RegExp][] = [
    [`${header}${row}`.slice(0, -3), /the file may have been cut off/],
    [cyrillic_1251, /^line 1, column 1: UTF-8 text expected/],
    [`${header}UA80000000000093317,АВЕНЮ,Довга\n`, /^line 2, column 2: a code of STREET_TYPE expected/],
    [header, /holds no rows/],
  ];
  for (const [content, told] of cases) {
    const { code, output } = await run('streets', content);
    assert.equal(code, 1, output);
    assert.match(output, told);
    assert.equal(output.trim().split('\n').length, 1, output);
  }
  assert.equal((await run('roads', header)).code, 2);
  assert.deepEqual(await readdir(directory), ['given.csv'], 'no database was made');
});

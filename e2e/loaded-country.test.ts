import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startPlatform } from '@zdravo/dev/platform';
import { readSettings } from '@zdravo/dev/settings';
import type { ReconciliationReport } from '@zdravo/il';
import { freePort, withClient } from '@zdravo/kit/testing';
import { dev, runProgram } from './programs.ts';

// What `npm run country` loads is as whole as if people had signed it, its containers included when they are wanted.

const data = await mkdtemp(join(tmpdir(), 'zdravo-loaded-'));
let settings: { ZDRAVO_DATA: string; ZDRAVO_PORT: string; ZDRAVO_LOG: string };
before(async () => {
  settings = { ZDRAVO_DATA: data, ZDRAVO_PORT: String(await freePort()), ZDRAVO_LOG: 'silent' };
});
after(() => rm(data, { recursive: true, force: true }));

const run = (program: string, ...args: string[]) => runProgram(join(dev, program), args, settings);

test('a country that is loaded with its containers audits whole, and the registers fit', async () => {
  const loaded = await run('load-country.ts', '--persons', '700', '--with-containers');
  assert.equal(loaded.code, 0, loaded.output);
  const audited = await run('audit.ts');
  assert.match(audited.output, /^WHOLE: .*\n.* 700 stored versions, 700 signed containers,/);
  assert.equal(audited.code, 0);

  const platform = await startPlatform(readSettings(settings));
  try {
    await platform.runJob('reconcile');
    await withClient(platform.database_urls.platform, async (client) => {
      const { rows } = await client.query('select report from il.reconciliations where report is not null');
      const { checked, findings } = rows[0].report as ReconciliationReport;
      for (const what of ['slots', 'containers', 'declarations', 'signed requests'])
        assert.equal(checked[what], 700, what);
      // The upgrade's job works beside the comparison, which may meet a container between its store and its leaf.
      assert.deepEqual(
        findings.filter(({ kind }) => kind !== 'upgrade_unlogged'),
        [],
      );
    });
  } finally {
    await platform.stop();
  }
});

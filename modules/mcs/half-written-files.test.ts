import assert from 'node:assert/strict';
import { readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type McsUnderTest, startMcsForTest } from './testing.ts';

let media: McsUnderTest;
before(async () => {
  media = await startMcsForTest();
});
after(() => media?.close());

test('the nightly job removes what a killed process left half-written, not what may still be written, nor what is stored', async () => {
  const { store, settings, jobs } = media.mcs;
  const address = { bucket: settings.clean_bucket, key: 'kept' };
  await store.put({ ...address, body: Buffer.from('whole') });
  const incoming = join(media.directory, 'files', '.incoming');
  const draft = async (name: string, age_hours: number) => {
    await writeFile(join(incoming, name), 'half of');
    const at = new Date(Date.now() - age_hours * 3_600_000);
    await utimes(join(incoming, name), at, at);
  };
  await draft('of-last-week', 7 * 24);
  await draft('of-today', 1);
  await jobs.find(({ name }) => name === 'sweep_half_written_files')!.run({}, { signal: undefined });
  assert.deepEqual(await readdir(incoming), ['of-today']);
  assert.ok(await store.head(address));
});

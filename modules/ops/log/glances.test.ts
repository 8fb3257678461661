import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { createGlance } from './glances.ts';

/** Asks without a pause for as long; tells how much of the time was spent looking. */
async function askFor(ms: number, look_ms: number) {
  let looking_ms = 0;
  let looks = 0;
  let at_once = 0;
  const glance = createGlance(
    0,
    async () => {
      assert.equal(++at_once, 1, 'never two looks at once');
      const began = performance.now();
      await pause(look_ms);
      looking_ms += performance.now() - began;
      at_once -= 1;
      return ++looks;
    },
    9,
  );
  const began = performance.now();
  while (performance.now() - began < ms) {
    void glance.fresh();
    await pause(1);
  }
  return { looks, share: looking_ms / (performance.now() - began), last: glance.last() };
}

test('a quick look is taken again and again, a slow one seldom: at most a tenth of the time is spent on it', async () => {
  const [quick, slow] = await Promise.all([askFor(2000, 1), askFor(2000, 60)]);
  assert.ok(quick.looks > 2 && quick.looks <= 8, `${quick.looks}`);
  assert.ok(slow.share <= 0.15 && slow.looks >= 1, `${slow.share}`);
  assert.deepEqual([quick.last, slow.last], [quick.looks, slow.looks]);
});

test('a failed look is told to who asked, keeps what was known, and the next one looks again', async () => {
  const answers = [async () => 7, () => Promise.reject(new Error('away')), async () => 8];
  const glance = createGlance(0, () => answers.shift()!());
  assert.equal(await glance.fresh(), 7);
  await pause(300);
  await assert.rejects(glance.fresh(), /away/);
  assert.equal(glance.last(), 7);
  assert.equal(await glance.fresh(), 8);
});

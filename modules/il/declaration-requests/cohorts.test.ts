import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDepartures } from './cohorts.ts';

const later = () => new Promise((resolve) => setImmediate(resolve));

test('who comes alone sets out at once and waits for nobody', async () => {
  const { together } = createDepartures();
  const answer = await together(async (cohort) => {
    await cohort.gather();
    return 'signed';
  });
  assert.equal(answer, 'signed');
});

test('those who come one by one set out together, and are gathered when the last of them is ready or has failed', async () => {
  const { together } = createDepartures();
  await together(async (cohort) => cohort.gather());
  const steps: string[] = [];
  const { promise: slow, resolve: beReady } = Promise.withResolvers<void>();
  const signatures = ['a', 'b', 'c'].map((name) =>
    together(async (cohort) => {
      steps.push(`${name} sets out`);
      if (name === 'b') throw new Error('refused');
      if (name === 'c') await slow;
      const gathered = cohort.gather();
      if (name === 'c') steps.push('c is ready');
      await gathered;
      steps.push(`${name} goes on`);
    }),
  );
  const outcomes = Promise.allSettled(signatures);
  while (steps.length < 3) await later();
  assert.deepEqual(steps, ['a sets out', 'b sets out', 'c sets out']);
  beReady();
  assert.deepEqual(
    (await outcomes).map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
  assert.deepEqual(steps.slice(3), ['c is ready', 'a goes on', 'c goes on']);
});

test('nobody waits for ever for one who does not get ready, and others set out meanwhile', async () => {
  const { together } = createDepartures();
  const { promise: never } = Promise.withResolvers<void>();
  const stuck = Array.from({ length: 8 }, () => together(() => never));
  void Promise.all(stuck);
  await together(async (cohort) => cohort.gather());
  await Promise.all([together(async (cohort) => cohort.gather()), together(async (cohort) => cohort.gather())]);
});

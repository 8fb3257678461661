import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGroupCommit, createGroupedLookup } from './index.ts';

const later = () => new Promise((resolve) => setTimeout(resolve, 5));

test('64 who ask at once cost a few looks, and each gets what is theirs', async () => {
  let looks = 0;
  const lookup = createGroupedLookup(async (keys) => {
    looks += 1;
    await later();
    assert.equal(new Set(keys).size, keys.length, 'a key is asked for once');
    return new Map(keys.filter((key) => key !== 'absent').map((key) => [key, key.toUpperCase()]));
  });
  const keys = Array.from({ length: 64 }, (_, at) => (at % 7 === 0 ? 'absent' : `k${at % 20}`));
  const found = await Promise.all(keys.map((key) => lookup.find(key)));
  assert.deepEqual(
    found,
    keys.map((key) => (key === 'absent' ? undefined : key.toUpperCase())),
  );
  assert.ok(looks <= 2, `${looks} looks`);
  assert.deepEqual(
    await lookup.findMany(['absent', 'a', 'b']),
    new Map([
      ['a', 'A'],
      ['b', 'B'],
    ]),
  );
  assert.deepEqual(await lookup.findMany([]), new Map());
});

test('a look begins after it was asked for: what was written before is seen', async () => {
  const stored = new Map<string, number>();
  const lookup = createGroupedLookup(async (keys) => {
    const seen = new Map(keys.flatMap((key) => (stored.has(key) ? [[key, stored.get(key)!]] : [])));
    await later();
    return seen;
  });
  const running = [lookup.find('a'), lookup.find('b')];
  await new Promise((resolve) => setImmediate(resolve));
  stored.set('a', 1);
  assert.equal(await lookup.find('a'), 1);
  assert.deepEqual(await Promise.all(running), [undefined, undefined]);
});

test('nobody fails for a neighbour’s look', async () => {
  const lookup = createGroupedLookup(async (keys) => {
    if (keys.includes('bad')) throw new Error('refused');
    return new Map(keys.map((key) => [key, key]));
  });
  const outcomes = await Promise.allSettled(['a', 'bad', 'b'].map((key) => lookup.find(key)));
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['fulfilled', 'rejected', 'fulfilled'],
  );
});

test('what is written at once is written together, never two of one key, and nobody fails for a neighbour', async () => {
  const groups: string[][] = [];
  const commit = createGroupCommit<string, string>({
    write: async (jobs) => {
      groups.push([...jobs]);
      await later();
      if (jobs.includes('bad')) throw new Error('refused');
      return jobs.map((job) => job.toUpperCase());
    },
    keysOf: (job) => [job],
  });
  const jobs = ['a', 'b', 'a', 'bad', 'c', ...Array.from({ length: 40 }, (_, at) => `k${at}`)];
  const outcomes = await Promise.allSettled(jobs.map((job) => commit.run(job)));
  for (const [at, outcome] of outcomes.entries())
    if (jobs[at] === 'bad') assert.equal(outcome.status, 'rejected');
    else assert.deepEqual(outcome, { status: 'fulfilled', value: jobs[at]!.toUpperCase() });
  for (const group of groups) assert.equal(new Set(group).size, group.length);
  assert.ok(
    groups.some((group) => group.length > 30),
    'they went together',
  );
});

test('with a headway a lone comer goes at once, those who come one by one after it go together, and a crowd waits for nobody', async () => {
  const groups: number[] = [];
  const headway_ms = 60_000;
  const commit = createGroupCommit<number, number>({
    write: async (jobs) => {
      groups.push(jobs.length);
      return [...jobs];
    },
    keysOf: (job) => [String(job)],
    turns: { headway_ms, crowd: 5 },
  });
  assert.equal(await commit.run(0), 0);
  const followers: Promise<number>[] = [];
  for (const job of [1, 2, 3, 4, 5]) {
    followers.push(commit.run(job));
    await later();
  }
  assert.deepEqual(await Promise.all(followers), [1, 2, 3, 4, 5]);
  assert.deepEqual(groups, [1, 5]);
});

test('who waits for the headway goes when it is over', async () => {
  const commit = createGroupCommit<number, number>({
    write: async (jobs) => [...jobs],
    keysOf: (job) => [String(job)],
    turns: { headway_ms: 20 },
  });
  const began = performance.now();
  await commit.run(1);
  await commit.run(2);
  assert.ok(performance.now() - began >= 15, 'the second waited');
});

test('who asks alone, one thing after the other, never waits; after a group of several those who come one by one go together', async () => {
  const groups: number[] = [];
  const lookup = createGroupedLookup(
    async (keys) => {
      groups.push(keys.length);
      return new Map(keys.map((key) => [key, key]));
    },
    { headway_in_company_ms: 60_000, crowd: 5 },
  );
  for (const key of ['a', 'b', 'c']) assert.equal(await lookup.find(key), key);
  await Promise.all([lookup.find('a'), lookup.find('b')]);
  const followers: Promise<unknown>[] = [];
  for (const key of ['a', 'b', 'c', 'd', 'e']) {
    followers.push(lookup.find(key));
    await later();
  }
  assert.deepEqual(await Promise.all(followers), ['a', 'b', 'c', 'd', 'e']);
  assert.deepEqual(groups, [1, 1, 1, 2, 5]);
});

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Problem } from '@zdravo/kit/problem';
import fc from 'fast-check';
import { asker, context, type MpiUnderTest, somebody } from '../testing.ts';

/**
 * Plays random sequences of merges, edits and unmerges of four persons and compares everybody with what they would be
 * had the merges that were taken back never been.
 */
export async function playHistories(under_test: MpiUnderTest, runs: number): Promise<void> {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 3, maxLength: 14 }), async (steps) => {
      const ids = Array.from({ length: people }, () => randomUUID());
      for (const [at, id] of ids.entries()) await write(under_test, id, `початок ${at}`);
      const played: { step: Step; done: boolean }[] = [];
      for (const one of steps) played.push({ step: one, done: await play(under_test, one, ids) });
      const read = async (id: string) =>
        (await under_test.client.getPerson({ params: { id } }, context)).person.birth_settlement;
      assert.deepEqual(await Promise.all(ids.map(read)), expectedContents(played));
    }),
    { numRuns: runs },
  );
}

const write = (under_test: MpiUnderTest, id: string, birth_settlement: string) =>
  under_test.put(somebody({ birth_settlement }), id);

type Step =
  | { kind: 'edit'; at: number; value: string }
  | { kind: 'merge'; parent: number; merged: number }
  | { kind: 'unmerge'; merged: number };

const people = 4;
const index = fc.nat(people - 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('edit' as const), at: index, value: fc.uuid() }),
  fc.record({ kind: fc.constant('merge' as const), parent: index, merged: index }),
  fc.record({ kind: fc.constant('unmerge' as const), merged: index }),
);

/** What everybody is after the steps, when the merges that were taken back had never been. */
function expectedContents(steps: { step: Step; done: boolean }[]): string[] {
  const undone = new Set<number>();
  steps.forEach(({ step: one, done }, place) => {
    if (one.kind !== 'unmerge' || !done) return;
    const last = steps.findLastIndex(
      (other, at) => at < place && other.done && other.step.kind === 'merge' && other.step.merged === one.merged,
    );
    undone.add(last);
  });
  const parents = new Map<number, number>();
  const contents = Array.from({ length: people }, (_, at) => `початок ${at}`);
  const rootOf = (at: number): number => (parents.has(at) ? rootOf(parents.get(at)!) : at);
  steps.forEach(({ step: one, done }, place) => {
    if (one.kind === 'edit') contents[rootOf(one.at)] = one.value;
    if (one.kind === 'merge' && done && !undone.has(place)) parents.set(one.merged, one.parent);
  });
  return Array.from({ length: people }, (_, at) => contents[rootOf(at)]!);
}

/** @returns false for what the index rightly refuses. */
async function play(under_test: MpiUnderTest, one: Step, ids: string[]): Promise<boolean> {
  try {
    if (one.kind === 'edit') await write(under_test, ids[one.at]!, one.value);
    else if (one.kind === 'merge')
      await under_test.mpi.links.merge(
        { id: randomUUID(), parent_id: ids[one.parent]!, merged_id: ids[one.merged]!, reason: 'reviewed' },
        asker,
      );
    else
      await under_test.mpi.links.unmerge({ id: randomUUID(), merged_id: ids[one.merged]!, reason: 'mistake' }, asker);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.status === 409) return false;
    throw error;
  }
}

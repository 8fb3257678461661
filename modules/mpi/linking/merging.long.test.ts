import { after, before, test } from 'node:test';
import { type MpiUnderTest, startMpiForTest } from '../testing.ts';
import { playHistories } from './merge-histories.ts';

let under_test: MpiUnderTest;
before(async () => {
  under_test = await startMpiForTest();
});
after(() => under_test?.close());

test('500 random sequences of merges, edits and unmerges leave no trace of what was taken back', async () => {
  await playHistories(under_test, 500);
});

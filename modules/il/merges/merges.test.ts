import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { openDatabase } from '@zdravo/kit/db';
import type { Consumer } from '@zdravo/kit/events';
import { createTestDatabase, testLogger } from '@zdravo/kit/testing';
import { type MpiUnderTest, somebody, startMpiForTest } from '@zdravo/mpi/testing';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from '@zdravo/ops/testing';
import { il_role, migrations } from '../index.ts';
import type { Tables } from '../tables.ts';
import { followPersons } from './follow-persons.ts';

let mpi: MpiUnderTest;
let ops: OpsUnderTest;
let follower: Consumer;
let failure: Failure | undefined;
const closing: (() => Promise<unknown>)[] = [];
const context = { request_id: 'test', purpose: 'merge' };

before(async () => {
  [mpi, ops] = await Promise.all([startMpiForTest(), startOpsForTest()]);
  const platform = await createTestDatabase('il', { migrations: [migrations] });
  const log = testLogger('il');
  const database = openDatabase<Tables>({
    url: platform.url,
    role: il_role,
    application_name: 'il',
    log,
    pool_size: 2,
  });
  closing.push(
    () => database.close(),
    () => mpi.close(),
    () => ops.close(),
    () => platform.drop(),
  );
  follower = followPersons({ db: database.db, log, ...unreliable(mpi.client, ops.client) });
});
after(async () => {
  for (const close of closing) await close();
});

type Step = 'putMergeAnswer' | 'putPersonAlias' | 'putPersonAliasRemoval' | 'putReviewQuestion';
type Failure = { step: Step; moment: 'before' | 'after' };

/** The neighbours, of whom the call that is due fails: before it happened, or after it and before its answer came. */
function unreliable(index: typeof mpi.client, operations: typeof ops.client) {
  const failing =
    <Given extends unknown[], Result>(step: Step, work: (...given: Given) => Promise<Result>) =>
    async (...given: Given): Promise<Result> => {
      const due = failure?.step === step ? failure.moment : undefined;
      if (due === 'before') throw new Error('the line was cut before the call');
      const result = await work(...given);
      if (due === 'after') throw new Error('the line was cut before the answer');
      return result;
    };
  return {
    mpi: {
      ...index,
      putMergeAnswer: failing('putMergeAnswer', index.putMergeAnswer),
      putReviewQuestion: failing('putReviewQuestion', index.putReviewQuestion),
    },
    ops: {
      ...operations,
      putPersonAlias: failing('putPersonAlias', operations.putPersonAlias),
      putPersonAliasRemoval: failing('putPersonAliasRemoval', operations.putPersonAliasRemoval),
    },
  };
}

async function person(): Promise<string> {
  const tax_id = String(3_000_000_000 + Math.floor(Math.random() * 99_999_999));
  return (await mpi.put(somebody({ tax_id, birth_settlement: tax_id }))).id;
}

async function declare(person_id: string): Promise<string> {
  // Which of two declarations is older must not hang on a millisecond.
  ops.clock.advance(1_000);
  const id = randomUUID();
  await ops.client.putDeclaration({ params: { id }, body: someDeclaration({ person_id }) }, context);
  return id;
}

async function propose(pair: [string, string], reason: 'automatic' | 'reviewed'): Promise<string> {
  const id = randomUUID();
  await mpi.superuser.query(
    `insert into mpi.link_proposals (id, parent_id, merged_id, reason, probability, evidence) values ($1, $2, $3, $4, 0.9999, '{}')`,
    [id, ...pair, reason],
  );
  await mpi.superuser.query(
    `insert into mpi.outbox (type, object_type, object_id, payload) values ('person.merge_proposed', 'merge_proposal', $1, $2)`,
    [id, { parent_id: pair[0], merged_id: pair[1], reason }],
  );
  return id;
}

/** The feed shows an event when no older transaction of the server runs any more. */
async function followedUntil(isTrue: () => Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    await follower.drain();
    if (await isTrue()) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('not followed within 10 s');
}

const stateOf = async (id: string) =>
  (await mpi.superuser.query<{ state: string }>('select state from mpi.link_proposals where id = $1', [id])).rows[0]!
    .state;
const declaration = (id: string) => ops.client.getDeclaration({ params: { id } }, context);
const asked = async (kind: string, id: string) =>
  (await mpi.superuser.query('select from mpi.review_items where kind = $1 and $2 in (low_id, high_id)', [kind, id]))
    .rowCount === 1;

test('a proposal against which nothing stands is carried out, and the declaration follows to the parent', async () => {
  const [older, newer] = [await person(), await person()];
  const declared = await declare(newer);
  const id = await propose([newer, older], 'automatic');
  await followedUntil(async () => (await declaration(declared)).person_id === older);
  assert.equal(await stateOf(id), 'merged');
  assert.equal((await declaration(declared)).status, 'active');
});

test('two living declarations: a machine’s proposal becomes a question, people’s ends the older one', async () => {
  const pair: [string, string] = [await person(), await person()];
  const declared = [await declare(pair[0]), await declare(pair[1])] as const;
  const refused = await propose(pair, 'automatic');
  await followedUntil(async () => (await stateOf(refused)) === 'refused');
  assert.ok(await asked('merge_conflict', pair[0]));
  assert.equal((await declaration(declared[0])).status, 'active');
  await propose(pair, 'reviewed');
  await followedUntil(async () => (await declaration(declared[1])).person_id === pair[0]);
  const statuses = await Promise.all(declared.map(async (id) => (await declaration(id)).status));
  assert.deepEqual(statuses.sort(), ['active', 'terminated']);
});

test('an unmerge gives the declaration back and asks people about the one that the merge had ended', async () => {
  const pair: [string, string] = [await person(), await person()];
  await declare(pair[0]);
  const moved = await declare(pair[1]);
  await propose(pair, 'reviewed');
  await followedUntil(async () => (await declaration(moved)).person_id === pair[0]);
  await mpi.client.putUnmerge(
    { params: { id: randomUUID() }, body: { merged_id: pair[1], reason: 'mistake' } },
    context,
  );
  await followedUntil(() => asked('ended_declaration', pair[1]));
  assert.equal((await declaration(moved)).person_id, pair[1]);
});

/** Follows until the call that is due has failed, and then until it is done. */
async function followedThrough(due: Failure | undefined, isTrue: () => Promise<boolean>): Promise<void> {
  failure = due;
  if (due)
    await assert.rejects(
      followedUntil(async () => false),
      /the line was cut/,
    );
  failure = undefined;
  await followedUntil(isTrue);
}

for (const step of ['putMergeAnswer', 'putPersonAlias', 'putPersonAliasRemoval', 'putReviewQuestion'] as const)
  for (const moment of ['before', 'after'] as const)
    test(`${step} fails ${moment} it happened: a merge and its end take effect once`, async () => {
      const pair: [string, string] = [await person(), await person()];
      const declared = [await declare(pair[0]), await declare(pair[1])] as const;
      const is_of_merge = step === 'putMergeAnswer' || step === 'putPersonAlias';
      const proposal = await propose(pair, 'reviewed');
      await followedThrough(is_of_merge ? { step, moment } : undefined, async () => {
        return (await declaration(declared[1])).person_id === pair[0];
      });
      assert.equal(await stateOf(proposal), 'merged');
      const [ended, moved] = [await declaration(declared[0]), await declaration(declared[1])];
      assert.deepEqual([ended.status, ended.version, moved.status, moved.version], ['terminated', 2, 'active', 2]);
      const order = { params: { id: randomUUID() }, body: { merged_id: pair[1], reason: 'mistake' } };
      await mpi.client.putUnmerge(order, context);
      await followedThrough(is_of_merge ? undefined : { step, moment }, () => asked('ended_declaration', pair[1]));
      const returned = await declaration(declared[1]);
      assert.deepEqual([returned.person_id, returned.status, returned.version], [pair[1], 'active', 3]);
      assert.equal((await declaration(declared[0])).version, 2, 'what the merge had ended stays ended');
    });

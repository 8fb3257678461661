import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { figuresText } from '@zdravo/kit/metrics';
import { testLogger } from '@zdravo/kit/testing';
import { createLinker, type Linker } from './linkage/linker.ts';
import { type MpiUnderTest, somePersons, startMpiForTest } from './testing.ts';

let under_test: MpiUnderTest;
let linker: Linker;
before(async () => {
  under_test = await startMpiForTest();
  linker = await createLinker({ ...under_test.options, log: testLogger('linker') });
});
after(async () => {
  await linker?.close();
  await under_test?.close();
});

/** What index and linker tell, by name and labels. */
async function figures(): Promise<Map<string, number>> {
  const sources = [...under_test.mpi.figures, ...linker.figures];
  const text = figuresText((await Promise.all(sources.map(({ read }) => read()))).flat());
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

const runJob = (name: string) =>
  [...under_test.mpi.jobs, ...linker.jobs].find((job) => job.name === name)!.run({}, { signal: undefined });

test('versions wait for a batch and persons for the linker, until both have had their turn', async () => {
  const [person] = somePersons(1);
  await under_test.put(person!);
  const waiting = await figures();
  assert.equal(waiting.get('zdravo_mpi_unbatched_versions'), 1);
  assert.equal(waiting.get('zdravo_mpi_batch_timestamp_seconds'), 0);
  assert.equal(waiting.get('zdravo_linkage_queue'), 1);
  assert.ok(waiting.get('zdravo_linkage_queue_oldest_seconds')! > 0);
  await runJob('batch_person_versions');
  await linker.drain();
  const done = await figures();
  assert.equal(done.get('zdravo_mpi_unbatched_versions'), 0);
  assert.ok(Math.abs(done.get('zdravo_mpi_batch_timestamp_seconds')! - Date.now() / 1_000) < 60);
  assert.equal(done.get('zdravo_linkage_queue'), 0);
  assert.equal(done.get('zdravo_linkage_queue_oldest_seconds'), 0);
});

test('pairs that people have not decided are told by kind with the age of the oldest; decided ones are not', async () => {
  await under_test.superuser.query(`
    insert into mpi.review_items (kind, low_id, high_id, created_at, status, outcome, decided_at)
    select kind, ('00000000-0000-4000-8000-00000000000' || n)::uuid, 'ffffffff-0000-4000-8000-000000000000',
      now() - make_interval(days => n), status, case when status = 'decided' then 'same' end,
      case when status = 'decided' then now() end
    from (values (1, 'possible_duplicate', 'new'), (2, 'possible_duplicate', 'new'), (3, 'late_facts', 'decided')) of (n, kind, status)`);
  const told = await figures();
  assert.equal(told.get('zdravo_mpi_review_open{kind="possible_duplicate"}'), 2);
  assert.equal(Math.round(told.get('zdravo_mpi_review_oldest_seconds{kind="possible_duplicate"}')! / 86_400), 2);
  assert.equal(told.get('zdravo_mpi_review_open{kind="late_facts"}'), undefined);
});

test('who may not search is told by kind and reason, never by name; a lock that has ended is not', async () => {
  await under_test.superuser.query(`
    insert into mpi.search_locks (subject_id, subject_type, client_id, reason, locked_at, locked_until)
    select gen_random_uuid(), subject_type, gen_random_uuid(), reason, now() - interval '2 hours', until
    from (values ('actor', 'sweep', now() + interval '1 hour'), ('client', 'locked_actors', now() + interval '1 hour'),
      ('actor', 'misses', now() - interval '1 hour')) of (subject_type, reason, until)`);
  const locks = [...(await figures())].filter(([name]) => name.startsWith('zdravo_mpi_search_locks'));
  assert.deepEqual(locks.sort(), [
    ['zdravo_mpi_search_locks{subject_type="actor",reason="sweep"}', 1],
    ['zdravo_mpi_search_locks{subject_type="client",reason="locked_actors"}', 1],
  ]);
});

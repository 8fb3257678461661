import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { type AuditedOps, startAuditedOps } from './testing-audit.ts';

let audited: AuditedOps;
const actor_id = randomUUID();
const context = { request_id: 'test' };
let [old, middle, root] = ['', '', ''];
before(async () => {
  audited = await startAuditedOps(1);
});
after(() => audited?.close());

const merge = (id: string, parent_id: string) =>
  audited.ops.client.putPersonAlias(
    { params: { id }, body: { parent_id, parent_pseudonym: randomUUID(), actor_id } },
    context,
  );
const part = (id: string, from_parent_id: string) =>
  audited.ops.client.putPersonAliasRemoval(
    { params: { id }, body: { from_parent_id, pseudonym: randomUUID(), actor_id } },
    context,
  );
const links = async (id: string) =>
  (
    await audited.superuser.query<{ op: string; parent_id: string }>(
      'select op, parent_id from ops.person_links where person_id = $1 order by version',
      [id],
    )
  ).rows.map(({ op, parent_id }) => [op, parent_id]);

async function findings(): Promise<string[]> {
  await audited.ops.ops.sequencer.drain();
  const report = await audited.audit();
  return report.findings.map(({ code, record }) => `${code} ${record?.kind}`);
}

/** Into a parent, and the parent into another: what the patient index tells is told of each id, twice when it is repeated. */
beforeEach(async () => {
  [old, middle, root] = [randomUUID(), randomUUID(), randomUUID()];
  await merge(old, middle);
  for (let time = 0; time < 2; time += 1) {
    await merge(middle, root);
    await merge(old, root);
  }
});

test('merges and their ends stand in the log once each, and the audit finds them whole', async () => {
  assert.deepEqual(await links(old), [
    ['merge', middle],
    ['merge', root],
  ]);
  assert.deepEqual(await links(middle), [['merge', root]]);
  for (let time = 0; time < 2; time += 1) await part(middle, root);
  assert.deepEqual(await links(middle), [
    ['merge', root],
    ['unmerge', root],
  ]);
  const { rows } = await audited.superuser.query(
    "select version from ops.pending_leaves where kind = 'person_link' and record_id = $1 union all select version from ops.log_entries where kind = 'person_link' and record_id = $1",
    [middle],
  );
  assert.equal(rows.length, 2);
  assert.deepEqual(await findings(), []);
});

for (const [what, statement, found] of [
  [
    'an altered link',
    'update ops.person_links set parent_id = gen_random_uuid() where person_id = $1 and version = 1',
    ['record_altered person_link'],
  ],
  [
    'a link that was taken away',
    'delete from ops.person_links where person_id = $1 and version = 1',
    ['record_missing person_link'],
  ],
  [
    'a merged person who leads to a stranger',
    'update ops.person_aliases set parent_id = gen_random_uuid() where person_id = $1',
    ['record_unlogged person_link'],
  ],
  [
    'a merged person who leads to nobody',
    'delete from ops.person_aliases where person_id = $1',
    ['record_missing person_link'],
  ],
] as const)
  test(`${what} is found`, async () => {
    await findings();
    await audited.superuser.query('begin');
    await audited.superuser.query(statement, [old]);
    await audited.superuser.query('commit');
    const all = await findings();
    assert.ok(
      found.every((one) => all.includes(one)),
      all.join(),
    );
    // The next test begins whole.
    await audited.superuser.query('delete from ops.person_aliases where person_id = $1', [old]);
    await audited.superuser.query('delete from ops.person_links where person_id = $1', [old]);
    await audited.superuser.query("delete from ops.log_entries where kind = 'person_link' and record_id = $1", [old]);
  });

test('aliases of before merges stood in the log are brought there by a job; links only grow for the running role', async () => {
  const [person, parent] = [randomUUID(), randomUUID()];
  await audited.superuser.query('insert into ops.person_aliases (person_id, parent_id) values ($1, $2)', [
    person,
    parent,
  ]);
  const job = audited.ops.ops.jobs.find(({ name }) => name === 'log_older_aliases')!;
  for (let time = 0; time < 2; time += 1) await job.run({}, { signal: undefined });
  assert.deepEqual(await links(person), [['merge', parent]]);
  await audited.superuser.query('set role zdravo_ops');
  for (const statement of ['update ops.person_links set version = 9', 'delete from ops.person_links'])
    await assert.rejects(audited.superuser.query(statement), /permission denied/);
  await audited.superuser.query('reset role');
});

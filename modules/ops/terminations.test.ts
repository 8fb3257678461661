import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { testLogger, withClient } from '@zdravo/kit/testing';
import { bulkLoadDeclarations } from './bulk/bulk-load.ts';
import { type OpsUnderTest, someDeclaration, startOpsForTest } from './testing.ts';

// A clinic's closing ends thousands of declarations, in many transactions of which two run at once.

const context = { request_id: 'test-request' };
const stored_at = '2026-11-23T10:00:00.000Z';
let ops: OpsUnderTest;
before(async () => {
  ops = await startOpsForTest();
  ops.clock.set('2026-11-23T11:00:00Z');
});
after(() => ops?.close());

async function clinicWith(count: number): Promise<string> {
  const legal_entity_id = randomUUID();
  const declarations = Array.from({ length: count }, () => ({
    id: randomUUID(),
    ...someDeclaration({ legal_entity_id }),
  }));
  await bulkLoadDeclarations({ ...ops, stored_at, log: testLogger('ops') }, declarations);
  return legal_entity_id;
}

async function order(legal_entity_id: string): Promise<string> {
  const id = randomUUID();
  const body = {
    subject_type: 'legal_entity',
    subject_id: legal_entity_id,
    actor_id: randomUUID(),
    reason: 'closed',
  } as const;
  await ops.client.putTerminations({ params: { id }, body }, context);
  return id;
}

const workOff = () =>
  ops.ops.jobs.find(({ name }) => name === 'work_off_termination_orders')!.run({}, { signal: undefined });

async function query<Row extends object>(text: string, values: unknown[]): Promise<Row[]> {
  let rows: Row[] = [];
  await withClient(ops.database_url, async (client) => {
    rows = (await client.query(text, values)).rows;
  });
  return rows;
}

const orderOf = (id: string) =>
  query('select terminated, done_at is not null as is_done from ops.termination_orders where id = $1', [id]);

/** How many declarations of a clinic are in which state, after how many versions. */
const statesOf = (legal_entity_id: string) =>
  query(
    `select head.status::text as status, count(*)::int as declarations, sum(versions)::int as versions
     from ops.declaration_heads head,
       lateral (select count(*) as versions from ops.declaration_versions where declaration_id = head.id) counted
     where legal_entity_id = $1 group by 1 order by 1`,
    [legal_entity_id],
  );

test('all of a large clinic end once, whoever else works at the order; those of others stay', async () => {
  const [closing, other] = [await clinicWith(4700), await clinicWith(3)];
  const id = await order(closing);
  await workOff();
  await workOff();
  assert.deepEqual(await orderOf(id), [{ terminated: 4700, is_done: true }]);
  assert.deepEqual(await statesOf(closing), [{ status: 'terminated', declarations: 4700, versions: 9400 }]);
  assert.deepEqual(await statesOf(other), [{ status: 'active', declarations: 3, versions: 3 }]);
});

test('a failure in the middle leaves whole batches and an open order, which is then worked off', async () => {
  const closing = await clinicWith(2600);
  const id = await order(closing);
  await query(
    'create function fail_once() returns trigger language plpgsql as $$ begin raise exception $q$disk full$q$; end $$',
    [],
  );
  const [unlucky] = await query<{ id: string }>(
    'select id from ops.declaration_heads where legal_entity_id = $1 order by inserted_at desc offset 700 limit 1',
    [closing],
  );
  await query(
    `create trigger fail before insert on ops.declaration_versions for each row
     when (new.declaration_id = '${unlucky!.id}') execute function fail_once()`,
    [],
  );
  await assert.rejects(async () => workOff(), /disk full/);
  const [active, terminated] = (await statesOf(closing)) as { declarations: number; versions: number }[];
  assert.ok(active!.declarations >= 500, 'the failed batch at least');
  assert.equal(active!.versions, active!.declarations);
  assert.equal((terminated?.declarations ?? 0) % 500, 0);
  const [open] = (await orderOf(id)) as { terminated: number; is_done: boolean }[];
  assert.deepEqual(open, { terminated: terminated?.declarations ?? 0, is_done: false });
  await query('drop trigger fail on ops.declaration_versions', []);
  await workOff();
  assert.deepEqual(await orderOf(id), [{ terminated: 2600, is_done: true }]);
  assert.deepEqual(await statesOf(closing), [{ status: 'terminated', declarations: 2600, versions: 5200 }]);
});

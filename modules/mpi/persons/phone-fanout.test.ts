import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { asker, context, type MpiUnderTest, somebody, startMpiForTest } from '../testing.ts';

let under_test: MpiUnderTest;
before(async () => {
  under_test = await startMpiForTest();
});
after(() => under_test?.close());

const phone = (number: string) => ({ type: 'MOBILE', number });

async function fanoutOf(id: string): Promise<number> {
  const { rows } = await under_test.superuser.query<{ phone_fanout: number }>(
    'select phone_fanout from mpi.person_facts fact join mpi.persons using (pseudonym) where id = $1',
    [id],
  );
  return rows[0]!.phone_fanout;
}

/** What every figure must be, counted from the persons themselves. */
async function assertExact(expected: Map<string, string[]>): Promise<void> {
  for (const [id, phones] of expected) {
    const sharing = phones.map((one) => [...expected.values()].filter((others) => others.includes(one)).length);
    assert.equal(await fanoutOf(id), Math.min(100, Math.max(0, ...sharing)));
  }
}

test('the figure counts oneself and all who share a telephone, the one for codes included', async () => {
  const shared = '+380670000001';
  const one = await under_test.put(somebody({ phones: [phone(shared)] }));
  assert.equal(await fanoutOf(one.id), 1);
  const other = await under_test.put(somebody({ authentication_methods: [{ type: 'OTP', phone_number: shared }] }));
  assert.deepEqual([await fanoutOf(one.id), await fanoutOf(other.id)], [2, 2]);
  await under_test.client.resetAuthenticationMethod(
    { params: { id: other.id }, body: { reset_id: randomUUID() } },
    context,
  );
  assert.deepEqual([await fanoutOf(one.id), await fanoutOf(other.id)], [1, 0]);
});

test('120 changes of telephones by 12 writers at once leave every figure exact', async () => {
  const numbers = ['+380670000010', '+380670000011', '+380670000012', '+380670000013'];
  const ids = Array.from({ length: 12 }, () => randomUUID());
  const expected = new Map<string, string[]>();
  const queues = ids.map((id, at) =>
    Array.from({ length: 10 }, (_, turn) => ({
      id,
      phones: numbers.filter((_, bit) => ((at * 7 + turn * 5) >> bit) & 1),
    })),
  );
  await Promise.all(
    queues.map(async (queue, at) => {
      for (const { id, phones } of queue) {
        await under_test.put(somebody({ first_name: `Особа${'абвгдежзкл'[at % 10]}`, phones: phones.map(phone) }), id);
        expected.set(id, phones);
      }
    }),
  );
  await assertExact(expected);
});

test('merged persons count once, an erased one no more', async () => {
  const shared = phone('+380670000020');
  const persons = [];
  for (let at = 0; at < 4; at += 1) persons.push(await under_test.put(somebody({ phones: [shared] })));
  const [first, second, third, fourth] = persons.map(({ id }) => id) as [string, string, string, string];
  const order = { id: randomUUID(), parent_id: first, merged_id: second, reason: 'reviewed' };
  await under_test.mpi.links.merge(order, asker);
  assert.deepEqual([await fanoutOf(first), await fanoutOf(third)], [3, 3]);
  await under_test.mpi.links.unmerge({ id: randomUUID(), merged_id: second, reason: 'mistake' }, asker);
  assert.deepEqual([await fanoutOf(first), await fanoutOf(second), await fanoutOf(third)], [4, 4, 4]);
  await under_test.client.erasePerson({ params: { id: fourth }, body: { order_id: randomUUID() } }, context);
  assert.deepEqual([await fanoutOf(first), await fanoutOf(third)], [3, 3]);
});

test('a telephone that a clinic enters for everybody stays at 100 and costs no more', async () => {
  const shared = phone('+380440000000');
  const ids: string[] = [];
  for (let at = 0; at < 104; at += 1) ids.push((await under_test.put(somebody({ phones: [shared] }))).id);
  assert.deepEqual([await fanoutOf(ids[0]!), await fanoutOf(ids[103]!)], [100, 100]);
  for (const id of ids.slice(98)) await under_test.put(somebody({ first_name: 'Уляна' }), id);
  assert.deepEqual([await fanoutOf(ids[0]!), await fanoutOf(ids[103]!)], [98, 0]);
});

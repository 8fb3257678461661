import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { connect as connectTo, createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { createClient, inProcessTransport } from '@zdravo/kit/client';
import { contract, type Person } from '../contract.ts';
import { createMpi } from '../index.ts';
import { context, type MpiUnderTest, somebody, somePersons, startMpiForTest } from '../testing.ts';

let under_test: MpiUnderTest;
const people = somePersons(120, 'groups');
before(async () => {
  under_test = await startMpiForTest();
});
after(() => under_test?.close());

/** How many rows of each kind there are about these persons, and in how many transactions the heads were written. */
async function written(ids: readonly string[]) {
  const { rows } = await under_test.superuser.query(
    `select count(distinct head.xmin::text)::int as transactions, count(*)::int as heads,
       (select count(*)::int from mpi.person_versions where person_id = any($1)) as versions,
       (select count(distinct person_id)::int from mpi.blind_indexes where person_id = any($1)) as indexed,
       (select count(*)::int from mpi.linkage_sketches where person_id = any($1)) as sketches,
       (select count(*)::int from mpi.outbox where object_id = any($1)) as events,
       (select count(*)::int from mpi.audit_log where resource_id = any($1)) as audited,
       (select count(*)::int from mpi.person_facts fact join mpi.persons own using (pseudonym) where own.id = any($1)) as facts
     from mpi.persons head where head.id = any($1)`,
    [ids],
  );
  return rows[0] as Record<string, number>;
}

const once = (count: number) => ({
  heads: count,
  versions: count,
  indexed: count,
  sketches: count,
  events: count,
  audited: count,
  facts: count,
});

test('sixty who come at once are written in a few transactions, each whole and each its own', async () => {
  const sixty = people.slice(0, 60);
  const answers = await Promise.all(sixty.map((person) => under_test.put(person)));
  const { transactions, ...rows } = await written(answers.map(({ id }) => id));
  assert.deepEqual(rows, once(60));
  assert.ok(transactions! <= 12, `${transactions} transactions for families that share telephones`);
  for (const [at, { id }] of answers.entries())
    assert.deepEqual((await under_test.client.getPerson({ params: { id } }, context)).person, sixty[at]);
});

test('among those who come at once some are new, some known, one repeats itself, one was erased', async () => {
  const tax_ids = ['3290011112', '3290022223', '3290033334', '3290044445'];
  const [known, repeated, gone, stranger] = tax_ids.map((tax_id, at) =>
    somebody({ first_name: ['Ганна', 'Дарія', 'Емма', 'Інна'][at]!, tax_id }),
  ) as [Person, Person, Person, Person];
  const source = randomUUID();
  const first = await under_test.put(known);
  const said = await under_test.put(repeated, randomUUID(), source);
  const erased = await under_test.put(gone);
  await under_test.client.erasePerson({ params: { id: erased.id }, body: { order_id: randomUUID() } }, context);
  const alias = randomUUID();
  const outcomes = await Promise.allSettled([
    under_test.put({ ...known, birth_settlement: 'Галич' }, alias),
    under_test.put(repeated, said.id, source),
    under_test.put(gone, erased.id),
    under_test.put(stranger),
  ]);
  const [of_known, of_repeated, of_gone, of_stranger] = outcomes.map((outcome) =>
    outcome.status === 'fulfilled' ? outcome.value : (outcome.reason as { code: string }).code,
  );
  assert.deepEqual(of_known, { ...first, created: false, version: 2 });
  assert.deepEqual(of_repeated, said);
  assert.equal(of_gone, 'person_erased');
  assert.equal((of_stranger as { created: boolean }).created, true);
  assert.equal((await under_test.client.getPerson({ params: { id: alias } }, context)).id, first.id);
});

test('one whom the database refuses fails alone', async () => {
  const taken = await under_test.put(somebody({ first_name: 'Лідія' }));
  const puts = people.slice(60, 70).map((person, at) => {
    const body = { person, source: { type: 'declaration_request', id: randomUUID() } };
    const pseudonym = at === 4 ? { pseudonym: taken.pseudonym } : {};
    return under_test.client.putPerson({ params: { id: randomUUID() }, body: { ...body, ...pseudonym } }, context);
  });
  const outcomes = await Promise.allSettled(puts);
  assert.deepEqual(
    outcomes.flatMap(({ status }, at) => (status === 'rejected' ? [at] : [])),
    [4],
  );
  const ids = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.id] : []));
  const { transactions, ...rows } = await written(ids);
  assert.deepEqual(rows, once(9));
});

test('two known by papers of one person, and come at once under new ids, are that person twice', async () => {
  const tax_id = '3290055556';
  const documents = [{ type: 'PASSPORT', number: 'ЕЕ121314' }];
  const { id } = await under_test.put(somebody({ first_name: 'Оксана', tax_id, documents }));
  const answers = await Promise.all([
    under_test.put(somebody({ first_name: 'Оксана', tax_id })),
    under_test.put(somebody({ first_name: 'Оксана', documents })),
  ]);
  assert.deepEqual(
    answers.map((answer) => answer.id),
    [id, id],
  );
  assert.deepEqual(answers.map(({ version }) => version).sort(), [2, 3]);
});

for (const [what, moment] of [
  ['before it reached the server', 'before'],
  ['and only its answer', 'after'],
] as const)
  test(`a commit that is lost, ${what}, leaves everybody written once`, async () => {
    const relay = await startRelay(under_test.database_url, moment);
    const mpi = await createMpi({ ...under_test.options, database_url: relay.url });
    try {
      await mpi.app.ready();
      const client = createClient(contract, inProcessTransport(mpi.app), { caller: 'il', secret: 'secret' });
      relay.loseNextCommit();
      const group = people.slice(...(moment === 'before' ? [70, 82] : [82, 94]));
      const answers = await Promise.all(
        group.map((person) => {
          const body = { person, source: { type: 'declaration_request', id: randomUUID() } };
          return client.putPerson({ params: { id: randomUUID() }, body }, context);
        }),
      );
      assert.equal(relay.lost(), 1);
      assert.ok(answers.every(({ created, version }) => created && version === 1));
      const { transactions, ...rows } = await written(answers.map(({ id }) => id));
      assert.deepEqual(rows, once(12));
    } finally {
      await mpi.close();
      await relay.close();
    }
  });

/** A network between the index and its database that breaks off a connection at a commit. */
async function startRelay(database_url: string, moment: 'before' | 'after') {
  const target = new URL(database_url);
  let armed = false;
  let lost = 0;
  const sockets = new Set<Socket>();
  const server: Server = createServer((client) => {
    const upstream = connectTo(Number(target.port), target.hostname);
    let doomed = false;
    const cut = () => {
      lost += 1;
      client.destroy();
      upstream.destroy();
    };
    client.on('data', (bytes) => {
      if (armed && bytes.toString('latin1').toLowerCase().includes('commit')) {
        armed = false;
        doomed = true;
        if (moment === 'before') return cut();
      }
      upstream.write(bytes);
    });
    upstream.on('data', (bytes) => (doomed ? cut() : client.write(bytes)));
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(database_url);
  url.port = String((server.address() as { port: number }).port);
  return {
    url: url.toString(),
    loseNextCommit: () => {
      armed = true;
    },
    lost: () => lost,
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

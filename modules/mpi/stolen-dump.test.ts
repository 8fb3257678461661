import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type pg from 'pg';
import type { Person } from './contract.ts';
import { bulkLoadPersons } from './index.ts';
import { asker, context, type MpiUnderTest, somePersons, startMpiForTest } from './testing.ts';

let under_test: MpiUnderTest;
const people = somePersons(200, 21);

/** Everything that was ever done to persons, so that every table has rows. */
before(async () => {
  under_test = await startMpiForTest();
  const loaded = people.slice(0, 100).map((person) => ({
    id: randomUUID(),
    person,
    source: { type: 'declaration_request', id: randomUUID() },
  }));
  await bulkLoadPersons(under_test.options, loaded);
  for (const person of people.slice(100)) await under_test.put(person);
  for (const person of people.slice(0, 20)) {
    await under_test.put({ ...person, email: 'somebody@example.com' });
    await under_test.client.matchPerson({ body: { person } }, context);
    const { first_name, last_name, birth_date } = person;
    await under_test.client.searchPersons({ body: { first_name, last_name, birth_date } }, context);
  }
  const [parent, merged, erased] = loaded.map(({ id }) => id) as [string, string, string];
  await under_test.mpi.links.merge(
    { id: randomUUID(), parent_id: parent, merged_id: merged, reason: 'reviewed' },
    asker,
  );
  await under_test.client.erasePerson({ params: { id: erased }, body: { order_id: randomUUID() } }, context);
});
after(() => under_test?.close());

/** Every row of every table of ours as text, and the bytes of every bytea as they lie there. */
async function dumpOf(pool: pg.Pool): Promise<{ text: string; bytes: Buffer }> {
  const { rows: tables } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, tablename) as name from pg_tables
     where schemaname not in ('pg_catalog', 'information_schema')`,
  );
  const texts: string[] = [];
  for (const { name } of tables) {
    const { rows } = await pool.query<{ line: string }>(`select t::text as line from ${name} t`);
    texts.push(...rows.map((row) => row.line));
  }
  const text = texts.join('\n');
  const hexes = text.match(/(?<=\\x)[0-9a-f]{2,}/g) ?? [];
  return { text, bytes: Buffer.from(hexes.join(''), 'hex') };
}

/** What a thief would look for. The birth date of those born on a first of a month is their birth month, kept in clear. */
function secretsOf(person: Person): string[] {
  const confidants = (person.confidant_person ?? []) as Record<string, unknown>[];
  const contact = person.emergency_contact ?? {};
  const texts = [person, contact, ...confidants].flatMap((one) => {
    const { first_name, last_name, second_name, secret, tax_id, birth_date } = one as Record<
      string,
      string | undefined
    >;
    return [first_name, last_name, second_name, secret, tax_id, birth_date?.endsWith('-01') ? undefined : birth_date];
  });
  const numbers = [
    ...person.documents.map(({ number }) => number),
    ...(person.phones ?? []).map(({ number }) => number.slice(1)),
    ...person.addresses.map((address) => address['settlement'] as string),
  ];
  return [...texts, person.email ?? undefined, person.birth_settlement, ...numbers].filter((one) => one !== undefined);
}

test('a stolen dump of both databases holds no name, number, telephone, place or birth date of 200 persons', async () => {
  const secrets = new Set(people.flatMap(secretsOf));
  assert.ok(secrets.size > 1000);
  for (const pool of [under_test.superuser, under_test.keys_superuser]) {
    const { text, bytes } = await dumpOf(pool);
    assert.ok(bytes.length > 10_000);
    for (const secret of secrets) {
      assert.ok(!text.includes(secret), 'a datum of a person is in clear');
      assert.ok(secret.length < 4 || !bytes.includes(secret), 'a datum of a person is in clear bytes');
    }
  }
});

test('what each role may do is what it needs: nothing is altered that only grows, nobody but the index sees ciphertexts', async () => {
  const refused: [string, string[]][] = [
    [
      'zdravo_mpi',
      [
        'update mpi.person_versions set version = 9',
        'delete from mpi.person_versions',
        'truncate mpi.person_versions',
        'delete from mpi.persons',
        'update mpi.persons set id = gen_random_uuid()',
        'update mpi.link_events set reason = $$x$$',
        'delete from mpi.link_events',
        'update mpi.audit_log set action = $$x$$',
        'delete from mpi.audit_log',
        'select from mpi.audit_log',
        'update mpi.read_audit set action = $$x$$',
        'delete from mpi.read_audit',
        'update mpi.outbox set type = $$x$$',
        'delete from mpi.erasures',
        'update mpi.blind_indexes set token = 1',
        'select ciphertext from mpi.linkage_sketches',
        'insert into mpi.link_proposals default values',
      ],
    ],
    [
      'zdravo_mpi_linker',
      [
        'select from mpi.person_versions',
        'select from mpi.blind_indexes',
        'update mpi.persons set status = $$active$$',
      ],
    ],
    [
      'zdravo_mpi_review',
      [
        'select from mpi.person_versions',
        'select from mpi.persons',
        'delete from mpi.review_items',
        'select from mpi.linkage_sketches',
        'update mpi.review_votes set vote = $$same$$',
        'select from mpi.identity_keys',
      ],
    ],
  ];
  const client = await under_test.superuser.connect();
  for (const [role, statements] of refused) {
    await client.query(`set role ${role}`);
    for (const statement of statements) await assert.rejects(client.query(statement), /permission denied/, statement);
    await client.query('reset role');
  }
  client.release();
});

test('the publication shows five columns, none of which names anybody', async () => {
  const { rows } = await under_test.superuser.query<{ columns: string }>(
    `select array_to_string(attnames, ',') as columns from pg_publication_tables where pubname = 'mpi_person_facts'`,
  );
  assert.deepEqual(rows, [{ columns: 'pseudonym,birth_month,gender,deceased_on,phone_fanout' }]);
});

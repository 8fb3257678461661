import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { settableClock } from '@zdravo/kit/clock';
import { openDatabase } from '@zdravo/kit/db';
import { createKeyStore } from '@zdravo/kit/keys';
import { testLogger } from '@zdravo/kit/testing';
import type { Kysely } from 'kysely';
import { createLinker } from '../index.ts';
import { sheet_epoch_scope, sketch_epoch_scope } from '../linkage/key-scopes.ts';
import type { Tables } from '../tables.ts';
import { context, type MpiUnderTest, somebody, startMpiForTest } from '../testing.ts';
import { dropUnusedEpochs, type EpochKeyStore } from './epoch-retention.ts';

const day_ms = 24 * 3600 * 1000;
const clock = settableClock('2026-01-10T10:00:00Z', 'UTC');
const log = testLogger('epoch-retention');
let under_test: MpiUnderTest;
let db: Kysely<Tables>;
let close: (() => Promise<void>) | undefined;

before(async () => {
  under_test = await startMpiForTest({ clock });
  const { database_url: url } = under_test.options;
  ({ db, close } = openDatabase<Tables>({ url, role: 'zdravo_mpi', application_name: 'epochs', log, pool_size: 1 }));
});
after(async () => {
  await close?.();
  await under_test?.close();
});

const run = () => under_test.mpi.jobs.find(({ name }) => name === 'drop_unused_epochs')!.run({}, { signal: undefined });
const epochs = async ({ purpose } = sketch_epoch_scope): Promise<string[]> =>
  storeOf(purpose)
    .keys.owners()
    .then((ids) => ids.sort());

function storeOf(purpose: string): EpochKeyStore {
  const scope = { module: 'mpi', purpose };
  return { purpose, keys: createKeyStore(under_test.keys_superuser, under_test.options.key_provider, scope) };
}

/** A person whose sketch is of an epoch of its own: each process begins one. */
async function personOfOwnEpoch(names: { last_name: string; tax_id: string }) {
  const id = randomUUID();
  const known = await epochs();
  const other = await under_test.open(under_test.key_file);
  const source = { type: 'declaration_request' as const, id: randomUUID() };
  const put = (last_name: string) =>
    other.client.putPerson({ params: { id }, body: { person: somebody({ ...names, last_name }), source } }, context);
  await put(names.last_name);
  const epoch = (await epochs()).find((one) => !known.includes(one))!;
  return { id, epoch };
}

test('an epoch keeps its key while a sketch is sealed in it and 35 days longer; the others are not touched', async () => {
  const [left, kept] = [
    await personOfOwnEpoch({ last_name: 'Перша', tax_id: '3153153153' }),
    await personOfOwnEpoch({ last_name: 'Друга', tax_id: '2593700007' }),
  ];
  await run();
  clock.advance(100 * day_ms);
  await run();
  assert.deepEqual(await epochs(), [left.epoch, kept.epoch].sort(), 'however old, what is in use stays');
  await under_test.put(somebody({ last_name: 'Перша-Друга', tax_id: '3153153153' }), left.id);
  await run();
  clock.advance(35 * day_ms);
  await run();
  assert.ok((await epochs()).includes(left.epoch), 'a backup of before its end may still need it');
  clock.advance(1000);
  await run();
  assert.ok(!(await epochs()).includes(left.epoch));
  assert.ok((await epochs()).includes(kept.epoch));
  const { rows } = await under_test.superuser.query('select from mpi.unused_epochs');
  assert.equal(rows.length, 0, 'nothing is noted about what is gone');
  const { database_url, keys_database_url, key_provider } = under_test.options;
  const linker = await createLinker({ database_url, keys_database_url, key_provider, log });
  await assert.doesNotReject(linker.match(kept.id));
  await linker.close();
});

test('an index restored to a time at which the epoch was in use begins its days anew', async () => {
  const { id, epoch } = await personOfOwnEpoch({ last_name: 'Третя', tax_id: '3111111112' });
  const backup = 'create table mpi.sketches_of_before as select * from mpi.linkage_sketches';
  await under_test.superuser.query(backup);
  await under_test.put(somebody({ last_name: 'Третя-Друга', tax_id: '3111111112' }), id);
  await run();
  clock.advance(34 * day_ms);
  await under_test.superuser.query(`delete from mpi.linkage_sketches;
    insert into mpi.linkage_sketches select * from mpi.sketches_of_before; drop table mpi.sketches_of_before`);
  await run();
  clock.advance(34 * day_ms);
  await run();
  assert.ok((await epochs()).includes(epoch));
});

test('sheets have epochs of their own, which go the same way', async () => {
  const store = storeOf(sheet_epoch_scope.purpose);
  const id = randomUUID();
  await createKeyStore(under_test.keys_superuser, under_test.options.key_provider, sheet_epoch_scope).getOrCreate(id);
  await run();
  clock.advance(36 * day_ms);
  await run();
  assert.ok(!(await store.keys.owners()).includes(id));
});

test('a drop that failed, and one that happened though it failed, are made good by the next run', async () => {
  for (const happens of [false, true]) {
    const { keys, purpose } = storeOf(sheet_epoch_scope.purpose);
    const id = randomUUID();
    await createKeyStore(under_test.keys_superuser, under_test.options.key_provider, sheet_epoch_scope).getOrCreate(id);
    await run();
    clock.advance(36 * day_ms);
    const failing: EpochKeyStore['keys'] = {
      owners: keys.owners,
      drop: async (owner_id) => {
        if (happens) await keys.drop(owner_id);
        throw new Error('the connection broke');
      },
    };
    await assert.rejects(dropUnusedEpochs({ db, clock, log, epoch_keys: [{ purpose, keys: failing }] }), /broke/);
    await dropUnusedEpochs({ db, clock, log, epoch_keys: [{ purpose, keys }] });
    assert.ok(!(await keys.owners()).includes(id));
    const { rows } = await under_test.superuser.query('select from mpi.unused_epochs where epoch_id = $1', [id]);
    assert.equal(rows.length, 0);
  }
});

test('the index learns which epochs are in use and reads no sketch', async () => {
  const client = await under_test.superuser.connect();
  const as = async (role: string, query: string) => {
    try {
      await client.query(`begin; set local role ${role}`);
      return (await client.query(query)).rows;
    } finally {
      await client.query('rollback');
    }
  };
  assert.ok((await as('zdravo_mpi', 'select * from mpi.epochs_in_use()')).length > 0);
  await assert.rejects(as('zdravo_mpi', 'select ciphertext from mpi.linkage_sketches'), /permission denied/);
  await assert.rejects(as('zdravo_mpi_review', 'select * from mpi.epochs_in_use()'), /permission denied/);
  client.release();
});

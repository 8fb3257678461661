import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openDatabase } from '@zdravo/kit/db';
import {
  createFileKeyProvider,
  createKeyFile,
  createKeyStore,
  createOpeningKeyProvider,
  createSealingKeyProvider,
  KeyError,
  type KeyProvider,
  publishKeyFile,
  rotateKeyFile,
  sealEnvelope,
} from '@zdravo/kit/keys';
import { testLogger } from '@zdravo/kit/testing';
import type { Person } from '../contract.ts';
import { createLinker, createReview } from '../index.ts';
import { sheet_epoch_scope, sheet_scope, sketch_epoch_scope, sketch_scope } from '../linkage/key-scopes.ts';
import { openBytes, openSketch } from '../linkage/sketch.ts';
import { openSheets } from '../review/sheets.ts';
import { type MpiUnderTest, somebody, startMpiForTest } from '../testing.ts';
import { createEpochReader, createEpochs, epochOf } from './epochs.ts';
import { openPerson } from './seal.ts';

const log = testLogger('epochs');
const names = ['index', 'linkage', 'linker', 'review', 'reviewer'] as const;
let folder: string;
let under_test: MpiUnderTest;
const file = (name: string) => join(folder, `${name}.json`);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zdravo-epochs-'));
  for (const name of names) await createKeyFile(file(name));
  for (const name of ['linker', 'reviewer']) await publishKeyFile(file(name), file(`${name}.public`));
  under_test = await startMpiForTest({
    key_provider: await createFileKeyProvider(file('index')),
    linkage_key_provider: await createFileKeyProvider(file('linkage')),
    linker_key_provider: await createSealingKeyProvider(file('linker.public')),
    review_key_provider: await createFileKeyProvider(file('review')),
    reviewer_key_provider: await createSealingKeyProvider(file('reviewer.public')),
  });
});
after(async () => {
  await under_test?.close();
  await rm(folder, { recursive: true });
});

const openLinker = async () =>
  createLinker({
    database_url: under_test.options.database_url,
    keys_database_url: under_test.options.keys_database_url,
    key_provider: await createFileKeyProvider(file('linkage')),
    linker_key_provider: await createOpeningKeyProvider(file('linker')),
    log,
    pool_size: 2,
  });
const olena = somebody({ first_name: 'Олена', last_name: 'Коваленко', birth_date: '1986-04-26', tax_id: '3153153153' });
const olena_again = { ...olena, first_name: 'Елена', last_name: 'Ковалєнко', tax_id: '3153153154' };

/** Everything that a process can try with the files that it has, over the whole key database. */
async function attempt(held: KeyProvider[], purpose: { module: string; purpose: string }, owner_id: string) {
  for (const provider of held) {
    const key = await createKeyStore(under_test.keys_superuser, provider, purpose)
      .find(owner_id)
      .catch((error: unknown) => {
        assert.ok(error instanceof KeyError, String(error));
      });
    if (key) return key;
  }
  return undefined;
}

const one = async <Row>(text: string, values: unknown[] = []): Promise<Row> =>
  (await under_test.superuser.query(text, values)).rows[0] as Row;

test('with all keys of the index a sketch does not open, with those of the linker it does, and a person does not', async () => {
  const id = randomUUID();
  await under_test.put(olena, id);
  const { ciphertext, key_id } = await one<{ ciphertext: Buffer; key_id: string }>(
    'select ciphertext, key_id from mpi.linkage_sketches where person_id = $1',
    [id],
  );
  const epoch = epochOf(ciphertext);
  const epoch_id = epoch.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  const of_index = await Promise.all([
    ...['index', 'linkage', 'review'].map((name) => createFileKeyProvider(file(name))),
    createSealingKeyProvider(file('linker.public')),
  ]);
  const own = await attempt(of_index, sketch_scope, id);
  assert.ok(own, 'the part of the person the index has');
  const wrapped = 'select from wrapped_keys where owner_id = $1 and purpose = $2';
  const { rowCount } = await under_test.keys_superuser.query(wrapped, [epoch_id, sketch_epoch_scope.purpose]);
  assert.equal(rowCount, 1, 'the epoch’s key is there, but');
  assert.equal(await attempt(of_index, sketch_epoch_scope, epoch_id), undefined);
  const place = { person_id: id, key_id };
  assert.throws(() => openSketch({ key: own, epochs: new Map() }, place, ciphertext), KeyError);
  assert.throws(() => openSketch({ key: own, epochs: new Map([[epoch, own]]) }, place, ciphertext), KeyError);

  const of_linker = await Promise.all([
    createFileKeyProvider(file('linkage')),
    createOpeningKeyProvider(file('linker')),
  ]);
  const epoch_key = await attempt(of_linker, sketch_epoch_scope, epoch_id);
  const key = await attempt(of_linker, sketch_scope, id);
  assert.ok(openSketch({ key: key!, epochs: new Map([[epoch, epoch_key!]]) }, place, ciphertext).length > 5);
  const vault = { module: 'mpi', purpose: 'vault' };
  assert.equal(await attempt(of_linker, vault, id), undefined);
  const version = await one<{ ciphertext: Buffer; schema_version: number; data_key: number }>(
    'select ciphertext, schema_version, data_key from mpi.person_versions where person_id = $1',
    [id],
  );
  for (const held of [key!, epoch_key!])
    assert.throws(() => openPerson(held, { person_id: id, version: 1 }, version), KeyError);
  const opened = openPerson((await attempt(of_index, vault, id))!, { person_id: id, version: 1 }, version);
  assert.equal(opened.last_name, olena.last_name);
});

test('a sheet opens for the reviewers’ process alone', async () => {
  const linker = await openLinker();
  const [left, right] = [randomUUID(), randomUUID()];
  await under_test.put({ ...olena, birth_date: '1987-05-27' }, left);
  await under_test.put({ ...olena_again, birth_date: '1987-05-27', tax_id: '3192400001' }, right);
  await linker.drain();
  await linker.close();
  await under_test.mpi.jobs.find(({ name }) => name === 'prepare_review_sheets')!.run({}, { signal: undefined });
  const { item_id, ciphertext } = await one<{ item_id: string; ciphertext: Buffer }>(
    'select item_id, ciphertext from mpi.review_sheets limit 1',
  );
  const of_index = await createFileKeyProvider(file('review'));
  const key = (await attempt([of_index], sheet_scope, item_id))!;
  assert.throws(() => openSheets({ key, epochs: new Map() }, item_id, ciphertext), KeyError);
  const pool = under_test.keys_superuser;
  const readerOf = (provider: KeyProvider) => createEpochReader({ pool, provider, scope: sheet_epoch_scope, log });
  const reader = readerOf(await createOpeningKeyProvider(file('reviewer')));
  const sheets = openSheets({ key, epochs: await reader.keysOf([ciphertext]) }, item_id, ciphertext);
  assert.ok(sheets.every(({ last_name }) => last_name?.startsWith('Ков')));
  const of_linker = readerOf(await createOpeningKeyProvider(file('linker')));
  assert.equal((await of_linker.keysOf([ciphertext])).size, 0, 'the linker opens no epoch of the reviewers');
});

test('linker and reviewers see in the key database what they open, and can drop nothing', async () => {
  const refused = [
    ['zdravo_mpi_linker_keys', 'delete from wrapped_keys'],
    ['zdravo_mpi_linker_keys', "update wrapped_keys set dropped_at = now() where purpose = 'linkage_epoch'"],
    ['zdravo_mpi_linker_keys', "update wrapped_keys set bytes = null where purpose = 'linkage_epoch'"],
    [
      'zdravo_mpi_linker_keys',
      "insert into wrapped_keys (purpose, owner_id, key_id, bytes) values ('vault', gen_random_uuid(), '1', '')",
    ],
    [
      'zdravo_mpi_review_keys',
      "insert into wrapped_keys (purpose, owner_id, key_id, bytes) values ('review', gen_random_uuid(), '1', '')",
    ],
  ] as const;
  const as = async (role: string, statement: string) => {
    const client = await under_test.keys_superuser.connect();
    try {
      await client.query('begin');
      await client.query(`set local role ${role}`);
      return await client.query(statement);
    } finally {
      await client.query('rollback');
      client.release();
    }
  };
  for (const [role, statement] of refused)
    await assert.rejects(as(role, statement), { code: /42501|23514/ }, statement);
  const purposes = 'select array_agg(distinct purpose order by purpose) as seen from wrapped_keys';
  assert.deepEqual((await as('zdravo_mpi_linker_keys', purposes)).rows[0].seen, ['linkage', 'linkage_epoch']);
  assert.deepEqual((await as('zdravo_mpi_review_keys', purposes)).rows[0].seen, ['review', 'review_epoch']);
  const moved = await as(
    'zdravo_mpi_linker_keys',
    "update wrapped_keys set key_id = '9' where purpose <> 'linkage_epoch'",
  );
  assert.equal(moved.rowCount, 0);
});

/** As an index of before sealed: under the person's key alone. */
async function unbind(person_id: string): Promise<void> {
  const provider = await createFileKeyProvider(file('linkage'));
  const key = (await createKeyStore(under_test.keys_superuser, provider, sketch_scope).find(person_id))!;
  const reader = createEpochReader({
    pool: under_test.keys_superuser,
    provider: await createOpeningKeyProvider(file('linker')),
    scope: sketch_epoch_scope,
    log,
  });
  const { ciphertext, key_id } = await one<{ ciphertext: Buffer; key_id: string }>(
    'select ciphertext, key_id from mpi.linkage_sketches where person_id = $1',
    [person_id],
  );
  const place = { person_id, key_id };
  const sketch = openBytes({ key, epochs: await reader.keysOf([ciphertext]) }, place, ciphertext);
  const sealed = sealEnvelope(key, sketch, Buffer.from(`sketch ${person_id} ${key_id}`));
  await under_test.superuser.query('update mpi.linkage_sketches set ciphertext = $2 where person_id = $1', [
    person_id,
    sealed,
  ]);
}

const unbound = async () =>
  Number(
    (
      await one<{ n: string }>(
        'select count(*) as n from mpi.linkage_sketches where octet_length(ciphertext) % 256 = 28',
      )
    ).n,
  );

test('sketches of before are compared as they are, and sealed anew by a job that goes on where it was stopped', async () => {
  const ids = Array.from({ length: 6 }, () => randomUUID());
  for (const [at, id] of ids.entries())
    await under_test.put(
      { ...olena, last_name: 'Шевчук', birth_date: `199${at}-02-02`, tax_id: undefined } as unknown as Person,
      id,
    );
  for (const id of ids) await unbind(id);
  await under_test.superuser.query(
    'update mpi.linkage_sketches set ciphertext = set_byte(ciphertext, 40, get_byte(ciphertext, 40) # 1) where person_id = $1',
    [ids[5]],
  );
  assert.equal(await unbound(), 6);
  const again = randomUUID();
  await under_test.put({ ...olena_again, last_name: 'Шевчюк', birth_date: '1990-02-02', tax_id: '3290500007' }, again);
  const linker = await openLinker();
  try {
    const judged = await linker.match(again);
    assert.ok(
      judged.some(({ ids: pair }) => pair.includes(ids[0]!)),
      'found by a sketch of before',
    );
    await under_test.superuser.query('insert into mpi.sketch_resealings (resealed) values (0)');
    const reseal = linker.jobs.find(({ name }) => name === 'reseal_sketches')!;
    await reseal.run({}, { signal: AbortSignal.abort() });
    assert.equal(await unbound(), 6, 'stopped before the first');
    await reseal.run({}, { signal: undefined });
    assert.equal(await unbound(), 1, 'but the one that does not open');
    const { passes, open } = await one<{ passes: string; open: string }>(
      'select count(*) as passes, count(*) filter (where finished_at is null) as open from mpi.sketch_resealings',
    );
    assert.deepEqual([passes, open], ['2', '0'], 'a second pass found nothing more');
    assert.ok((await linker.match(again)).some(({ ids: pair }) => pair.includes(ids[0]!)));
    const audited = await one<{ n: string }>(
      "select count(*) as n from mpi.audit_log where action like 'linkage.reseal%'",
    );
    assert.ok(Number(audited.n) >= 4);
  } finally {
    await linker.close();
  }
});

test('what the index writes while sketches are sealed anew stays', async () => {
  const id = randomUUID();
  await under_test.put({ ...olena, last_name: 'Мельник', birth_date: '1971-01-01', tax_id: '2593700007' }, id);
  await unbind(id);
  const linker = await openLinker();
  try {
    await under_test.superuser.query('insert into mpi.sketch_resealings (resealed) values (0)');
    const client = await under_test.superuser.connect();
    await client.query('begin');
    await client.query("update mpi.linkage_sketches set ciphertext = 'from the index' where person_id = $1", [id]);
    const resealing = linker.jobs.find(({ name }) => name === 'reseal_sketches')!.run({}, { signal: undefined });
    await untilWaiting();
    await client.query('commit');
    client.release();
    await resealing;
    const { ciphertext } = await one<{ ciphertext: Buffer }>(
      'select ciphertext from mpi.linkage_sketches where person_id = $1',
      [id],
    );
    assert.equal(ciphertext.toString(), 'from the index');
  } finally {
    await linker.close();
  }
});

async function untilWaiting(): Promise<void> {
  for (let attempts = 0; attempts < 100; attempts += 1) {
    const { n } = await one<{ n: string }>(
      "select count(*) as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    if (Number(n) > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('nobody waited');
}

test('the linker’s pair of keys is rotated: epochs are wrapped anew, new ones use the new half, the old half can go', async () => {
  const id = randomUUID();
  await under_test.put({ ...olena, last_name: 'Бондар', birth_date: '1972-01-01', tax_id: '2630100001' }, id);
  await rotateKeyFile(file('linker'));
  await publishKeyFile(file('linker'), file('linker.public'));
  const linker = await openLinker();
  try {
    await linker.jobs.find(({ name }) => name === 'rewrap_sketch_epochs')!.run({}, { signal: undefined });
    const generations = "select distinct key_id from wrapped_keys where purpose = 'linkage_epoch'";
    assert.deepEqual((await under_test.keys_superuser.query(generations)).rows, [{ key_id: '2' }]);
    const pool = under_test.keys_superuser;
    const provider = await createSealingKeyProvider(file('linker.public'));
    await createEpochs({ pool, provider, scope: sketch_epoch_scope })();
    assert.deepEqual((await under_test.keys_superuser.query(generations)).rows, [{ key_id: '2' }]);
    await assert.doesNotReject(linker.match(id));
  } finally {
    await linker.close();
  }
});

test('an epoch that could not be kept is not used: failed and did not happen, failed but happened', async () => {
  const { pool, close } = openDatabase({
    url: under_test.options.keys_database_url,
    role: 'zdravo_keys',
    application_name: 'epochs',
    log,
    pool_size: 1,
  });
  const provider = await createSealingKeyProvider(file('linker.public'));
  let failure: 'before' | 'after' | undefined = 'before';
  const failing = {
    query: async (...args: unknown[]) => {
      if (failure === 'before') throw new Error('the connection broke');
      const result = await (pool.query as (...all: unknown[]) => Promise<unknown>)(...args);
      if (failure === 'after') throw new Error('the connection broke');
      return result;
    },
  } as unknown as typeof pool;
  const current = createEpochs({ pool: failing, provider, scope: sketch_epoch_scope });
  await assert.rejects(current());
  failure = 'after';
  await assert.rejects(current());
  failure = undefined;
  const [epoch, same] = await Promise.all([current(), current()]);
  assert.equal(epoch, same);
  const opening = await createOpeningKeyProvider(file('linker'));
  const kept = await createKeyStore(pool, opening, sketch_epoch_scope).find(epoch.id);
  assert.deepEqual(kept && Buffer.from(kept), Buffer.from(epoch.key));
  await close();
});

test('an epoch ends after a day', async () => {
  let now = 0;
  const pool = under_test.keys_superuser;
  const provider = await createSealingKeyProvider(file('linker.public'));
  const current = createEpochs({ pool, provider, scope: sketch_epoch_scope }, () => now);
  const first = await current();
  now = 23 * 3600 * 1000;
  assert.equal((await current()).id, first.id);
  now = 24 * 3600 * 1000;
  assert.notEqual((await current()).id, first.id);
});

test('the reviewers’ process starts with its half only', async () => {
  const options = {
    database_url: under_test.options.database_url,
    keys_database_url: under_test.options.keys_database_url,
    key_provider: await createFileKeyProvider(file('review')),
    callers: { il: 'secret' },
    log,
  };
  const foreign = await createOpeningKeyProvider(file('linker'));
  await assert.rejects(createReview({ ...options, reviewer_key_provider: foreign }), /MPI_REVIEWER_KEY_FILE/);
  const review = await createReview({
    ...options,
    reviewer_key_provider: await createOpeningKeyProvider(file('reviewer')),
  });
  await review.close();
});

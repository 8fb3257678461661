import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Client, createClient, httpTransport } from '@zdravo/kit/client';
import { connectionUrl } from '@zdravo/kit/db';
import { migrateJobs } from '@zdravo/kit/jobs';
import { createKeyFile, KeyError, publishKeyFile } from '@zdravo/kit/keys';
import { createTestDatabase, freePort, type TestDatabase, withClient } from '@zdravo/kit/testing';
import { key_migrations, linker_role, migrations } from '@zdravo/mpi';
import { contract, type Person } from '@zdravo/mpi/contract';
import { contract as reviewContract } from '@zdravo/mpi/review-contract';
import { processes } from './index.ts';
import type { RunningProcess } from './process.ts';

const secret = 'a-secret-of-the-integration-layer';
const roles = {
  mpi: ['zdravo_mpi', 'zdravo_keys'],
  'mpi-linker': [linker_role, 'zdravo_mpi_linker_keys'],
  'mpi-review': ['zdravo_mpi_review', 'zdravo_mpi_review_keys'],
};
const running: RunningProcess[] = [];
let folder: string;
let main: TestDatabase;
let keys: TestDatabase;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zdravo-patient-index-'));
  for (const file of ['index', 'linkage', 'linker', 'review', 'reviewer', 'foreign'])
    await createKeyFile(keyFile(file));
  for (const file of ['linker', 'reviewer']) await publishKeyFile(keyFile(file), keyFile(`${file}.public`));
  main = await createTestDatabase('mpi_with_jobs', {
    migrations: [migrations],
    prepare: (url) => migrateJobs(url, 'zdravo_mpi', linker_role),
  });
  keys = await createTestDatabase('mpi_keys', { migrations: key_migrations });
});
after(async () => {
  for (const one of running.reverse()) await one.stop();
  await Promise.all([main?.drop(), keys?.drop()]);
  await rm(folder, { recursive: true });
});

const keyFile = (name: string) => join(folder, `${name}.json`);

/** What each process is given: the halves that open lie with one of them only. */
const keyFilesOf = () => ({
  mpi: {
    MPI_KEY_FILE: keyFile('index'),
    MPI_LINKAGE_KEY_FILE: keyFile('linkage'),
    MPI_REVIEW_KEY_FILE: keyFile('review'),
    MPI_LINKER_PUBLIC_KEY_FILE: keyFile('linker.public'),
    MPI_REVIEWER_PUBLIC_KEY_FILE: keyFile('reviewer.public'),
  },
  'mpi-linker': { MPI_LINKAGE_KEY_FILE: keyFile('linkage'), MPI_LINKER_KEY_FILE: keyFile('linker') },
  'mpi-review': { MPI_REVIEW_KEY_FILE: keyFile('review'), MPI_REVIEWER_KEY_FILE: keyFile('reviewer') },
});

/** URLs under a login role that is a member of nothing but the process's own roles. */
async function urlsOf(name: keyof typeof roles): Promise<{ main: string; keys: string }> {
  const user = `login_${randomUUID().slice(0, 8)}`;
  await withClient(main.url, async (client) => {
    await client.query(`create role ${user} login password 'a_test' in role ${roles[name].join(', ')}`);
  });
  const as = (url: string) => {
    const login = new URL(connectionUrl(url, {}));
    login.username = user;
    login.password = 'a_test';
    return login.href;
  };
  return { main: as(main.url), keys: as(keys.url) };
}

async function start(name: keyof typeof roles, changes: Record<string, string> = {}): Promise<string> {
  const urls = await urlsOf(name);
  const prefix = name.toUpperCase().replace('-', '_');
  const environment = {
    ZDRAVO_LOG: 'silent',
    [`${prefix}_PORT`]: String(await freePort()),
    [`${prefix}_DATABASE_URL`]: urls.main,
    [`${prefix}_KEYS_DATABASE_URL`]: urls.keys,
    ...keyFilesOf()[name],
    [`${prefix}_CALLERS`]: `il:${secret}`,
    ...changes,
  };
  const one = await processes[name]!(environment);
  running.push(one);
  return one.address;
}

async function eventually<Value>(find: () => Promise<Value | null | undefined>): Promise<Value> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const found = await find();
    if (found !== null && found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('not within 30 s');
}

const person: Person = {
  first_name: 'Олена',
  last_name: 'Коваленко',
  second_name: 'Іванівна',
  birth_date: '1986-04-26',
  birth_country: 'Україна',
  birth_settlement: 'Хуст',
  gender: 'FEMALE',
  tax_id: '3153153153',
  documents: [],
  addresses: [{ type: 'RESIDENCE', country: 'UA', settlement: 'Хуст' }],
  phones: [{ type: 'MOBILE', number: '+380501234567' }],
  authentication_methods: [{ type: 'OFFLINE' }],
};

test('index, linker and review as processes of their own, each with its own role and keys: a person entered twice is compared, and shown to a reviewer', async () => {
  const address = await start('mpi');
  await start('mpi-linker');
  const review_address = await start('mpi-review');
  for (const { address: one } of running) assert.equal((await fetch(`${one}/health/ready`)).status, 200);
  const client = createClient(contract, httpTransport(address), { caller: 'il', secret });
  await putBoth(client);
  const reviewer = createClient(reviewContract, httpTransport(review_address), { caller: 'il', secret });
  const context = { request_id: 'test', actor_id: randomUUID() };
  // The sheet is made by a job of the index, once a minute: asked for here at once.
  const item = await eventually(async () => {
    await withClient(main.url, (one) => one.query(`select graphile_worker.add_job('prepare_review_sheets')`));
    return (await reviewer.putAssignment({ body: {} }, context)).item;
  });
  assert.equal(item.kind, 'possible_duplicate');
  const pair = await reviewer.getPair({ params: { id: item.id }, query: { fields: 'tax_id' } }, context);
  assert.deepEqual([...pair.fields['tax_id']!].sort(), ['3153153153', '3153153154']);
});

async function putBoth(client: Client<typeof contract>): Promise<void> {
  for (const given of [person, { ...person, first_name: 'Елена', last_name: 'Ковалєнко', tax_id: '3153153154' }]) {
    const body = { person: given, source: { type: 'declaration_request', id: randomUUID() } };
    await client.putPerson({ params: { id: randomUUID() }, body }, { request_id: 'test' });
  }
}

test('with the keys of another process linker and review do not start, and say which file belongs there', async () => {
  const refused = (file: string) => (error: unknown) =>
    error instanceof KeyError && error.code === 'key_refused' && error.hint.includes(file);
  const foreign = keyFile('foreign');
  await assert.rejects(start('mpi-linker', { MPI_LINKAGE_KEY_FILE: foreign }), refused('MPI_LINKAGE_KEY_FILE'));
  await assert.rejects(start('mpi-review', { MPI_REVIEW_KEY_FILE: foreign }), refused('MPI_REVIEW_KEY_FILE'));
  await assert.rejects(start('mpi-linker', { MPI_LINKER_KEY_FILE: foreign }), refused('MPI_LINKER_KEY_FILE'));
  await assert.rejects(start('mpi-review', { MPI_REVIEWER_KEY_FILE: foreign }), refused('MPI_REVIEWER_KEY_FILE'));
  await assert.rejects(start('mpi-linker', { MPI_LINKAGE_KEY_FILE: keyFile('none') }), /Restore it from its backup/);
});

test('the role of each process opens no more than its part', async () => {
  const refused = [
    ['mpi', 'select ciphertext from mpi.linkage_sketches'],
    ['mpi-linker', 'select from mpi.person_versions'],
    ['mpi-linker', 'select from mpi.blind_indexes'],
    ['mpi-linker', 'select from mpi.review_sheets'],
    ['mpi-review', 'select from mpi.person_versions'],
    ['mpi-review', 'select from mpi.linkage_sketches'],
    ['mpi-review', 'select from mpi.blind_indexes'],
  ] as const;
  for (const [name, statement] of refused) {
    const { main: url } = await urlsOf(name);
    await withClient(url, async (client) => {
      await assert.rejects(client.query(statement), { code: '42501' }, `${name}: ${statement}`);
    });
  }
});

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../testing/index.ts';
import {
  createFileKeyProvider,
  createKeyFile,
  createKeyStore,
  KeyError,
  keyMigrations,
  rotateKeyFile,
} from './index.ts';

let directory: string;
let database: TestDatabase;
let pool: pg.Pool;

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zdravo-keys-'));
  database = await createTestDatabase('keys', { migrations: [keyMigrations] });
  pool = new pg.Pool({ connectionString: database.url, options: '-c role=zdravo_keys' });
});
after(async () => {
  await pool?.end();
  await database?.drop();
  await rm(directory, { recursive: true });
});

async function newKeyFile(): Promise<string> {
  const path = join(directory, `${randomUUID()}.json`);
  await createKeyFile(path);
  return path;
}

test('a wrapped key opens under its own context only', async () => {
  const provider = await createFileKeyProvider(await newKeyFile());
  const context = { module: 'mpi', purpose: 'vault', owner_id: randomUUID() };
  const key = randomBytes(32);
  const wrapped = await provider.wrap(key, context);
  assert.deepEqual(Buffer.from(await provider.unwrap(wrapped, context)), key);
  const refused = (error: unknown) => error instanceof KeyError && error.code === 'key_refused';
  await assert.rejects(provider.unwrap(wrapped, { ...context, owner_id: randomUUID() }), refused);
  const altered = {
    ...wrapped,
    bytes: Uint8Array.from(wrapped.bytes, (byte, index) => (index === 20 ? byte ^ 1 : byte)),
  };
  await assert.rejects(provider.unwrap(altered, context), refused);
});

test('after a rotation older generations still open, and re-wrapping moves them on', async () => {
  const path = await newKeyFile();
  const scope = { module: 'mpi', purpose: randomUUID() };
  const owner = randomUUID();
  const key = await createKeyStore(pool, await createFileKeyProvider(path), scope).getOrCreate(owner);
  await rotateKeyFile(path);
  const store = createKeyStore(pool, await createFileKeyProvider(path), scope);
  assert.deepEqual(hex(await store.find(owner)), hex(key));
  assert.deepEqual(await store.rewrap(), { rewrapped: 1, unreadable: 0 });
  assert.deepEqual(await store.rewrap(), { rewrapped: 0, unreadable: 0 });
  assert.deepEqual(hex(await store.find(owner)), hex(key));
});

test('64 who ask for a new owner’s key at once get the same one', async () => {
  const store = createKeyStore(pool, await createFileKeyProvider(await newKeyFile()), {
    module: 'mpi',
    purpose: randomUUID(),
  });
  const owner = randomUUID();
  const keys = await Promise.all(Array.from({ length: 64 }, () => store.getOrCreate(owner)));
  assert.equal(new Set(keys.map((key) => Buffer.from(key).toString('hex'))).size, 1);
});

test('keys of several purposes that are needed at once are made in one statement, each for its own', async () => {
  const provider = await createFileKeyProvider(await newKeyFile());
  const statements: string[] = [];
  const counted = Object.assign(Object.create(pool) as pg.Pool, {
    query: (text: string, values: unknown[]) => {
      statements.push(text);
      return pool.query(text, values);
    },
  });
  const owner = randomUUID();
  const stores = ['vault', 'linkage'].map((name) =>
    createKeyStore(counted, provider, { module: 'mpi', purpose: `${name} ${owner}` }),
  );
  const [vault, linkage] = await Promise.all(stores.map((store) => store.getOrCreate(owner)));
  assert.equal(statements.length, 1);
  assert.notDeepEqual(vault, linkage);
  const found = await Promise.all(stores.map((store) => store.find(owner)));
  assert.deepEqual(
    found.map((key) => Buffer.from(key!)),
    [vault, linkage].map((key) => Buffer.from(key!)),
  );
});

test('a dropped key is gone for good: it is neither found nor made anew', async () => {
  const store = createKeyStore(pool, await createFileKeyProvider(await newKeyFile()), {
    module: 'mpi',
    purpose: randomUUID(),
  });
  const owner = randomUUID();
  await store.getOrCreate(owner);
  assert.equal(await store.drop(owner), true);
  assert.equal(await store.drop(owner), false);
  assert.equal(await store.find(owner), undefined);
  await assert.rejects(store.getOrCreate(owner), /was erased/);
});

test('an unusable key file says what to do', async () => {
  const path = join(directory, 'broken.json');
  await assert.rejects(createFileKeyProvider(path), /Restore it from its backup/);
  await writeFile(path, '{"current":"2","keys":{}}');
  await assert.rejects(createFileKeyProvider(path), /names a current generation that it does not hold/);
});

test('an existing key file is never overwritten', async () => {
  const path = await newKeyFile();
  const before_second = await (await createFileKeyProvider(path)).derive('x');
  await createKeyFile(path);
  assert.deepEqual(await (await createFileKeyProvider(path)).derive('x'), before_second);
});

test('those who make one key file at once find a whole one, and the same', async () => {
  for (let round = 0; round < 100; round++) {
    const path = join(directory, `${randomUUID()}.json`);
    const providers = await Promise.all(
      Array.from({ length: 8 }, async () => {
        await createKeyFile(path);
        return createFileKeyProvider(path);
      }),
    );
    const derived = await Promise.all(providers.map((one) => one.derive('x')));
    assert.equal(new Set(derived.map(hex)).size, 1);
  }
});

function hex(key: Uint8Array | undefined): string | undefined {
  return key && Buffer.from(key).toString('hex');
}

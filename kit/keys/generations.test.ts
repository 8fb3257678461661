import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import pg from 'pg';
import { Type } from 'typebox';
import { readConfig } from '../config/index.ts';
import { createLogger } from '../log/index.ts';
import {
  createTestDatabase,
  type KmsStandIn,
  startKmsStandIn,
  startVaultStandIn,
  type TestDatabase,
  type VaultStandIn,
} from '../testing/index.ts';
import {
  createFileKeyProvider,
  createKeyFile,
  createKeyStore,
  KeySettings,
  keyMigrations,
  openKeyProvider,
  rotateKeyFile,
} from './index.ts';

let directory: string;
let database: TestDatabase;
let pool: pg.Pool;
let vault: VaultStandIn;
let kms: KmsStandIn;
const log = createLogger({ name: 'keys', level: 'silent' });

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'zdravo-generations-'));
  database = await createTestDatabase('keys', { migrations: [keyMigrations] });
  pool = new pg.Pool({ connectionString: database.url, options: '-c role=zdravo_keys' });
  vault = await startVaultStandIn({ keys: ['zdravo-mpi'] });
  kms = await startKmsStandIn();
  kms.pointAlias('zdravo-mpi', 'SYMMETRIC_DEFAULT');
  kms.pointAlias('zdravo-mpi-mac', 'HMAC_256');
  await writeFile(join(directory, 'token'), `${vault.token}\n`);
  await writeFile(join(directory, 'credentials'), JSON.stringify(kms.secrets()));
});
after(async () => {
  await pool?.end();
  await Promise.all([database?.drop(), vault?.close(), kms?.close(), rm(directory, { recursive: true })]);
});

async function newKeyFile(): Promise<string> {
  const path = join(directory, `${randomUUID()}.json`);
  await createKeyFile(path);
  return path;
}

const newScope = () => ({ module: 'mpi', purpose: randomUUID() });
const newOwners = (count: number) => Array.from({ length: count }, () => randomUUID());

function settingsOf(environment: Record<string, string>) {
  return readConfig(Type.Object(KeySettings), {
    ZDRAVO_VAULT_ADDRESS: vault.endpoint,
    ZDRAVO_VAULT_TOKEN_FILE: join(directory, 'token'),
    ZDRAVO_KMS_ENDPOINT: kms.endpoint,
    ZDRAVO_KMS_REGION: kms.region,
    ZDRAVO_KMS_CREDENTIALS_FILE: join(directory, 'credentials'),
    ...environment,
  });
}

const openBy = (ZDRAVO_KEYS: string, key_file?: string) =>
  openKeyProvider(settingsOf({ ZDRAVO_KEYS }), { module: 'mpi', key_file });

describe('settings choose the key provider', () => {
  test('a move from the file to Vault and on to KMS: all is opened before, meanwhile and after the re-wrapping', async () => {
    const [key_file, scope, owners] = [await newKeyFile(), newScope(), newOwners(9)];
    const from_file = await openBy('file', key_file);
    const keys = await createKeyStore(pool, from_file, scope).getOrCreateMany(owners);
    const derived = await from_file.derive('forever', '1');
    for (const [kinds, generation] of [
      ['vault,file', /^vault:v/],
      ['aws-kms,vault,file', /^arn:/],
    ] as const) {
      const provider = await openBy(kinds, key_file);
      const store = createKeyStore(pool, provider, scope);
      await store.check(log);
      assert.deepEqual(plain(await store.findMany(owners)), plain(keys));
      assert.deepEqual(await store.rewrap({ batch: 4 }), { rewrapped: 9, unreadable: 0 });
      assert.deepEqual(plain(await store.findMany(owners)), plain(keys));
      assert.match(provider.current_key_id(), generation);
      assert.deepEqual(
        hex(await provider.derive('forever', '1')),
        hex(derived),
        'what was hashed with it keeps its meaning',
      );
    }
    const alone = createKeyStore(pool, await openBy('aws-kms'), scope);
    assert.deepEqual(
      plain(await alone.findMany(owners)),
      plain(keys),
      'neither file nor Vault is needed for them any more',
    );
  });

  test('what a kind of provider needs is asked for by name, and no value is printed', async () => {
    const open = (environment: Record<string, string>) =>
      openKeyProvider(settingsOf(environment), { module: 'mpi', key_file: undefined });
    await assert.rejects(open({ ZDRAVO_KEYS: 'vault', ZDRAVO_VAULT_ADDRESS: '' }), /ZDRAVO_VAULT_ADDRESS is required/);
    await assert.rejects(open({ ZDRAVO_KEYS: 'aws-kms', ZDRAVO_KMS_REGION: '' }), /ZDRAVO_KMS_REGION is required/);
    const clear = { ZDRAVO_KEYS: 'vault', ZDRAVO_VAULT_ADDRESS: 'http://vault.example:8200' };
    await assert.rejects(open(clear), /ZDRAVO_VAULT_ADDRESS must be https/);
    await assert.rejects(open({ ZDRAVO_KEYS: 'file' }), /key file of mpi is required/);
    await assert.rejects(open({ ZDRAVO_KEYS: 'vault', ZDRAVO_VAULT_TOKEN_FILE: '/no/such' }), /must name a file/);
    const broken = { ZDRAVO_KEYS: 'aws-kms', ZDRAVO_KMS_CREDENTIALS_FILE: join(directory, 'token') };
    await assert.rejects(
      open(broken),
      (error: Error) => /must name a JSON file/.test(error.message) && !error.message.includes(vault.token),
    );
    assert.throws(() => settingsOf({ ZDRAVO_KEYS: 'none' }), /ZDRAVO_KEYS must be file, vault or aws-kms/);
  });
});

test('a key service is not asked to wrap for owners who have a key; new ones beside them get theirs', async () => {
  const [scope, owners, newcomer] = [newScope(), newOwners(3), randomUUID()];
  const provider = await openBy('vault');
  let wraps = 0;
  const counting = {
    ...provider,
    wrap: (...given: Parameters<typeof provider.wrap>) => {
      wraps += 1;
      return provider.wrap(...given);
    },
  };
  const store = createKeyStore(pool, counting, scope);
  const keys = await store.getOrCreateMany(owners);
  assert.equal(wraps, 3);
  const [erased] = owners;
  await store.drop(erased!);
  keys.delete(erased!);
  const again = await store.getOrCreateMany([...owners.slice(1), newcomer]);
  assert.equal(wraps, 4);
  assert.deepEqual(plain(keys), plain(new Map([...again].filter(([id]) => id !== newcomer))));
  assert.deepEqual(plain(await store.findMany([newcomer])), plain(new Map([[newcomer, again.get(newcomer)!]])));
  assert.equal((await store.getOrCreateMany([erased!])).size, 0, 'an erased owner gets none');
});

describe('re-wrapping', () => {
  test('passes over keys of a lost generation and damaged ones, says so, and moves all others', async () => {
    const [key_file, scope, owners] = [await newKeyFile(), newScope(), newOwners(12)];
    const provider = await createFileKeyProvider(key_file);
    const store = createKeyStore(pool, provider, scope);
    const keys = await store.getOrCreateMany(owners);
    const [lost, damaged] = owners.toSorted();
    await setRow(scope, lost!, { key_id: '77' });
    await pool.query('update wrapped_keys set bytes = set_byte(bytes, 20, 0) where purpose = $1 and owner_id = $2', [
      scope.purpose,
      damaged,
    ]);
    await rotateKeyFile(key_file);
    const { hint, ...counts } = await store.rewrap({ batch: 2 });
    assert.deepEqual(counts, { rewrapped: 10, unreadable: 2 });
    assert.match(hint!, /Put the older generation back/);
    for (const owner_id of owners.filter((one) => one !== lost && one !== damaged))
      assert.deepEqual(hex(await store.find(owner_id)), hex(keys.get(owner_id)));
    await setRow(scope, lost!, { key_id: '1' });
    assert.deepEqual(await store.rewrap(), { rewrapped: 1, unreadable: 1, hint: (await store.rewrap()).hint });
    assert.deepEqual(hex(await store.find(lost!)), hex(keys.get(lost!)));
  });

  test('stops when told to, and goes on where it was', async () => {
    const [key_file, scope, owners] = [await newKeyFile(), newScope(), newOwners(6)];
    const store = createKeyStore(pool, await createFileKeyProvider(key_file), scope);
    await store.getOrCreateMany(owners);
    await rotateKeyFile(key_file);
    assert.deepEqual(await store.rewrap({ signal: AbortSignal.abort() }), { rewrapped: 0, unreadable: 0 });
    assert.deepEqual(await store.rewrap({ batch: 2 }), { rewrapped: 6, unreadable: 0 });
  });

  test('brings no dropped key back', async () => {
    const [key_file, scope, [owner_id]] = [await newKeyFile(), newScope(), newOwners(1)];
    const provider = await createFileKeyProvider(key_file);
    const store = createKeyStore(pool, provider, scope);
    await store.getOrCreate(owner_id!);
    await rotateKeyFile(key_file);
    const dropping = {
      ...provider,
      unwrap: async (...args: Parameters<typeof provider.unwrap>) => {
        const key = await provider.unwrap(...args);
        await store.drop(owner_id!);
        return key;
      },
    };
    await createKeyStore(pool, dropping, scope).rewrap();
    assert.equal(await store.find(owner_id!), undefined);
  });

  test('while the service is away nothing changes and the next run carries on', async () => {
    const [scope, owners] = [newScope(), newOwners(3)];
    const store = createKeyStore(pool, await openBy('vault'), scope);
    const keys = await store.getOrCreateMany(owners);
    vault.rotate('zdravo-mpi');
    vault.trouble({ status: 503 }, 40);
    await assert.rejects(store.rewrap(), { code: 'key_service_unavailable' });
    for (let attempt = 0; attempt < 40; attempt++) await fetch(vault.endpoint).then((answer) => answer.text());
    assert.deepEqual(plain(await store.findMany(owners)), plain(keys));
    assert.deepEqual(await store.rewrap(), { rewrapped: 3, unreadable: 0 });
  });
});

describe('the check at start', () => {
  test('refuses another key under the same name: nothing is wrapped under it', async () => {
    const [scope, owners] = [newScope(), newOwners(3)];
    await createKeyStore(pool, await createFileKeyProvider(await newKeyFile()), scope).getOrCreateMany(owners);
    const other = createKeyStore(pool, await createFileKeyProvider(await newKeyFile()), scope);
    await assert.rejects(other.check(log), (error: Error) => /not the one.*Put back the key file/.test(error.message));
  });

  test('logs a lost generation and one damaged row with what to do, and lets the rest be served', async () => {
    const [key_file, scope, owners] = [await newKeyFile(), newScope(), newOwners(4)];
    const store = createKeyStore(pool, await createFileKeyProvider(key_file), scope);
    await store.getOrCreateMany(owners);
    const lines: string[] = [];
    const listening = { error: (_: object, message: string) => lines.push(message) } as unknown as typeof log;
    await store.check(listening);
    assert.deepEqual(lines, []);
    await setRow(scope, owners[0]!, { key_id: '9' });
    await pool.query(
      'update wrapped_keys set bytes = set_byte(bytes, 20, get_byte(bytes, 20) # 1) where purpose = $1 and owner_id = $2',
      [scope.purpose, owners[1]],
    );
    await store.check(listening);
    assert.equal(lines.length, 2);
    assert.match(lines[0]!, /generation 1 is damaged.*compare with a backup/);
    assert.match(lines[1]!, /generation 9 cannot be opened: Put the older generation back/);
  });

  test('ends the start while the service is away: its supervisor tries again', async () => {
    const scope = newScope();
    const store = createKeyStore(pool, await openBy('vault'), scope);
    await store.getOrCreate(randomUUID());
    vault.trouble({ status: 500 }, 4);
    await assert.rejects(store.check(log), { code: 'key_service_unavailable', status: 503 });
    await store.check(log);
  });
});

describe('the key file', () => {
  test('of two rotations at once one wins and one is refused; no generation is lost', async () => {
    const path = await newKeyFile();
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => rotateKeyFile(path)));
    const won = results.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
    const { keys } = JSON.parse(await readFile(path, 'utf8')) as { keys: Record<string, string> };
    assert.deepEqual(Object.keys(keys).slice(1).sort(), won.toSorted());
    assert.ok(won.length >= 1);
    for (const one of results)
      if (one.status === 'rejected') assert.match(one.reason.hint, /when no rotation runs, remove that file/);
  });

  test('a rotation that was broken off is told, and harms nothing', async () => {
    const path = await newKeyFile();
    const before_it = await readFile(path, 'utf8');
    await writeFile(`${path}.new`, '{"current":');
    await assert.rejects(rotateKeyFile(path), { name: 'KeyError', code: 'key_file_unusable' });
    assert.equal(await readFile(path, 'utf8'), before_it);
    await rm(`${path}.new`);
    assert.equal(await rotateKeyFile(path), '2');
  });

  test('a process that started before a rotation opens what another wrapped after it', async () => {
    const [path, scope, owner_id] = [await newKeyFile(), newScope(), randomUUID()];
    const early = createKeyStore(pool, await createFileKeyProvider(path), scope);
    await rotateKeyFile(path);
    const key = await createKeyStore(pool, await createFileKeyProvider(path), scope).getOrCreate(owner_id);
    assert.deepEqual(Buffer.from((await early.find(owner_id))!), Buffer.from(key));
  });
});

async function setRow(scope: { purpose: string }, owner_id: string, { key_id }: { key_id: string }): Promise<void> {
  await pool.query('update wrapped_keys set key_id = $3 where purpose = $1 and owner_id = $2', [
    scope.purpose,
    owner_id,
    key_id,
  ]);
}

const hex = (key: Uint8Array | undefined) => key && Buffer.from(key).toString('hex');
const plain = (keys: Map<string, Uint8Array>) =>
  Object.fromEntries([...keys].map(([owner_id, key]) => [owner_id, hex(key)]));

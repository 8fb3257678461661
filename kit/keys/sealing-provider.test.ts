import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { openSealed, publicKeyOf, sealTo } from './hpke.ts';
import {
  createFileKeyProvider,
  createKeyFile,
  createOpeningKeyProvider,
  createSealingKeyProvider,
  KeyError,
  publishKeyFile,
  rotateKeyFile,
} from './index.ts';

const bytes = (hex: string) => Buffer.from(hex, 'hex');
const context = { module: 'mpi', purpose: 'trial', owner_id: 'a' };
let folder: string;
let file: string;
let public_file: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'zdravo-sealing-'));
  [file, public_file] = [join(folder, 'own.json'), join(folder, 'own.public.json')];
  await createKeyFile(file);
  await publishKeyFile(file, public_file);
});
after(() => rm(folder, { recursive: true }));

test('a message of RFC 9180, appendix A.1.1, opens; an altered one, or one of another binding, does not', () => {
  const private_key = bytes('4612c550263fc8ad58375df3f557aac531d26850903e55a9f23f21d8534e8ac8');
  const encapsulated = '37fda3567bdbd628e88668c3c8d7e97d1d1253b6d4ea6d44c150f741f1bf4431';
  const ciphertext = 'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a';
  const sealed = bytes(encapsulated + ciphertext);
  const binding = { info: bytes('4f6465206f6e2061204772656369616e2055726e'), associated: Buffer.from('Count-0') };
  assert.equal(openSealed(private_key, sealed, binding).toString(), 'Beauty is truth, truth beauty');
  assert.equal(
    publicKeyOf(private_key).toString('hex'),
    '3948cfe0ad1ddb695d780e59077195da6c56506b027329794ab02bca80815c4d',
  );
  for (const at of [0, 40, sealed.length - 1]) {
    const altered = Buffer.from(sealed);
    altered[at]! ^= 1;
    assert.throws(() => openSealed(private_key, altered, binding));
  }
  assert.throws(() => openSealed(private_key, sealed, { ...binding, associated: Buffer.from('Count-1') }));
  assert.throws(() => openSealed(private_key, sealed.subarray(0, 40), binding));
  assert.throws(() => openSealed(randomBytes(32), sealed, binding));
});

test('what is sealed opens for its recipient only, and is another each time', () => {
  const [own, other] = [randomBytes(32), randomBytes(32)];
  const binding = { info: Buffer.from('i'), associated: Buffer.from('a') };
  const [one, again] = [1, 2].map(() => sealTo(publicKeyOf(own), Buffer.from('a data key'), binding));
  assert.equal(openSealed(own, one!, binding).toString(), 'a data key');
  assert.notDeepEqual(one, again);
  assert.throws(() => openSealed(other, one!, binding));
});

test('the process with the public halves seals and cannot open; the other opens, through a rotation too', async () => {
  const seals = await createSealingKeyProvider(public_file);
  const opens = await createOpeningKeyProvider(file);
  const data_key = randomBytes(32);
  const before_rotation = await seals.wrap(data_key, context);
  await assert.rejects(seals.unwrap(before_rotation, context), (error: unknown) => isRefused(error));
  assert.deepEqual(Buffer.from(await opens.unwrap(before_rotation, context)), data_key);
  await assert.rejects(opens.unwrap(before_rotation, { ...context, owner_id: 'b' }), (error: unknown) =>
    isRefused(error),
  );
  await rotateKeyFile(file);
  await publishKeyFile(file, public_file);
  await seals.refresh();
  const after_rotation = await seals.wrap(data_key, context);
  assert.deepEqual([before_rotation.key_id, after_rotation.key_id], ['1', '2']);
  for (const wrapped of [before_rotation, after_rotation])
    assert.deepEqual(Buffer.from(await opens.unwrap(wrapped, context)), data_key);
});

test('neither half is taken for the other', async () => {
  await assert.rejects(createOpeningKeyProvider(public_file), { code: 'key_file_unusable', message: /open nothing/ });
  await assert.rejects(createFileKeyProvider(public_file), { code: 'key_file_unusable' });
  await assert.rejects(createSealingKeyProvider(file), { code: 'key_file_unusable', message: /seals only/ });
});

const isRefused = (error: unknown) => error instanceof KeyError && error.code === 'key_refused';

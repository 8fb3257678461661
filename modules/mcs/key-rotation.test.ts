import assert from 'node:assert/strict';
import { hash, randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@zdravo/kit/log';
import { key_kinds } from '@zdravo/kit/testing';
import pg from 'pg';
import { type IssuedUpload, type Mcs, sampleJpeg, samplePdf } from './index.ts';
import { type McsUnderTest, startMcsForTest, upload } from './testing.ts';

for (const [kind, start] of Object.entries(key_kinds)) {
  test(`keys by ${kind}: a rotation wraps owners’ keys anew, no file and no object’s key changes, and the old generation can go`, async () => {
    const keys = await start();
    const media = await startMcsForTest({ key_provider: await keys.open() });
    try {
      const { mcs } = media;
      const [jpeg, pdf, container] = [sampleJpeg({ comment: kind }), samplePdf(), randomBytes(150_000)];
      const [first, second] = [await storedDocument(mcs, jpeg), await storedDocument(mcs, pdf)];
      await mcs.assignPerson({ resource_ids: [second.resource_id], person_id: randomUUID() });
      const declaration = { resource_type: 'declaration', resource_id: randomUUID() };
      await mcs.storeSignedContainer({ ...declaration, container, sha256: hash('sha256', container) });
      const before = { files: await contents(media), objects: await rows(media, objects_query) };
      const wrapped_before = await rows(media, wrapped_query, media.keys_database_url);
      assert.ok(before.objects.length === 3 && wrapped_before.length >= 3);

      await keys.rotate();
      await runRewrapping(mcs);
      const wrapped = await rows(media, wrapped_query, media.keys_database_url);
      const generation = (await keys.open()).current_key_id();
      for (const [index, row] of wrapped.entries()) {
        assert.equal(row['key_id'], generation);
        assert.notDeepEqual(row['bytes'], wrapped_before[index]!['bytes']);
      }
      assert.deepEqual({ files: await contents(media), objects: await rows(media, objects_query) }, before);

      await keys.retireOlder();
      for (const one of [mcs, await media.open({ key_provider: await keys.open() })]) {
        assert.deepEqual(await read(one, first.object_id), jpeg);
        assert.deepEqual(await read(one, second.object_id), pdf);
        assert.deepEqual((await one.readSignedContainer(declaration)).container, container);
      }
    } finally {
      await media.close();
      await keys.close();
    }
  });

  test(`keys by ${kind}: an old generation that went before the re-wrapping is told at start, and what is newer is read`, async () => {
    const keys = await start();
    const media = await startMcsForTest({ key_provider: await keys.open() });
    try {
      const [old, fresh] = [sampleJpeg({ comment: 'old' }), sampleJpeg({ comment: 'new' })];
      const before = await storedDocument(media.mcs, old);
      await keys.rotate();
      const lines: string[] = [];
      const provider = await keys.open();
      const late = await media.open({ key_provider: provider });
      const after = await media.answerBy(late, () => storedDocument(late, fresh));
      await keys.retireOlder();
      const log = listeningLog(lines);
      const mcs = await media.open({ key_provider: await keys.open(), log });
      assert.deepEqual(await read(mcs, after.object_id), fresh);
      await assert.rejects(read(mcs, before.object_id), { status: 503, code: 'document_unavailable' });
      await runRewrapping(mcs);
      assert.equal(lines.filter((line) => /cannot be opened: /.test(line)).length, 2, lines.join('\n'));
    } finally {
      await media.close();
      await keys.close();
    }
  });
}

test('addresses outlive a rotation, and each process takes those of the other', async () => {
  const keys = await key_kinds['vault']!();
  const early = await startMcsForTest({ key_provider: await keys.open() });
  try {
    const jpeg = sampleJpeg();
    await storedDocument(early.mcs, jpeg);
    const before = await addressOf(early.mcs, jpeg);
    await keys.rotate();
    const late = await early.open({ key_provider: await keys.open() });
    const through = (mcs: Mcs, address: IssuedUpload) => early.answerBy(mcs, () => upload(address, jpeg));
    assert.equal(await through(late, await addressOf(early.mcs, jpeg)), 200, 'the late one knows the older generation');
    assert.equal(await through(early.mcs, await addressOf(late, jpeg)), 403, 'not asked for more than every 5 s');
    await sleep(5_100);
    assert.equal(await through(early.mcs, await addressOf(late, jpeg)), 200, 'the early one learns of the newer');
    assert.equal(await through(early.mcs, before), 200);
    const forged = { ...before, url: before.url.replace(/addresses-[0-9a-f]+/, 'addresses-00000000') };
    assert.equal(await through(late, forged), 403);
  } finally {
    await early.close();
    await keys.close();
  }
});

const objects_query = 'select id, key_owner_id, wrapped_key, bucket, key, sha256 from mcs.objects order by id';
const wrapped_query = 'select owner_id, key_id, bytes from wrapped_keys where bytes is not null order by owner_id';

async function rows(media: McsUnderTest, query: string, url = media.database_url): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return (await client.query(query).finally(() => client.end())).rows;
}

async function storedDocument(mcs: Mcs, bytes: Buffer) {
  const request = newRequest();
  const address = await addressOf(mcs, bytes, request);
  assert.equal(await upload(address, bytes), 200);
  const approval = await mcs.approveUploads({ ...request, document_types: ['person.SSN'] });
  if (approval.outcome !== 'approved') throw new assert.AssertionError({ message: approval.outcome });
  return { ...request, object_id: approval.documents[0]!.id };
}

async function addressOf(mcs: Mcs, bytes: Buffer, request = newRequest()): Promise<IssuedUpload> {
  const content_type = bytes[0] === 0xff ? 'image/jpeg' : 'application/pdf';
  const pinned = {
    document_type: 'person.SSN',
    content_type,
    size: bytes.length,
    sha256: hash('sha256', bytes),
  } as const;
  const [address] = await mcs.issueUploads({ ...request, documents: [pinned] });
  return address!;
}

const newRequest = () => ({ resource_type: 'declaration_request', resource_id: randomUUID() });

async function runRewrapping(mcs: Mcs): Promise<void> {
  await mcs.jobs.find(({ name }) => name === 'rewrap_media_keys')!.run(undefined, { signal: undefined });
}

async function read(mcs: Mcs, object_id: string): Promise<Buffer> {
  const stream = await mcs.readDocument(object_id);
  return Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>));
}

/** Every file of the store by its name, as a hash. */
async function contents({ directory }: McsUnderTest): Promise<Record<string, string>> {
  const found = await readdir(join(directory, 'files', 'clean'), { recursive: true, withFileTypes: true });
  const paths = found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(
    await Promise.all(paths.sort().map(async (path) => [path, hash('sha256', await readFile(path))])),
  );
}

function listeningLog(lines: string[]): Logger {
  const log = { error: (_: object, text: string) => lines.push(text), info: () => {}, warn: () => {}, debug: () => {} };
  return { ...log, child: () => log } as unknown as Logger;
}

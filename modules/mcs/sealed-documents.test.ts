import assert from 'node:assert/strict';
import { hash, randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createFileKeyProvider, rotateKeyFile } from '@zdravo/kit/keys';
import pg from 'pg';
import { type Mcs, type StoredContainer, sampleJpeg } from './index.ts';
import { type McsUnderTest, startMcsForTest, upload } from './testing.ts';

let media: McsUnderTest;
let mcs: Mcs;
const context = { request_id: 'request-of-test', actor_id: randomUUID(), client_id: randomUUID() };

before(async () => {
  media = await startMcsForTest();
  mcs = media.mcs;
});
after(() => media.close());

const container = randomBytes(150_000);
const signed = (bytes: Buffer) => ({ container: bytes, sha256: hash('sha256', bytes) });
const newDeclaration = () => ({ resource_type: 'declaration', resource_id: randomUUID() });

async function storedDocument(bytes: Buffer) {
  const request = { resource_type: 'declaration_request', resource_id: randomUUID() };
  const [address] = await mcs.issueUploads({ ...request, documents: [{ document_type: 'person.SSN' }] });
  await upload(address!, bytes);
  const approval = await mcs.approveUploads({ ...request, document_types: ['person.SSN'] });
  assert.equal(approval.outcome, 'approved');
  return { request, object_id: approval.outcome === 'approved' ? approval.documents[0]!.id : '' };
}

async function query<Row extends pg.QueryResultRow>(text: string, values: unknown[] = []): Promise<Row[]> {
  const client = new pg.Client({ connectionString: media.database_url });
  await client.connect();
  const { rows } = await client.query<Row>(text, values).finally(() => client.end());
  return rows;
}

describe('a signed container', () => {
  test('is given back exactly as stored', async () => {
    const declaration = newDeclaration();
    const stored = await mcs.storeSignedContainer({ ...declaration, ...signed(container) });
    assert.equal(stored.stored, true);
    const read = await mcs.readSignedContainer(declaration);
    assert.deepEqual(read.container, container);
    assert.equal(read.sha256, hash('sha256', container));
  });

  test('is stored once: the first wins, and every later one is told which that is', async () => {
    const declaration = newDeclaration();
    const first = await mcs.storeSignedContainer({ ...declaration, ...signed(container) });
    const second = await mcs.storeSignedContainer({ ...declaration, ...signed(randomBytes(1000)) });
    assert.deepEqual(told(second), { ...told(first), stored: false });
  });

  test('of sixteen at once has one winner, whom all name', async () => {
    const declaration = newDeclaration();
    const rivals = Array.from({ length: 16 }, () => signed(randomBytes(5000)));
    const answers = await Promise.all(rivals.map((rival) => mcs.storeSignedContainer({ ...declaration, ...rival })));
    const winners = new Set(answers.map(({ sha256 }) => sha256));
    assert.equal(winners.size, 1);
    assert.equal(answers.filter(({ stored }) => stored).length, 1);
    assert.equal((await mcs.readSignedContainer(declaration)).sha256, [...winners][0]);
  });

  test('whose row was lost, by a crash or a restore, is found again in its file', async () => {
    const declaration = newDeclaration();
    const first = await mcs.storeSignedContainer({ ...declaration, ...signed(container) });
    await query('delete from mcs.objects where resource_id = $1', [declaration.resource_id]);
    const again = await mcs.storeSignedContainer({ ...declaration, ...signed(randomBytes(1000)) });
    assert.deepEqual(told(again), { ...told(first), stored: false });
    assert.deepEqual((await mcs.readSignedContainer(declaration)).container, container);
  });

  test('has its upgrade beside it', async () => {
    const declaration = newDeclaration();
    await mcs.storeSignedContainer({ ...declaration, ...signed(container) });
    const form = 'signed_content.upgraded' as const;
    await mcs.storeSignedContainer({ ...declaration, form, ...signed(Buffer.from('upgraded')) });
    assert.equal(String((await mcs.readSignedContainer({ ...declaration, form })).container), 'upgraded');
    assert.deepEqual((await mcs.readSignedContainer(declaration)).container, container);
  });

  test('with another hash than announced is refused, one that is not there is not found', async () => {
    const wrong = { container, sha256: hash('sha256', 'other') };
    await assert.rejects(mcs.storeSignedContainer({ ...newDeclaration(), ...wrong }), { code: 'sha256_mismatch' });
    await assert.rejects(mcs.readSignedContainer(newDeclaration()), { status: 404 });
    assert.equal(await mcs.findSignedContainer(newDeclaration()), undefined);
  });
});

describe('what lies on the disk', () => {
  test('holds nothing of a document, and is refused when a bit of it changes', async () => {
    const declaration = newDeclaration();
    const bytes = Buffer.alloc(100_000, 'name of a patient ');
    await mcs.storeSignedContainer({ ...declaration, ...signed(bytes) });
    const files = await cleanFiles();
    for (const file of files) assert.equal((await readFile(file)).includes('name of a patient'), false);
    const contents = await Promise.all(files.map(async (file) => ({ file, bytes: await readFile(file) })));
    const one = contents.find((candidate) => candidate.bytes.includes(declaration.resource_id));
    assert.ok(one);
    one.bytes[70_000] = (one.bytes[70_000] ?? 0) ^ 1;
    await writeFile(one.file, one.bytes);
    await assert.rejects(mcs.readSignedContainer(declaration));
  });
});

describe('a download address', () => {
  test('gives the decrypted document as an attachment, whole or in part, and is on record', async () => {
    const jpeg = sampleJpeg({ comment: 'x'.repeat(60_000) });
    const { object_id, request } = await storedDocument(jpeg);
    const { url } = await mcs.issueDownload({ object_id, purpose: 'verification' }, context);
    const whole = await fetch(url);
    assert.equal(whole.status, 200);
    assert.equal(whole.headers.get('content-type'), 'image/jpeg');
    assert.match(whole.headers.get('content-disposition') ?? '', /^attachment; filename="person.SSN.jpeg"/);
    assert.deepEqual(Buffer.from(await whole.arrayBuffer()), jpeg);
    const part = await fetch(url, { headers: { range: 'bytes=10-19' } });
    assert.equal(part.status, 206);
    assert.deepEqual(Buffer.from(await part.arrayBuffer()), jpeg.subarray(10, 20));
    const beyond = await fetch(url, { headers: { range: 'bytes=900000-' } });
    assert.equal(beyond.status, 416);
    const rows = await query('select action, actor_id, purpose from mcs.read_audit where resource_id = $1', [
      request.resource_id,
    ]);
    assert.deepEqual(rows, [
      { action: 'document.address_issued', actor_id: context.actor_id, purpose: 'verification' },
    ]);
  });

  test('is for one document, one method and a minute, and nobody forges it', async () => {
    const [mine, other] = [await storedDocument(sampleJpeg()), await storedDocument(sampleJpeg({ comment: 'other' }))];
    const { url } = await mcs.issueDownload({ object_id: mine.object_id }, context);
    const status = async (address: string, method = 'GET') => (await fetch(address, { method })).status;
    assert.equal(await status(url.replace(mine.object_id, other.object_id)), 403);
    assert.equal(await status(url.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))), 403);
    assert.equal(await status(url.replace('attachment', 'inline')), 403);
    assert.equal(await status(url, 'DELETE'), 403);
    assert.equal(await status(url.slice(0, url.indexOf('?'))), 403);
    media.clock.advance(61_000);
    assert.equal(await status(url), 403);
  });

  test('a HEAD or a nonsense path never becomes a 500', async () => {
    const base = (await mcs.issueDownload({ object_id: (await storedDocument(sampleJpeg())).object_id }, context)).url;
    for (const path of [
      '/media/documents/',
      '/media/documents/x',
      '/media/documents/%ff',
      '/media/',
      '/media/clean/a',
    ]) {
      const { status } = await fetch(new URL(path, base));
      assert.ok(status >= 400 && status < 500, `${path} ${status}`);
    }
  });
});

describe('keys', () => {
  test('are re-wrapped for the person whom a document turns out to concern; the file is not touched', async () => {
    const { request, object_id } = await storedDocument(sampleJpeg({ comment: 'mine' }));
    const before_files = await cleanFiles();
    const person_id = randomUUID();
    assert.equal(await mcs.assignPerson({ resource_ids: [request.resource_id], person_id }), 1);
    assert.equal(await mcs.assignPerson({ resource_ids: [request.resource_id], person_id }), 0);
    assert.deepEqual(await read(object_id), sampleJpeg({ comment: 'mine' }));
    assert.deepEqual(await cleanFiles(), before_files);
  });

  test('of a container that was just stored, first or after a rival, are the person’s; erasing the person ends it', async () => {
    const declaration = newDeclaration();
    const stored = await Promise.all(
      [0, 1].map(() => mcs.storeSignedContainer({ ...declaration, ...signed(container), is_first: true })),
    );
    assert.deepEqual(stored.map((one) => one.stored).sort(), [false, true]);
    const person_id = randomUUID();
    for (const { holding } of stored) await mcs.assignPerson({ holdings: [holding], person_id });
    assert.deepEqual((await mcs.readSignedContainer(declaration)).container, container);
    const rows = await query('select person_id, key_owner_id from mcs.objects where resource_id = $1', [
      declaration.resource_id,
    ]);
    assert.deepEqual(rows, [{ person_id, key_owner_id: person_id }]);
    await mcs.erasePerson(person_id);
    await assert.rejects(mcs.readSignedContainer(declaration), { status: 410 });
  });

  test('of a container that awaits its person: the file decides, whoever stopped before the row comes again, one row is written', async () => {
    const declaration = newDeclaration();
    const rowsOf = () =>
      query('select person_id, key_owner_id, sha256 from mcs.objects where resource_id = $1', [
        declaration.resource_id,
      ]);
    const store = (bytes: Buffer) =>
      mcs.storeSignedContainer({ ...declaration, ...signed(bytes), awaits_person: true });
    const stopped = await store(container);
    assert.deepEqual(await rowsOf(), []);
    const [again, rival] = await Promise.all([store(container), store(randomBytes(1000))]);
    assert.deepEqual(
      [stopped, again, rival].map((one) => one.stored),
      [true, false, false],
    );
    const { sha256 } = signed(container);
    assert.deepEqual([again.sha256, rival.sha256], [sha256, sha256]);
    const person_id = randomUUID();
    await Promise.all(
      [again, rival, stopped].map(({ holding }) => mcs.assignPerson({ holdings: [holding], person_id })),
    );
    assert.deepEqual(await rowsOf(), [{ person_id, key_owner_id: person_id, sha256 }]);
    assert.deepEqual((await mcs.readSignedContainer(declaration)).container, container);
    const known = await store(container);
    assert.equal(await mcs.assignPerson({ holdings: [known.holding], person_id }), 0, 'it is the person’s already');
  });

  test('of a container that awaits its person may be prepared, for whoever it turns out not to be as well', async () => {
    const expected = randomUUID();
    for (const person_id of [expected, randomUUID()]) {
      const declaration = newDeclaration();
      const { holding } = await mcs.storeSignedContainer({ ...declaration, ...signed(container), awaits_person: true });
      const prepared = await mcs.prepareAssignment(holding, expected);
      await mcs.assignPerson({ holdings: [prepared], person_id });
      const rows = await query('select person_id from mcs.objects where resource_id = $1', [declaration.resource_id]);
      assert.deepEqual(rows, [{ person_id }]);
      assert.deepEqual((await mcs.readSignedContainer(declaration)).container, container);
    }
  });

  test('of a container that awaits its person go to the person also when the row was recovered meanwhile', async () => {
    const declaration = newDeclaration();
    const { holding } = await mcs.storeSignedContainer({ ...declaration, ...signed(container), awaits_person: true });
    assert.ok(await mcs.recoverSignedContainer(declaration));
    const person_id = randomUUID();
    await mcs.assignPerson({ holdings: [holding], person_id });
    const rows = await query('select person_id, key_owner_id from mcs.objects where resource_id = $1', [
      declaration.resource_id,
    ]);
    assert.deepEqual(rows, [{ person_id, key_owner_id: person_id }]);
    assert.deepEqual((await mcs.readSignedContainer(declaration)).container, container);
  });

  test('of an erased person are dropped: nothing opens, not even by what the file itself carries', async () => {
    const jpeg = sampleJpeg({ comment: 'erased' });
    const { request, object_id } = await storedDocument(jpeg);
    const declaration = newDeclaration();
    await mcs.storeSignedContainer({ ...declaration, ...signed(container) });
    const person_id = randomUUID();
    const resource_ids = [request.resource_id, declaration.resource_id];
    await mcs.assignPerson({ resource_ids, person_id });
    await followErasure(person_id);
    await assert.rejects(read(object_id), { status: 410, code: 'document_erased' });
    await assert.rejects(mcs.readSignedContainer(declaration), { status: 410 });
    await query('delete from mcs.objects where resource_id = $1', [declaration.resource_id]);
    await assert.rejects(mcs.storeSignedContainer({ ...declaration, ...signed(container) }));
  });

  test('of one person do not open what is another’s', async () => {
    const [mine, other] = [await storedDocument(sampleJpeg()), await storedDocument(sampleJpeg())];
    await query(
      `update mcs.objects set wrapped_key = (select wrapped_key from mcs.objects where id = $2) where id = $1`,
      [mine.object_id, other.object_id],
    );
    await assert.rejects(read(mine.object_id));
  });

  test('are wrapped anew after a rotation, and documents of before are read', async () => {
    const jpeg = sampleJpeg({ comment: 'before the rotation' });
    const { object_id } = await storedDocument(jpeg);
    await rotateKeyFile(media.key_file);
    const rotated = await media.open({ key_provider: await createFileKeyProvider(media.key_file) });
    await rotated.jobs.find(({ name }) => name === 'rewrap_media_keys')!.run(undefined, { signal: undefined });
    const stream = await rotated.readDocument(object_id);
    assert.deepEqual(Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>)), jpeg);
  });
});

describe('grants', () => {
  test('this module may not delete what is a person’s or was signed, nor who read it', async () => {
    for (const table of ['objects', 'read_audit']) {
      await assert.rejects(query(`set role zdravo_mcs; delete from mcs.${table}`), /permission denied/);
    }
    await assert.rejects(query('set role zdravo_mcs; update mcs.read_audit set action = $$x$$'), /permission denied/);
  });
});

/** Which container is stored, and under whose key. */
function told({ holding: { object }, ...stored }: StoredContainer) {
  const { key_owner_id, wrapped_key, person_id } = object;
  return { ...stored, key_owner_id, wrapped_key, person_id };
}

async function followErasure(person_id: string): Promise<void> {
  const event = {
    id: randomUUID(),
    type: 'person.erased',
    object_type: 'person',
    object_id: person_id,
    payload: {},
    occurred_at: media.clock.now().toISOString(),
  };
  const feed = async ({ after }: { after?: string }) => ({ events: after ? [] : [event], next: '1/1' });
  assert.equal(await mcs.followPersons(feed).drain(), 1);
}

async function read(object_id: string): Promise<Buffer> {
  const stream = await mcs.readDocument(object_id);
  return Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>));
}

async function cleanFiles(): Promise<string[]> {
  const found = await readdir(join(media.directory, 'files', 'clean'), { recursive: true, withFileTypes: true });
  return found.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { sampleJpeg } from './index.ts';
import { type McsUnderTest, startMcsForTest, upload } from './testing.ts';

let media: McsUnderTest;
let object_id: string;
/** Of several sealed chunks, none like another, so that a wrong place shows. */
const jpeg = sampleJpeg({ segments: Array.from({ length: 6 }, () => [0xfe, randomBytes(60_001)]) });
const context = { request_id: 'request-of-test', actor_id: randomUUID(), client_id: randomUUID() };

before(async () => {
  media = await startMcsForTest();
  const request = { resource_type: 'declaration_request', resource_id: randomUUID() };
  const [address] = await media.mcs.issueUploads({ ...request, documents: [{ document_type: 'person.SSN' }] });
  assert.equal(await upload(address!, jpeg), 200);
  const approval = await media.mcs.approveUploads({ ...request, document_types: ['person.SSN'] });
  object_id = approval.outcome === 'approved' ? approval.documents[0]!.id : assert.fail(approval.outcome);
});
after(() => media?.close());

async function read(headers: Record<string, string> = {}) {
  const { url } = await media.mcs.issueDownload({ object_id }, context);
  const answer = await fetch(url, { headers });
  return { status: answer.status, headers: answer.headers, bytes: Buffer.from(await answer.arrayBuffer()) };
}

describe('a range of a document that is decrypted as it is read', () => {
  test('is exactly those bytes, wherever it begins and ends', async () => {
    const { url } = await media.mcs.issueDownload({ object_id }, context);
    const place = fc.oneof(
      fc.nat({ max: jpeg.length - 1 }),
      fc
        .tuple(fc.nat({ max: 5 }), fc.integer({ min: -2, max: 2 }))
        .map(([chunk, by]) => Math.max(0, chunk * 65_536 + by)),
    );
    await fc.assert(
      fc.asyncProperty(place, place, fc.constantFrom('both', 'open', 'suffix'), async (one, other, form) => {
        const [first, last] = one <= other ? [one, other] : [other, one];
        const wanted = { both: `${first}-${last}`, open: `${first}-`, suffix: `-${last + 1}` }[form];
        const answer = await fetch(url, { headers: { range: `bytes=${wanted}` } });
        const expected = {
          both: jpeg.subarray(first, last + 1),
          open: jpeg.subarray(first),
          suffix: jpeg.subarray(-(last + 1)),
        }[form];
        assert.equal(answer.status, 206);
        assert.equal(answer.headers.get('content-length'), String(expected.length));
        assert.ok(Buffer.from(await answer.arrayBuffer()).equals(expected), wanted);
      }),
      { numRuns: 60 },
    );
  });

  test('names its place in the whole; what is no single range gives the whole, what lies beyond nothing', async () => {
    const part = await read({ range: 'bytes=65530-65540' });
    assert.equal(part.headers.get('content-range'), `bytes 65530-65540/${jpeg.length}`);
    for (const range of ['bytes=0-1,5-6', 'lines=1-2', 'bytes=9-3', 'bytes=-', 'bytes=a-b', 'x'])
      assert.deepEqual(
        [(await read({ range })).status, (await read({ range })).bytes.equals(jpeg)],
        [200, true],
        range,
      );
    for (const range of [`bytes=${jpeg.length}-`, 'bytes=999999999999-', 'bytes=-0'])
      assert.equal((await read({ range })).status, 416, range);
  });

  test('after If-Range is given only of the document that the client has', async () => {
    const { headers } = await read();
    const same = await read({ range: 'bytes=0-9', 'if-range': headers.get('etag')! });
    assert.deepEqual([same.status, same.bytes.length], [206, 10]);
    const other = await read({ range: 'bytes=0-9', 'if-range': '"another"' });
    assert.deepEqual([other.status, other.bytes.equals(jpeg)], [200, true]);
  });

  test('is the whole of what is said about it: type, attachment, no sniffing, no store', async () => {
    for (const headers of [{}, { range: 'bytes=1-2' }] as Record<string, string>[]) {
      const answer = await read(headers);
      assert.equal(answer.headers.get('content-type'), 'image/jpeg');
      assert.match(answer.headers.get('content-disposition')!, /^attachment;/);
      assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      assert.equal(answer.headers.get('cache-control'), 'private, no-store');
      assert.match(answer.headers.get('content-security-policy')!, /sandbox/);
    }
  });

  test('of a file with one bit changed breaks off before the changed chunk, and is right elsewhere', async () => {
    const path = await sealedFile();
    const whole = await readFile(path);
    const altered = Buffer.from(whole);
    const at = 512 + 2 * (65_536 + 16) + 100;
    altered[at] = altered[at]! ^ 1;
    await writeFile(path, altered);
    const { url } = await media.mcs.issueDownload({ object_id }, context);
    await assert.rejects(fetch(url).then((answer) => answer.arrayBuffer()));
    await assert.rejects(
      fetch(url, { headers: { range: 'bytes=131080-131090' } }).then((answer) => answer.arrayBuffer()),
    );
    const before_it = await fetch(url, { headers: { range: 'bytes=0-131071' } });
    assert.ok(Buffer.from(await before_it.arrayBuffer()).equals(jpeg.subarray(0, 131_072)));
    const after_it = await fetch(url, { headers: { range: 'bytes=196608-' } });
    assert.ok(Buffer.from(await after_it.arrayBuffer()).equals(jpeg.subarray(196_608)));
    await writeFile(path, whole.subarray(0, -20_000));
    assert.equal(
      (await fetch(url, { headers: { range: 'bytes=0-9' } })).status,
      503,
      'a cut is noticed by a range that misses it',
    );
    await writeFile(path, whole);
    assert.ok((await read()).bytes.equals(jpeg));
  });
});

async function sealedFile(): Promise<string> {
  const directory = join(media.directory, 'files', 'clean');
  const found = await readdir(directory, { recursive: true, withFileTypes: true });
  const file = found.find((entry) => entry.isFile())!;
  return join(file.parentPath, file.name);
}

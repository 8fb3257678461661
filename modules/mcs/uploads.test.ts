import assert from 'node:assert/strict';
import { hash, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { type Mcs, sampleJpeg, samplePdf } from './index.ts';
import { type McsUnderTest, startMcsForTest, upload } from './testing.ts';

let media: McsUnderTest;
let mcs: Mcs;

before(async () => {
  media = await startMcsForTest({ scanner: { scan: findsVirus } });
  mcs = media.mcs;
});
after(() => media.close());

async function findsVirus(bytes: Uint8Array) {
  return Buffer.from(bytes).includes('test-virus')
    ? { infected: true as const, name: 'Test' }
    : { infected: false as const };
}

const newRequest = () => ({ resource_type: 'declaration_request', resource_id: randomUUID() });
const jpeg = sampleJpeg({ comment: 'birth certificate' });

async function issue(resource: ReturnType<typeof newRequest>, document_type = 'person.PASSPORT') {
  const [address] = await mcs.issueUploads({ ...resource, documents: [{ document_type }] });
  assert.ok(address);
  return address;
}

function approve(resource: ReturnType<typeof newRequest>, document_types = ['person.PASSPORT']) {
  return mcs.approveUploads({ ...resource, document_types });
}

async function runJob(name: string) {
  const job = mcs.jobs.find((one) => one.name === name);
  assert.ok(job);
  await job.run(undefined, { signal: undefined });
}

describe('an approval', () => {
  test('takes what a v2.0 client uploaded, pinned by its hash, and answers the same when repeated', async () => {
    const request = newRequest();
    assert.equal(await upload(await issue(request), jpeg), 200);
    const approval = await approve(request);
    assert.equal(approval.outcome, 'approved');
    assert.equal(approval.outcome === 'approved' && approval.documents[0]?.sha256, hash('sha256', jpeg));
    assert.deepEqual(await approve(request), approval);
  });

  test('names every document that was not uploaded', async () => {
    const request = newRequest();
    const types = ['person.SSN', 'person.PASSPORT', 'confidant_person.0.PRIMARY.RELATIONSHIP.DOCUMENT'];
    const addresses = await mcs.issueUploads({
      ...request,
      documents: types.map((document_type) => ({ document_type })),
    });
    assert.equal(await upload(addresses[1]!, jpeg), 200);
    assert.deepEqual(await approve(request, types), { outcome: 'missing', document_types: [types[0], types[2]] });
    assert.equal(await upload(addresses[0]!, jpeg), 200);
    assert.equal(await upload(addresses[2]!, jpeg), 200);
    assert.equal((await approve(request, types)).outcome, 'approved');
  });

  for (const [what, bytes, flaw] of [
    ['an infected file', sampleJpeg({ comment: 'test-virus' }), 'infected'],
    ['a PDF where a JPEG is due', samplePdf(), 'type_mismatch'],
    ['a polyglot', Buffer.concat([jpeg, Buffer.from('PK\x03\x04')]), 'trailing_data'],
    ['a web page', Buffer.from('<html>'), 'type_unknown'],
    ['an empty file', Buffer.alloc(0), 'empty'],
  ] as const) {
    test(`refuses ${what}, keeps nothing of it, and takes a better one from a new address`, async () => {
      const request = newRequest();
      assert.equal(await upload(await issue(request), bytes), 200);
      const refused = { outcome: 'refused', documents: [{ document_type: 'person.PASSPORT', flaw }] };
      assert.deepEqual(await approve(request), refused);
      assert.deepEqual(await approve(request), refused);
      assert.deepEqual(await mcs.listDocuments(request), []);
      assert.equal(await upload(await issue(request), jpeg), 200);
      assert.equal((await approve(request)).outcome, 'approved');
    });
  }

  test('lets the newest upload count', async () => {
    const request = newRequest();
    await upload(await issue(request), sampleJpeg({ comment: 'blurred' }));
    media.clock.advance(1000);
    await upload(await issue(request), jpeg);
    const approval = await approve(request);
    assert.equal(approval.outcome === 'approved' && approval.documents[0]?.sha256, hash('sha256', jpeg));
  });

  test('closes the addresses that are still open: what comes later changes nothing', async () => {
    const request = newRequest();
    await upload(await issue(request), jpeg);
    media.clock.advance(1000);
    const late = await issue(request);
    const approval = await approve(request);
    await upload(late, sampleJpeg({ comment: 'swapped' }));
    assert.deepEqual(await approve(request), approval);
  });

  test('of eight at once pins one copy', async () => {
    const request = newRequest();
    await upload(await issue(request), jpeg);
    const approvals = await Promise.all(Array.from({ length: 8 }, () => approve(request)));
    assert.equal(new Set(approvals.map((approval) => JSON.stringify(approval))).size, 1);
    assert.equal((await mcs.listDocuments(request)).length, 1);
  });

  test('does not reach into another request', async () => {
    const [mine, other] = [newRequest(), newRequest()];
    await upload(await issue(mine), jpeg);
    await issue(other);
    assert.equal((await approve(other)).outcome, 'missing');
  });

  test('is answered 503, and approves nothing, while the scanner is away', async () => {
    const request = newRequest();
    await upload(await issue(request), jpeg);
    const { connectClamd } = await import('./inspection/index.ts');
    const away = await media.open({ scanner: connectClamd({ host: '127.0.0.1', port: 9 }) });
    const attempt = away.approveUploads({ ...request, document_types: ['person.PASSPORT'] });
    await assert.rejects(attempt, { status: 503, code: 'documents_not_checked' });
    assert.equal((await approve(request)).outcome, 'approved');
  });

  test('is answered 503 when the scanner takes too long', async () => {
    const request = newRequest();
    await upload(await issue(request), jpeg);
    const slow = await media.open({
      scanner: { scan: () => new Promise(() => undefined) },
      settings: { approval_timeout_ms: 100 },
    });
    await assert.rejects(slow.approveUploads({ ...request, document_types: ['person.PASSPORT'] }), { status: 503 });
  });
});

describe('an upload address', () => {
  test('of a v2.0 client is for one type, one size limit and one use', async () => {
    const address = await issue(newRequest());
    assert.match(address.url, /X-Amz-SignedHeaders=content-type%3Bhost&/);
    assert.deepEqual(address.headers, { 'content-type': 'image/jpeg' });
    assert.equal(await upload({ ...address, headers: { 'content-type': 'text/html' } }, jpeg), 403);
    assert.equal(await upload(address, Buffer.alloc(mcs.settings.max_document_bytes + 1)), 400);
    assert.equal(await upload(address, jpeg), 200);
    assert.equal(await upload(address, jpeg), 412);
  });

  test('of a client that announces is for exactly those bytes', async () => {
    const pdf = samplePdf();
    const announced = { content_type: 'application/pdf' as const, sha256: hash('sha256', pdf), size: pdf.length };
    const request = newRequest();
    const documents = [{ document_type: 'person.SSN', ...announced }];
    const [address] = await mcs.issueUploads({ ...request, documents });
    const other = Buffer.from(pdf).fill(0x20, 100, 101);
    assert.equal(await upload(address!, other), 400);
    assert.equal(await upload(address!, pdf), 200);
    assert.equal(await upload(address!, pdf), 412);
    assert.equal((await approve(request, ['person.SSN'])).outcome, 'approved');
  });

  test('is signed anew for the same place until it is used', async () => {
    const request = newRequest();
    const first = await issue(request);
    media.clock.advance(60_000);
    const again = await issue(request);
    assert.equal(again.upload_id, first.upload_id);
    assert.ok(again.expires_at > first.expires_at);
    await upload(again, jpeg);
    assert.notEqual((await issue(request)).upload_id, first.upload_id);
  });

  test('ends', async () => {
    const address = await issue(newRequest());
    media.clock.advance(601_000);
    assert.equal(await upload(address, jpeg), 403);
  });

  test('is not given out without end', async () => {
    const few = await media.open({ settings: { max_uploads_per_resource: 3 } });
    const request = newRequest();
    const documents = ['a', 'b', 'c', 'd'].map((document_type) => ({ document_type }));
    await assert.rejects(few.issueUploads({ ...request, documents }), { status: 429 });
  });
});

describe('the quarantine', () => {
  test('is looked into without an approval, and emptied when the address has expired', async () => {
    const request = newRequest();
    const address = await issue(request);
    await upload(address, jpeg);
    await runJob('check_new_uploads');
    assert.equal((await mcs.listDocuments(request)).length, 1);
    const place = { bucket: 'quarantine', key: address.upload_id };
    await runJob('expire_quarantine');
    assert.ok(await mcs.store.head(place), 'while the address lives, an empty place would be open again');
    media.clock.advance(601_000);
    await runJob('expire_quarantine');
    assert.equal(await mcs.store.head(place), undefined);
    assert.equal((await approve(request)).outcome, 'approved');
  });

  test('forgets after a day what nobody approved', async () => {
    const request = newRequest();
    const address = await issue(request);
    await upload(address, jpeg);
    media.clock.advance(26 * 3_600_000);
    await runJob('expire_quarantine');
    assert.equal(await mcs.store.head({ bucket: 'quarantine', key: address.upload_id }), undefined);
    assert.deepEqual(await approve(request), { outcome: 'missing', document_types: ['person.PASSPORT'] });
  });
});

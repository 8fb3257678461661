import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createPresigner } from './presigner.ts';
import { exchange, type RawAnswer, type ServedStore, serveStore } from './served-store.ts';

const body = Buffer.from('the bytes that were announced');
const sha256 = hash('sha256', body);
const jpeg = 'image/jpeg';
let clock = new Date('2026-03-01T10:00:00Z');
let served: ServedStore;
let serial = 0;

before(async () => {
  served = await serveStore({
    now: () => clock,
    buckets: { quarantine: {}, clean: {}, once: { write_once: true, max_bytes: 100 }, open: { public_read: true } },
    origins: ['https://portal.example'],
  });
});
after(() => served.close());

function freshKey(): string {
  serial += 1;
  return `documents/${serial}`;
}

function pinned(key = freshKey()) {
  return served.store.presignPut({
    bucket: 'quarantine',
    key,
    expires_s: 300,
    content_type: jpeg,
    content_length: body.length,
    sha256,
    if_none_match: '*',
    metadata: { 'upload-id': 'u-1' },
  });
}

function put(url: string, headers: Record<string, string | string[]>, bytes: Uint8Array = body): Promise<RawAnswer> {
  return exchange({ method: 'PUT', url, headers: { 'content-length': String(bytes.length), ...headers }, body: bytes });
}

function refused(answer: RawAnswer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.body.toString());
  assert.match(answer.body.toString(), new RegExp(`<Code>${code}</Code>`));
}

async function stored(key: string, bucket = 'quarantine'): Promise<string | undefined> {
  if (!(await served.store.head({ bucket, key }))) return undefined;
  const { body: stream } = await served.store.get({ bucket, key });
  return Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>)).toString();
}

describe('an upload address pinned to everything', () => {
  test('takes the announced upload and gives it back with its type and metadata', async () => {
    const address = pinned('documents/right');
    assert.equal((await put(address.url, address.headers)).status, 200);
    const { url } = served.store.presignGet({ bucket: 'quarantine', key: 'documents/right', expires_s: 60 });
    const answer = await exchange({ method: 'GET', url });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, body);
    assert.equal(answer.headers['content-type'], jpeg);
    assert.equal(answer.headers['x-amz-meta-upload-id'], 'u-1');
    assert.equal(answer.headers['etag'], `"${sha256}"`);
    assert.equal(answer.headers['x-content-type-options'], 'nosniff');
  });

  test('is used once', async () => {
    const address = pinned();
    assert.equal((await put(address.url, address.headers)).status, 200);
    refused(await put(address.url, address.headers), 412, 'PreconditionFailed');
  });

  test('refuses a forged signature', async () => {
    const { url, headers } = pinned();
    const forged = url.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    refused(await put(forged, headers), 403, 'SignatureDoesNotMatch');
    refused(await put(url.replace(/[0-9a-f]{64}$/, ''), headers), 403, 'SignatureDoesNotMatch');
  });

  test('refuses a signature by another secret', async () => {
    const credentials = { ...served.credentials, secret_access_key: 'guess' };
    const other = createPresigner({ endpoint: served.endpoint, region: 'local', credentials, now: () => clock });
    const { url, headers } = other.presignPut({ bucket: 'quarantine', key: 'documents/x', expires_s: 60 });
    refused(await put(url, headers), 403, 'SignatureDoesNotMatch');
  });

  test('refuses an unknown access key, another region and another day', async () => {
    const presigner = (id: string, region: string) =>
      createPresigner({
        endpoint: served.endpoint,
        region,
        credentials: { ...served.credentials, access_key_id: id },
        now: () => clock,
      }).presignPut({ bucket: 'quarantine', key: 'documents/x', expires_s: 60 });
    refused(await put(presigner('nobody', 'local').url, {}), 403, 'InvalidAccessKeyId');
    const key_id = served.credentials.access_key_id;
    refused(await put(presigner(key_id, 'eu-1').url, {}), 400, 'AuthorizationQueryParametersError');
    const { url } = presigner(key_id, 'local');
    refused(await put(url.replace('%2F20260301%2F', '%2F20260228%2F'), {}), 400, 'AuthorizationQueryParametersError');
  });

  test('refuses an expired address and one from the future', async () => {
    const { url, headers } = pinned();
    const signed_at = clock;
    clock = new Date(signed_at.getTime() + 301_000);
    refused(await put(url, headers), 403, 'AccessDenied');
    clock = new Date(signed_at.getTime() - 16 * 60_000);
    refused(await put(url, headers), 403, 'RequestTimeTooSkewed');
    clock = signed_at;
  });

  test('refuses a longer life written into it', async () => {
    const { url, headers } = pinned();
    refused(await put(url.replace('X-Amz-Expires=300', 'X-Amz-Expires=900'), headers), 403, 'SignatureDoesNotMatch');
    for (const value of ['0', '-1', '1e9', '604801', '']) {
      const answer = await put(url.replace('X-Amz-Expires=300', `X-Amz-Expires=${value}`), headers);
      refused(answer, 400, 'AuthorizationQueryParametersError');
    }
  });

  for (const method of ['GET', 'HEAD', 'DELETE', 'POST', 'PATCH']) {
    test(`refuses ${method}`, async () => {
      const { url, headers } = pinned();
      assert.equal((await exchange({ method, url, headers, body })).status, 403);
    });
  }

  test('refuses another key', async () => {
    const { url, headers } = pinned('documents/mine');
    refused(await put(url.replace('/mine', '/theirs'), headers), 403, 'SignatureDoesNotMatch');
    assert.equal(await stored('documents/theirs'), undefined);
  });

  test('refuses a foreign bucket', async () => {
    const { url, headers } = pinned();
    refused(await put(url.replace('/quarantine/', '/clean/'), headers), 403, 'SignatureDoesNotMatch');
    const elsewhere = served.store.presignPut({ bucket: 'nowhere', key: 'a', expires_s: 60 });
    refused(await put(elsewhere.url, {}), 404, 'NoSuchBucket');
    const inherited = served.store.presignPut({ bucket: 'constructor', key: 'a', expires_s: 60 });
    refused(await put(inherited.url, {}), 404, 'NoSuchBucket');
  });

  test('refuses another content type and a missing one', async () => {
    const { url, headers } = pinned();
    refused(await put(url, { ...headers, 'content-type': 'text/html' }), 403, 'SignatureDoesNotMatch');
    const { 'content-type': _, ...untyped } = headers;
    refused(await put(url, untyped), 403, 'SignatureDoesNotMatch');
  });

  test('refuses another length', async () => {
    const { url, headers } = pinned();
    const longer = Buffer.concat([body, body]);
    refused(
      await put(url, { ...headers, 'content-length': String(longer.length) }, longer),
      403,
      'SignatureDoesNotMatch',
    );
  });

  test('refuses other bytes of the same length, and leaves nothing', async () => {
    const { url, headers } = pinned('documents/other-bytes');
    const other = Buffer.from(body).fill(0x20, 0, 3);
    refused(await put(url, headers, other), 400, 'XAmzContentSHA256Mismatch');
    assert.equal(await stored('documents/other-bytes'), undefined);
    assert.equal((await put(url, headers)).status, 200);
  });

  test('refuses the hash of other bytes, and none', async () => {
    const { url, headers } = pinned();
    const other = Buffer.from(body).fill(0x20, 0, 3);
    const swapped = { ...headers, 'x-amz-content-sha256': hash('sha256', other) };
    refused(await put(url, swapped, other), 403, 'SignatureDoesNotMatch');
    refused(await put(url, { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }), 403, 'SignatureDoesNotMatch');
    const { 'x-amz-content-sha256': _, ...without } = headers;
    refused(await put(url, without), 403, 'SignatureDoesNotMatch');
  });

  test('refuses dropping the first-write condition', async () => {
    const { url, headers } = pinned();
    const { 'if-none-match': _, ...without } = headers;
    refused(await put(url, without), 403, 'SignatureDoesNotMatch');
  });

  test('refuses other metadata', async () => {
    const { url, headers } = pinned();
    refused(await put(url, { ...headers, 'x-amz-meta-upload-id': 'u-2' }), 403, 'SignatureDoesNotMatch');
    refused(await put(url, { ...headers, 'x-amz-meta-more': '1' }), 403, 'AccessDenied');
  });

  test('refuses an added meaning: a copy source, an access list, a sub-resource', async () => {
    const { url, headers } = pinned();
    refused(await put(url, { ...headers, 'x-amz-copy-source': '/clean/secret' }), 403, 'AccessDenied');
    refused(await put(url, { ...headers, 'x-amz-acl': 'public-read' }), 403, 'AccessDenied');
    refused(await put(`${url}&acl`, headers), 403, 'SignatureDoesNotMatch');
    refused(await put(`${url}&X-Amz-Expires=9`, headers), 400, 'InvalidRequest');
  });

  test('refuses a signed header that comes twice', async () => {
    const { url, headers } = pinned();
    const answer = await put(url, { ...headers, 'x-amz-meta-upload-id': ['u-1', 'u-1'] });
    assert.equal(answer.status, 400);
  });

  test('refuses another host', async () => {
    const { url, headers } = pinned();
    refused(await put(url, { ...headers, host: 'elsewhere.example' }), 403, 'SignatureDoesNotMatch');
  });
});

describe('an upload address of a v2.0 client, pinned to host and content type', () => {
  const address = (key: string, bucket = 'quarantine') =>
    served.store.presignPut({ bucket, key, expires_s: 600, content_type: jpeg });

  test('takes any bytes of that type', async () => {
    const { url } = address('v2/any');
    assert.equal((await put(url, { 'content-type': jpeg })).status, 200);
    assert.equal(await stored('v2/any'), body.toString());
  });

  test('refuses another type', async () => {
    const { url } = address('v2/type');
    refused(await put(url, { 'content-type': 'application/pdf' }), 403, 'SignatureDoesNotMatch');
  });

  test('in a write-once bucket is used once', async () => {
    const { url } = address('v2/once', 'once');
    assert.equal((await put(url, { 'content-type': jpeg })).status, 200);
    refused(await put(url, { 'content-type': jpeg }), 412, 'PreconditionFailed');
  });

  test('is held to the size limit of its bucket', async () => {
    const { url } = address('v2/large', 'once');
    refused(await put(url, { 'content-type': jpeg }, Buffer.alloc(101)), 400, 'EntityTooLarge');
  });

  test('refuses an upload that hides its length', async () => {
    const { url } = address('v2/chunked');
    const headers = { 'content-type': jpeg, 'transfer-encoding': 'chunked' };
    refused(await exchange({ method: 'PUT', url, headers, body }), 411, 'MissingContentLength');
  });
});

describe('without an address', () => {
  for (const method of ['PUT', 'GET', 'HEAD', 'DELETE']) {
    test(`${method} is refused`, async () => {
      const url = `${served.endpoint}/quarantine/documents/right`;
      assert.equal((await exchange({ method, url, body: method === 'PUT' ? body : undefined })).status, 403);
    });
  }

  test('an open bucket is read, not written', async () => {
    await served.store.put({ bucket: 'open', key: 'capitation.csv', body, content_type: 'text/csv' });
    const url = `${served.endpoint}/open/capitation.csv`;
    assert.deepEqual((await exchange({ method: 'GET', url })).body, body);
    refused(await put(url, {}), 403, 'AccessDenied');
    refused(await exchange({ method: 'GET', url: `${served.endpoint}/open/` }), 403, 'AccessDenied');
    refused(await exchange({ method: 'GET', url: `${served.endpoint}/open?list-type=2` }), 403, 'AccessDenied');
  });
});

describe('paths', () => {
  for (const key of ['../../etc/passwd', 'a/../../b', '..', '.', 'a//b', '/a', 'a/', 'a\0b', 'a\\b', '%2e%2e', 'є']) {
    test(`the key ${JSON.stringify(key)} is neither signed nor served`, async () => {
      assert.throws(() => served.store.presignPut({ bucket: 'quarantine', key, expires_s: 60 }), {
        code: 'invalid_address',
      });
      await assert.rejects(served.store.put({ bucket: 'quarantine', key, body }), { code: 'invalid_address' });
      const url = `${served.endpoint}/quarantine/${encodeURIComponent(key)}`;
      const answer = await exchange({ method: 'GET', url });
      assert.ok(answer.status >= 400 && answer.status < 500, String(answer.status));
    });
  }

  test('climbing out in the request line finds nothing and writes nothing', async () => {
    const { url, headers } = pinned('a/b');
    for (const path of [
      '/quarantine/../clean/b',
      '/quarantine/%2e%2e/b',
      '/quarantine/a%2fb%2f..%2f..',
      '/%00/x',
      '/',
    ]) {
      const answer = await put(url.replace('/quarantine/a/b', path), headers);
      assert.ok(answer.status >= 400 && answer.status < 500, `${path} ${answer.status}`);
    }
    await assert.rejects(access(join(served.directory, '..', 'b')));
    assert.deepEqual(await readdir(join(served.directory, '.incoming')), []);
  });

  test('a listing by address is refused', async () => {
    const { url } = served.store.presignGet({ bucket: 'quarantine', key: 'x', expires_s: 60 });
    assert.equal((await exchange({ method: 'GET', url: url.replace('/quarantine/x', '/quarantine') })).status, 403);
    assert.equal((await exchange({ method: 'GET', url: url.replace('/quarantine/x', '/') })).status >= 400, true);
  });
});

describe('reading addresses', () => {
  test('a GET address fixes what the browser is told, and nobody changes it', async () => {
    await served.store.put({ bucket: 'clean', key: 'scan', body, content_type: 'text/html' });
    const { url } = served.store.presignGet({
      bucket: 'clean',
      key: 'scan',
      expires_s: 60,
      response_content_type: jpeg,
      response_content_disposition: 'attachment; filename="scan.jpeg"',
    });
    const answer = await exchange({ method: 'GET', url });
    assert.equal(answer.headers['content-type'], jpeg);
    assert.equal(answer.headers['content-disposition'], 'attachment; filename="scan.jpeg"');
    assert.match(String(answer.headers['content-security-policy']), /sandbox/);
    const inline = url.replace('attachment%3B%20filename%3D%22scan.jpeg%22', 'inline');
    refused(await exchange({ method: 'GET', url: inline }), 403, 'SignatureDoesNotMatch');
    refused(await put(url, {}), 403, 'SignatureDoesNotMatch');
  });

  test('a HEAD address answers 200 for an upload, 404 for none, and no GET', async () => {
    const { url } = served.store.presignHead({ bucket: 'clean', key: 'scan', expires_s: 60 });
    assert.equal((await exchange({ method: 'HEAD', url })).status, 200);
    const missing = served.store.presignHead({ bucket: 'clean', key: 'none', expires_s: 60 });
    assert.equal((await exchange({ method: 'HEAD', url: missing.url })).status, 404);
    refused(await exchange({ method: 'GET', url }), 403, 'SignatureDoesNotMatch');
  });
});

describe('pages of other origins', () => {
  test('a preflight from an allowed origin may PUT with its headers; another origin may not', async () => {
    const { url } = pinned();
    const preflight = (origin: string) =>
      exchange({
        method: 'OPTIONS',
        url,
        headers: {
          origin,
          'access-control-request-method': 'PUT',
          'access-control-request-headers': 'content-type,if-none-match,x-amz-content-sha256,authorization',
        },
      });
    const allowed = await preflight('https://portal.example');
    assert.equal(allowed.status, 204);
    assert.equal(allowed.headers['access-control-allow-origin'], 'https://portal.example');
    assert.equal(allowed.headers['access-control-allow-headers'], 'content-type,if-none-match,x-amz-content-sha256');
    assert.equal((await preflight('https://evil.example')).headers['access-control-allow-origin'], undefined);
  });
});

test('nothing of the above was a failure of ours', () => assert.deepEqual(served.failures, []));

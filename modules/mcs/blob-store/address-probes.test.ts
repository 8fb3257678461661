import assert from 'node:assert/strict';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { body, jpeg, type ProbedStore, pinned, put, refused, serveProbedStore, stored } from './probes.ts';
import { exchange } from './served-store.ts';

let served: ProbedStore;

before(async () => {
  served = await serveProbedStore();
});
after(() => served.close());

describe('an upload address of a v2.0 client, pinned to host and content type', () => {
  const address = (key: string, bucket = 'quarantine') =>
    served.store.presignPut({ bucket, key, expires_s: 600, content_type: jpeg });

  test('takes any bytes of that type', async () => {
    const { url } = address('v2/any');
    assert.equal((await put(url, { 'content-type': jpeg })).status, 200);
    assert.equal(await stored(served, 'v2/any'), body.toString());
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
    const { url, headers } = pinned(served, 'a/b');
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
    const { url } = pinned(served);
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

describe('requests that nobody would send', () => {
  test('are answered by a refusal, never by a 500, and write nothing', async () => {
    const { url } = pinned(served);
    const text = fc.string({ unit: fc.constantFrom(...' %./?&=:;+-_~ABCXamz0123456789\t{}<>'), maxLength: 40 });
    const method = fc.constantFrom('GET', 'PUT', 'HEAD', 'DELETE', 'POST', 'OPTIONS');
    const header = fc.constantFrom('authorization', 'x-amz-date', 'x-amz-content-sha256', 'range', 'x-amz-copy-source');
    const path = fc.oneof(
      text.map((tail) => `/${encodeURI(tail)}`),
      text.map((tail) => `${url.slice(served.endpoint.length)}${encodeURI(tail)}`),
      fc.nat({ max: url.length }).map((at) => `/${url.slice(served.endpoint.length + 1, at)}`),
    );
    await fc.assert(
      fc.asyncProperty(method, path, header, text, async (verb, target, name, value) => {
        const headers = { [name]: value.trim(), 'content-length': '0' };
        const answer = await exchange({ method: verb, url: `${served.endpoint}${target}`, headers });
        const is_preflight = verb === 'OPTIONS' && answer.status === 204;
        assert.ok(is_preflight || (answer.status >= 400 && answer.status !== 500), String(answer.status));
      }),
      { numRuns: 1_000 },
    );
    assert.deepEqual(await Array.fromAsync(served.store.list({ bucket: 'clean', prefix: 'documents/' })), []);
  });
});

test('nothing of the above was a failure of ours', () => assert.deepEqual(served.failures, []));

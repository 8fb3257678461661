import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createPresigner } from './presigner.ts';
import { body, jpeg, type ProbedStore, pinned, put, refused, serveProbedStore, sha256, stored } from './probes.ts';
import { exchange } from './served-store.ts';

let served: ProbedStore;

before(async () => {
  served = await serveProbedStore();
});
after(() => served.close());

describe('an upload address pinned to everything', () => {
  test('takes the announced upload and gives it back with its type and metadata', async () => {
    const address = pinned(served, 'documents/right');
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
    const address = pinned(served);
    assert.equal((await put(address.url, address.headers)).status, 200);
    refused(await put(address.url, address.headers), 412, 'PreconditionFailed');
  });

  test('refuses a forged signature', async () => {
    const { url, headers } = pinned(served);
    const forged = url.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));
    refused(await put(forged, headers), 403, 'SignatureDoesNotMatch');
    refused(await put(url.replace(/[0-9a-f]{64}$/, ''), headers), 403, 'SignatureDoesNotMatch');
  });

  test('refuses a signature by another secret', async () => {
    const credentials = { ...served.credentials, secret_access_key: 'guess' };
    const other = createPresigner({
      endpoint: served.endpoint,
      region: 'local',
      credentials,
      now: () => served.clock.at,
    });
    const { url, headers } = other.presignPut({ bucket: 'quarantine', key: 'documents/x', expires_s: 60 });
    refused(await put(url, headers), 403, 'SignatureDoesNotMatch');
  });

  test('refuses an unknown access key, another region and another day', async () => {
    const presigner = (id: string, region: string) =>
      createPresigner({
        endpoint: served.endpoint,
        region,
        credentials: { ...served.credentials, access_key_id: id },
        now: () => served.clock.at,
      }).presignPut({ bucket: 'quarantine', key: 'documents/x', expires_s: 60 });
    refused(await put(presigner('nobody', 'local').url, {}), 403, 'InvalidAccessKeyId');
    const key_id = served.credentials.access_key_id;
    refused(await put(presigner(key_id, 'eu-1').url, {}), 400, 'AuthorizationQueryParametersError');
    const { url } = presigner(key_id, 'local');
    refused(await put(url.replace('%2F20260301%2F', '%2F20260228%2F'), {}), 400, 'AuthorizationQueryParametersError');
  });

  test('refuses an expired address and one from the future', async () => {
    const { url, headers } = pinned(served);
    const signed_at = served.clock.at;
    served.clock.at = new Date(signed_at.getTime() + 301_000);
    refused(await put(url, headers), 403, 'AccessDenied');
    served.clock.at = new Date(signed_at.getTime() - 16 * 60_000);
    refused(await put(url, headers), 403, 'RequestTimeTooSkewed');
    served.clock.at = signed_at;
  });

  test('refuses a longer life written into it', async () => {
    const { url, headers } = pinned(served);
    refused(await put(url.replace('X-Amz-Expires=300', 'X-Amz-Expires=900'), headers), 403, 'SignatureDoesNotMatch');
    for (const value of ['0', '-1', '1e9', '604801', '']) {
      const answer = await put(url.replace('X-Amz-Expires=300', `X-Amz-Expires=${value}`), headers);
      refused(answer, 400, 'AuthorizationQueryParametersError');
    }
  });

  for (const method of ['GET', 'HEAD', 'DELETE', 'POST', 'PATCH']) {
    test(`refuses ${method}`, async () => {
      const { url, headers } = pinned(served);
      assert.equal((await exchange({ method, url, headers, body })).status, 403);
    });
  }

  test('refuses another key', async () => {
    const { url, headers } = pinned(served, 'documents/mine');
    refused(await put(url.replace('/mine', '/theirs'), headers), 403, 'SignatureDoesNotMatch');
    assert.equal(await stored(served, 'documents/theirs'), undefined);
  });

  test('refuses a foreign bucket', async () => {
    const { url, headers } = pinned(served);
    refused(await put(url.replace('/quarantine/', '/clean/'), headers), 403, 'SignatureDoesNotMatch');
    const elsewhere = served.store.presignPut({ bucket: 'nowhere', key: 'a', expires_s: 60 });
    refused(await put(elsewhere.url, {}), 404, 'NoSuchBucket');
    const inherited = served.store.presignPut({ bucket: 'constructor', key: 'a', expires_s: 60 });
    refused(await put(inherited.url, {}), 404, 'NoSuchBucket');
  });

  test('refuses another content type and a missing one', async () => {
    const { url, headers } = pinned(served);
    refused(await put(url, { ...headers, 'content-type': 'text/html' }), 403, 'SignatureDoesNotMatch');
    const { 'content-type': _, ...untyped } = headers;
    refused(await put(url, untyped), 403, 'SignatureDoesNotMatch');
  });

  test('refuses another length', async () => {
    const { url, headers } = pinned(served);
    const longer = Buffer.concat([body, body]);
    refused(
      await put(url, { ...headers, 'content-length': String(longer.length) }, longer),
      403,
      'SignatureDoesNotMatch',
    );
  });

  test('refuses other bytes of the same length, and leaves nothing', async () => {
    const { url, headers } = pinned(served, 'documents/other-bytes');
    const other = Buffer.from(body).fill(0x20, 0, 3);
    refused(await put(url, headers, other), 400, 'XAmzContentSHA256Mismatch');
    assert.equal(await stored(served, 'documents/other-bytes'), undefined);
    assert.equal((await put(url, headers)).status, 200);
  });

  test('refuses the hash of other bytes, and none', async () => {
    const { url, headers } = pinned(served);
    const other = Buffer.from(body).fill(0x20, 0, 3);
    const swapped = { ...headers, 'x-amz-content-sha256': hash('sha256', other) };
    refused(await put(url, swapped, other), 403, 'SignatureDoesNotMatch');
    refused(await put(url, { ...headers, 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }), 403, 'SignatureDoesNotMatch');
    const { 'x-amz-content-sha256': _, ...without } = headers;
    refused(await put(url, without), 403, 'SignatureDoesNotMatch');
  });

  test('refuses dropping the first-write condition', async () => {
    const { url, headers } = pinned(served);
    const { 'if-none-match': _, ...without } = headers;
    refused(await put(url, without), 403, 'SignatureDoesNotMatch');
  });

  test('refuses other metadata', async () => {
    const { url, headers } = pinned(served);
    refused(await put(url, { ...headers, 'x-amz-meta-upload-id': 'u-2' }), 403, 'SignatureDoesNotMatch');
    refused(await put(url, { ...headers, 'x-amz-meta-more': '1' }), 403, 'AccessDenied');
  });

  test('refuses an added meaning: a copy source, an access list, a sub-resource', async () => {
    const { url, headers } = pinned(served);
    refused(await put(url, { ...headers, 'x-amz-copy-source': '/clean/secret' }), 403, 'AccessDenied');
    refused(await put(url, { ...headers, 'x-amz-acl': 'public-read' }), 403, 'AccessDenied');
    refused(await put(`${url}&acl`, headers), 403, 'SignatureDoesNotMatch');
    refused(await put(`${url}&X-Amz-Expires=9`, headers), 400, 'InvalidRequest');
  });

  test('refuses a signed header that comes twice', async () => {
    const { url, headers } = pinned(served);
    const answer = await put(url, { ...headers, 'x-amz-meta-upload-id': ['u-1', 'u-1'] });
    assert.equal(answer.status, 400);
  });

  test('refuses another host', async () => {
    const { url, headers } = pinned(served);
    refused(await put(url, { ...headers, host: 'elsewhere.example' }), 403, 'SignatureDoesNotMatch');
  });
});

test('nothing of the above was a failure of ours', () => assert.deepEqual(served.failures, []));

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalHeaders, canonicalQuery, empty_sha256, percentEncode, sign } from './index.ts';

// Values published by AWS in "Signature Calculations for the Authorization Header" and "… Query Parameters".
const secret = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY';
const common = { region: 'us-east-1', amz_date: '20130524T000000Z' };
const host = 'examplebucket.s3.amazonaws.com';

test('the published GET by headers has the published signature', () => {
  const headers = canonicalHeaders({
    Host: host,
    Range: 'bytes=0-9',
    'x-amz-content-sha256': empty_sha256,
    'x-amz-date': common.amz_date,
  });
  const signature = sign(
    { ...common, method: 'GET', path: '/test.txt', query: '', headers, payload_hash: empty_sha256 },
    secret,
  );
  assert.equal(signature, 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41');
});

test('the published GET by address has the published signature', () => {
  const query = canonicalQuery([
    ['X-Amz-SignedHeaders', 'host'],
    ['X-Amz-Expires', '86400'],
    ['X-Amz-Date', common.amz_date],
    ['X-Amz-Credential', 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'],
    ['X-Amz-Algorithm', 'AWS4-HMAC-SHA256'],
  ]);
  const headers = canonicalHeaders({ host });
  const signature = sign(
    { ...common, method: 'GET', path: '/test.txt', query, headers, payload_hash: 'UNSIGNED-PAYLOAD' },
    secret,
  );
  assert.equal(signature, 'aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404');
});

test('the published PUT by headers has the published signature', () => {
  const payload_hash = '44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072';
  const headers = canonicalHeaders({
    Host: host,
    Date: 'Fri, 24 May 2013 00:00:00 GMT',
    'x-amz-content-sha256': payload_hash,
    'x-amz-date': common.amz_date,
    'x-amz-storage-class': 'REDUCED_REDUNDANCY',
  });
  const path = '/test%24file.text';
  const signature = sign({ ...common, method: 'PUT', path, query: '', headers, payload_hash }, secret);
  assert.equal(signature, '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd');
});

test('everything but unreserved characters is encoded', () => {
  assert.equal(percentEncode("a b'(c)*!~-_.ї"), 'a%20b%27%28c%29%2A%21~-_.%D1%97');
});

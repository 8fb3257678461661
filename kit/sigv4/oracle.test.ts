import assert from 'node:assert/strict';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { amzDate, canonicalHeaders, canonicalPath, canonicalQuery, empty_sha256, sign } from './index.ts';

// AWS's own signer for JavaScript as the oracle: whatever the request, both come to the same signature.

class Sha256 {
  readonly #digest: Hash | Hmac;
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#digest = secret === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(secret));
  }
  update(data: string | Uint8Array): void {
    this.#digest.update(data);
  }
  async digest(): Promise<Uint8Array> {
    return this.#digest.digest();
  }
  reset(): void {}
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
const value = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const text = fc.string({ unit: 'grapheme', maxLength: 12 });
const segment = fc.stringMatching(/^[A-Za-z0-9 ._~!$&'()*+,;=:@-]{1,20}$/).filter((one) => !/^\.+$/.test(one));

test('a signature by headers is the one that AWS’s signer makes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.record({
        method: fc.constantFrom('GET', 'PUT', 'POST', 'HEAD', 'DELETE'),
        segments: fc.array(segment, { minLength: 1, maxLength: 4 }),
        query: fc.dictionary(name, text, { maxKeys: 4 }),
        headers: fc.dictionary(
          name.map((one) => `x-amz-meta-${one}`),
          value,
          { maxKeys: 4 },
        ),
        region: name,
        service: fc.constantFrom('s3', 'kms'),
        secret: fc.base64String({ minLength: 4, maxLength: 40 }),
        at: fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true }),
      }),
      async ({ method, segments, query, headers, region, service, secret, at }) => {
        const path = canonicalPath(`/${segments.join('/')}`);
        const own = {
          ...headers,
          host: 'store.example',
          'x-amz-content-sha256': empty_sha256,
          'x-amz-date': amzDate(at),
        };
        const signer = new SignatureV4({
          service,
          region,
          sha256: Sha256 as never,
          credentials: { accessKeyId: 'AKID', secretAccessKey: secret },
          uriEscapePath: false,
          applyChecksum: false,
        });
        const request = { method, protocol: 'https:', hostname: 'store.example', path, query, headers: { ...own } };
        const signed = (await signer.sign(request as never, { signingDate: at })) as unknown as typeof request & {
          headers: { authorization?: string };
        };
        const theirs = /Signature=([0-9a-f]{64})/.exec(String(signed.headers.authorization))?.[1];
        const ours = sign(
          {
            method,
            path,
            query: canonicalQuery(Object.entries(query)),
            headers: canonicalHeaders(own),
            payload_hash: empty_sha256,
            amz_date: amzDate(at),
            region,
            service,
          },
          secret,
        );
        assert.equal(ours, theirs);
      },
    ),
    { numRuns: 300 },
  );
});

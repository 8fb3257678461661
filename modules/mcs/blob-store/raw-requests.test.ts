import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { body, type ProbedStore, pinned, serveProbedStore, sha256, stored } from './probes.ts';

// Bytes on a socket: what no HTTP client would send. The store answers a refusal or hangs up, and nothing is written.

let served: ProbedStore;
before(async () => {
  served = await serveProbedStore();
});
after(() => served.close());

/** Sends the bytes and reads until the server hangs up, or says nothing for a while. @returns the statuses. */
async function converse(bytes: Uint8Array, patience_ms = 10_000): Promise<number[]> {
  const { hostname, port } = new URL(served.endpoint);
  const socket = connect({ host: hostname, port: Number(port) });
  let answer = '';
  socket.on('data', (part) => {
    answer += part.toString('latin1');
  });
  socket.on('error', () => {});
  socket.write(bytes);
  socket.setTimeout(patience_ms, () => socket.destroy());
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return [...answer.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
}

type Request = { method?: string; target?: string; headers: [name: string, value: string][]; content?: string };

function raw({ method = 'PUT', target, headers, content = String(body) }: Request): Buffer {
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.from(`${method} ${target} HTTP/1.1\r\n${lines}\r\n${content}`, 'latin1');
}

/** A right upload, as its parts. */
function rightUpload(key: string): Request & { target: string } {
  const address = pinned(served, key);
  const { host } = new URL(served.endpoint);
  const target = address.url.slice(served.endpoint.length);
  return { target, headers: [['host', host], ...Object.entries(address.headers), ['connection', 'close']] };
}

const without = (headers: Request['headers'], name: string) => headers.filter(([one]) => one !== name);

describe('on a bare socket', () => {
  test('the right upload is taken, so that the others are refused for their fault', async () => {
    assert.deepEqual(await converse(raw(rightUpload('raw/right'))), [200]);
    assert.equal(await stored(served, 'raw/right'), String(body));
  });

  const faults: [string, (request: Request & { target: string }) => Buffer][] = [
    ['two lengths', ({ target, headers }) => raw({ target, headers: [...headers, ['content-length', '5']] })],
    [
      'a length and chunks',
      ({ target, headers }) => raw({ target, headers: [...headers, ['transfer-encoding', 'chunked']] }),
    ],
    [
      'chunks instead of a length',
      ({ target, headers }) =>
        raw({
          target,
          headers: [...without(headers, 'content-length'), ['transfer-encoding', 'chunked']],
          content: `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
        }),
    ],
    [
      'chunks of a length that is none',
      ({ target, headers }) =>
        raw({
          target,
          headers: [...without(headers, 'content-length'), ['transfer-encoding', 'chunked']],
          content: 'zz\r\nx\r\n0\r\n\r\n',
        }),
    ],
    ['no host', ({ target, headers }) => raw({ target, headers: without(headers, 'host') })],
    ['two hosts', ({ target, headers }) => raw({ target, headers: [...headers, ['host', 'evil.example']] })],
    [
      'a form with a file',
      ({ target, headers }) =>
        raw({
          method: 'POST',
          target,
          headers: [...without(headers, 'content-type'), ['content-type', 'multipart/form-data; boundary=b']],
          content: '--b\r\ncontent-disposition: form-data; name="file"; filename="x"\r\n\r\nx\r\n--b--\r\n',
        }),
    ],
    [
      'a form by the method of an upload',
      ({ target, headers }) =>
        raw({
          target,
          headers: [...without(headers, 'content-type'), ['content-type', 'multipart/form-data; boundary=b']],
        }),
    ],
    [
      'a part of an upload in parts',
      ({ target, headers }) => raw({ target: `${target}&partNumber=1&uploadId=x`, headers }),
    ],
    [
      'the beginning of an upload in parts',
      ({ target, headers }) => raw({ method: 'POST', target: `${target}&uploads`, headers }),
    ],
    ['a form upload to the bucket', ({ headers }) => raw({ method: 'POST', target: '/quarantine', headers })],
    ['a whole URL of another host', ({ target, headers }) => raw({ target: `http://evil.example${target}`, headers })],
    [
      'a header of 100 kB',
      ({ target, headers }) => raw({ target, headers: [...headers, ['x-long', 'x'.repeat(100_000)]] }),
    ],
    [
      'ten thousand headers',
      ({ target, headers }) =>
        raw({
          target,
          headers: [...headers, ...Array.from({ length: 10_000 }, (_, at): [string, string] => [`x-${at}`, ''])],
        }),
    ],
    [
      'an unsigned meaning in a trailer',
      ({ target, headers }) =>
        raw({
          target,
          headers: [
            ...without(headers, 'content-length'),
            ['transfer-encoding', 'chunked'],
            ['trailer', 'x-amz-copy-source'],
          ],
          content: '0\r\nx-amz-copy-source: /clean/a\r\n\r\n',
        }),
    ],
    ['no HTTP at all', () => Buffer.from('\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 'latin1')],
    ['a zero byte in the path', ({ headers }) => raw({ target: '/quarantine/raw%00/x', headers })],
  ];
  for (const [index, [what, make]] of faults.entries()) {
    test(`${what} is refused`, async () => {
      const key = `raw/fault-${index}`;
      const statuses = await converse(make(rightUpload(key)));
      assert.ok(statuses.length > 0 && statuses.every((status) => status >= 400 && status !== 500), statuses.join());
      assert.equal(await stored(served, key), undefined);
    });
  }

  test('too few bytes are waited for, and nothing is written when the client hangs up', async () => {
    const { target, headers } = rightUpload('raw/short');
    assert.deepEqual(await converse(raw({ target, headers, content: 'the' }), 500), []);
    assert.equal(await stored(served, 'raw/short'), undefined);
  });

  test('a second request behind the first is judged by its own signature', async () => {
    const [first, second] = [rightUpload('raw/first'), rightUpload('raw/second')];
    const kept = raw({ target: first.target, headers: without(first.headers, 'connection') });
    const forged = raw({
      target: second.target.replace(/.$/, (digit) => (digit === '0' ? '1' : '0')),
      headers: second.headers,
    });
    assert.deepEqual(await converse(Buffer.concat([kept, forged])), [200, 403]);
    assert.equal(await stored(served, 'raw/second'), undefined);
  });

  test('a right upload with any bytes changed is refused, or was the same request', async () => {
    let serial = 0;
    const change = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(change, async (changes) => {
        serial += 1;
        const key = `raw/fuzz-${serial}`;
        const bytes = raw(rightUpload(key));
        for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
        const statuses = await converse(bytes, 500);
        assert.ok(!statuses.includes(500), statuses.join());
        const found = await stored(served, key);
        assert.ok(found === undefined || found === String(body), 'other bytes than signed');
      }),
      { numRuns: 400 },
    );
    for await (const { key } of served.store.list({ bucket: 'quarantine' })) {
      assert.match(key, /^raw\/(right|first|fuzz-\d+)$/, 'a key that nobody signed');
      const head = await served.store.head({ bucket: 'quarantine', key });
      assert.deepEqual([head?.etag, head?.content_type], [`"${sha256}"`, 'image/jpeg']);
    }
    for (const bucket of ['clean', 'once', 'open'])
      assert.deepEqual(await Array.fromAsync(served.store.list({ bucket })), []);
  });

  test('nothing of the above was a failure of ours', () => assert.deepEqual(served.failures, []));
});

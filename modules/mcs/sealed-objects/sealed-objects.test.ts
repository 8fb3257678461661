import assert from 'node:assert/strict';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { type ServedStore, serveStore } from '../blob-store/served-store.ts';
import { chunk_bytes, header_bytes, readHeader, SealError, tag_bytes } from './header.ts';
import { fetchHeader, type KeyWrapper, openSealed, seal, type WrapContext } from './sealed-objects.ts';

const context: WrapContext = { owner_id: 'person-1', object_id: 'object-1' };
const address = { bucket: 'clean', key: 'sealed' };
const sealed_chunk = chunk_bytes + tag_bytes;
let served: ServedStore;

before(async () => {
  served = await serveStore();
});
after(() => served.close());

/** A wrapper as strict as the real one: AES-GCM bound to the context. */
const master = randomBytes(32);
const keys: KeyWrapper = {
  async wrap(key, { owner_id, object_id }) {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', master, nonce).setAAD(Buffer.from(`${owner_id}/${object_id}`));
    return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
  },
  async unwrap(wrapped, { owner_id, object_id }) {
    const bytes = Buffer.from(wrapped);
    const decipher = createDecipheriv('aes-256-gcm', master, bytes.subarray(0, 12));
    decipher.setAAD(Buffer.from(`${owner_id}/${object_id}`)).setAuthTag(bytes.subarray(-16));
    return Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]);
  },
};

async function* cut(bytes: Buffer, part_bytes: number) {
  for (let at = 0; at < bytes.length; at += part_bytes) yield bytes.subarray(at, at + part_bytes);
}

async function sealed(bytes: Buffer, part_bytes = 10_000, whose = context): Promise<Buffer> {
  const { stream, size } = await seal(keys, whose, { stream: cut(bytes, part_bytes), size: bytes.length });
  const all = Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>));
  assert.equal(all.length, size);
  return all;
}

async function opened(bytes: Buffer, size: number, range?: { first: number; last: number }, whose = context) {
  await served.store.put({ ...address, body: bytes });
  const stream = await openSealed(served.store, keys, { ...whose, address, size, range });
  return Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>));
}

const refused = (error: unknown) => error instanceof SealError;

describe('a sealed object', () => {
  for (const size of [0, 1, chunk_bytes - 1, chunk_bytes, chunk_bytes + 1, 3 * chunk_bytes, 3 * chunk_bytes + 7]) {
    test(`of ${size} bytes opens to what was sealed`, async () => {
      const bytes = randomBytes(size);
      assert.deepEqual(await opened(await sealed(bytes), size), bytes);
    });
  }

  test('holds nothing of its plaintext, and two sealings share nothing', async () => {
    const bytes = Buffer.alloc(1000, 'birth certificate ');
    const [one, two] = [await sealed(bytes), await sealed(bytes)];
    assert.equal(one.includes('birth certificate'), false);
    assert.notDeepEqual(one.subarray(header_bytes), two.subarray(header_bytes));
  });

  test('gives any range, however the stream was cut', async () => {
    const size = 2 * chunk_bytes + 5000;
    const bytes = randomBytes(size);
    const whole = await sealed(bytes, 77_777);
    const place = fc.nat({ max: size - 1 });
    await fc.assert(
      fc.asyncProperty(place, place, async (a, b) => {
        const range = { first: Math.min(a, b), last: Math.max(a, b) };
        assert.deepEqual(await opened(whole, size, range), bytes.subarray(range.first, range.last + 1));
      }),
      { numRuns: 40 },
    );
  });

  test('reads only the chunks that a range needs', async () => {
    const size = 3 * chunk_bytes;
    const bytes = randomBytes(size);
    const whole = await sealed(bytes);
    whole.fill(0, header_bytes, header_bytes + sealed_chunk);
    const range = { first: chunk_bytes, last: chunk_bytes + 9 };
    assert.deepEqual(await opened(whole, size, range), bytes.subarray(range.first, range.last + 1));
    await assert.rejects(opened(whole, size), refused);
  });
});

describe('a sealed object that was tampered with', () => {
  const size = 2 * chunk_bytes + 100;
  const bytes = randomBytes(size);
  const chunk = (whole: Buffer, index: number) =>
    whole.subarray(header_bytes + index * sealed_chunk, header_bytes + (index + 1) * sealed_chunk);

  test('is refused when any one bit differs', async () => {
    const whole = await sealed(bytes);
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: whole.length - 1 }), fc.nat({ max: 7 }), async (place, bit) => {
        const altered = Buffer.from(whole);
        altered[place] = (altered[place] ?? 0) ^ (1 << bit);
        await assert.rejects(opened(altered, size), refused);
      }),
      { numRuns: 60 },
    );
  });

  test('is refused when cut anywhere, also at the end of a chunk', async () => {
    const whole = await sealed(bytes);
    for (const length of [0, 10, header_bytes, header_bytes + sealed_chunk, whole.length - 116, whole.length - 1]) {
      await assert.rejects(opened(whole.subarray(0, length), size), Error, String(length));
    }
  });

  test('is refused when cut at the end of a chunk, by a reader who believes the smaller size', async () => {
    const whole = await sealed(bytes);
    await assert.rejects(opened(whole.subarray(0, header_bytes + sealed_chunk), chunk_bytes), { code: 'refused' });
  });

  test('is refused when a range misses the cut', async () => {
    const whole = await sealed(bytes);
    const short = whole.subarray(0, header_bytes + 2 * sealed_chunk);
    await assert.rejects(opened(short, size, { first: 0, last: 10 }), { code: 'truncated' });
  });

  test('is refused when chunks change places or come twice', async () => {
    const whole = await sealed(bytes);
    const header = whole.subarray(0, header_bytes);
    const parts = [0, 1, 2].map((index) => chunk(whole, index));
    const [a, b, last] = parts as [Buffer, Buffer, Buffer];
    await assert.rejects(opened(Buffer.concat([header, b, a, last]), size), { code: 'refused' });
    await assert.rejects(opened(Buffer.concat([header, a, a, last]), size), { code: 'refused' });
    await assert.rejects(opened(Buffer.concat([header, a, b, last, last]), size), { code: 'truncated' });
  });

  test('is refused in the place of another object, of the same owner or another', async () => {
    const whole = await sealed(bytes);
    const other_object = { ...context, object_id: 'object-2' };
    await assert.rejects(opened(whole, size, undefined, other_object), { code: 'refused' });
    await assert.rejects(opened(whole, size, undefined, { ...context, owner_id: 'person-2' }), { code: 'refused' });
    const other = await sealed(bytes, 10_000, other_object);
    const chimera = Buffer.concat([whole.subarray(0, header_bytes), other.subarray(header_bytes)]);
    await assert.rejects(opened(chimera, size), { code: 'refused' });
  });

  test('any bytes in the place of a header are refused in words', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 0, maxLength: header_bytes + 8 }), (random) => {
        assert.throws(() => readHeader(Buffer.from(random)), refused);
      }),
    );
  });
});

test('the header tells owner and object, so that a lost row can be made again', async () => {
  await served.store.put({ ...address, body: await sealed(Buffer.from('x')) });
  const { description } = await fetchHeader(served.store, { address });
  assert.deepEqual([description.owner_id, description.object_id], [context.owner_id, context.object_id]);
});

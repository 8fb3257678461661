import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { exchange, type RawAnswer, type ServedStore, serveStore } from './served-store.ts';

/** What the probes of signed addresses have in common: a store with a settable clock, a body, an address for it. */
export const body: Buffer = Buffer.from('the bytes that were announced');
export const sha256: string = hash('sha256', body);
export const jpeg = 'image/jpeg';

export type ProbedStore = ServedStore & { clock: { at: Date } };

export async function serveProbedStore(): Promise<ProbedStore> {
  const clock = { at: new Date('2026-03-01T10:00:00Z') };
  const served = await serveStore({
    now: () => clock.at,
    buckets: { quarantine: {}, clean: {}, once: { write_once: true, max_bytes: 100 }, open: { public_read: true } },
    origins: ['https://portal.example'],
  });
  return { ...served, clock };
}

let serial = 0;

function freshKey(): string {
  serial += 1;
  return `documents/${serial}`;
}

/** An address pinned to everything that can be pinned. */
export function pinned({ store }: ServedStore, key: string = freshKey()) {
  return store.presignPut({
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

export function put(
  url: string,
  headers: Record<string, string | string[]>,
  bytes: Uint8Array = body,
): Promise<RawAnswer> {
  return exchange({ method: 'PUT', url, headers: { 'content-length': String(bytes.length), ...headers }, body: bytes });
}

export function refused(answer: RawAnswer, status: number, code: string): void {
  assert.equal(answer.status, status, answer.body.toString());
  assert.match(answer.body.toString(), new RegExp(`<Code>${code}</Code>`));
}

/** The text of an object, or undefined when there is none. */
export async function stored({ store }: ServedStore, key: string): Promise<string | undefined> {
  const address = { bucket: 'quarantine', key };
  if (!(await store.head(address))) return undefined;
  const { body: stream } = await store.get(address);
  return Buffer.concat(await Array.fromAsync(stream as AsyncIterable<Buffer>)).toString();
}

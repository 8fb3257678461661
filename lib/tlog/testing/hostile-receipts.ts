import fc from 'fast-check';
import { encodeBase64, encodeUtf8 } from '../bytes.ts';
import { hostileBytes } from './refusals.ts';
import { type SampleReceipts, sampleReceipts } from './sample-receipts.ts';

export type ReceiptVector = { file: Uint8Array; policy: Uint8Array };

const bytesOf = (file: unknown) => encodeUtf8(JSON.stringify(file));
const textOf = (bytes: Uint8Array) => Buffer.from(bytes).toString();

/**
 * Receipt files and policies for whoever verifies: true ones, ones altered in one member each, ones with too few
 * witnesses, and `count` mutated ones of each part. The same at every call, whatever the log's keys.
 */
export async function hostileReceipts(log: SampleReceipts, count: number): Promise<ReceiptVector[]> {
  const file = await log.fileOf(7);
  const few = await sampleReceipts(10, 1);
  return [
    ...(await trueReceipts(log)),
    ...(await alteredReceipts(log)),
    { file: bytesOf(await few.fileOf(3)), policy: few.policy },
    ...mutated(encodeUtf8(file['receipt'] as string), count, (bytes) => [
      { ...file, receipt: textOf(bytes) },
      log.policy,
    ]),
    ...mutated(encodeUtf8(file['entry'] as string), count, (bytes) => [
      { ...file, entry: textOf(bytes), leaf_hash: null },
      log.policy,
    ]),
    ...mutated(log.policy, count, (bytes) => [file, bytes]),
  ];
}

async function trueReceipts({ fileOf, policy }: SampleReceipts): Promise<ReceiptVector[]> {
  const files = await Promise.all(Array.from({ length: 20 }, (_, at) => fileOf((at * at) % 256)));
  return files.flatMap((file) => [
    { file: bytesOf(file), policy },
    { file: bytesOf({ meta: { code: 200 }, data: file }), policy },
  ]);
}

async function alteredReceipts({ fileOf, policy }: SampleReceipts): Promise<ReceiptVector[]> {
  const [file, other] = await Promise.all([fileOf(41), fileOf(42)]);
  const record = file['record'] as { body: string; seed: string };
  const members = [
    'entry',
    'receipt',
    'leaf_hash',
    'leaf_index',
    'checkpoint_size',
    'version',
    'declaration_id',
    'record',
  ];
  const foreign = members.map((name) => ({ ...file, [name]: other[name] }));
  const gone = members.map((name) => ({ ...file, [name]: null }));
  const opened = [
    { ...record, body: `${record.body} ` },
    { ...record, seed: encodeBase64(new Uint8Array(32)) },
    { body: record.body },
    { seed: record.seed },
  ].map((one) => ({ ...file, record: one }));
  return [...foreign, ...gone, ...opened, [], null, 7, {}].map((one) => ({ file: bytesOf(one), policy }));
}

function mutated(
  valid: Uint8Array,
  count: number,
  put: (bytes: Uint8Array) => [file: unknown, policy: Uint8Array],
): ReceiptVector[] {
  return fc.sample(hostileBytes([valid]), { numRuns: count, seed: 4 }).map((bytes) => {
    const [file, policy] = put(bytes);
    return { file: bytesOf(file), policy };
  });
}

import { hashLeaf, readEntries, type TileStore, TlogError, type VerifierKey, verifyPromise } from '@zdravo/tlog';
import type { FindingList } from './findings.ts';

export type PromisesInput = {
  tiles: TileStore;
  promises?: { notes: readonly string[]; keys: readonly VerifierKey[] };
  now: Date;
};

/**
 * Every promise whose deadline has passed must be kept: its leaf is in the published tree. Only what a client holds can
 * show that a row was removed together with its waiting leaf.
 * @returns how many promises were looked at.
 */
export async function auditPromises(
  input: PromisesInput,
  { size }: { size: number },
  list: FindingList,
): Promise<number> {
  const due = new Map(readDue(input, list).map((promise) => [Buffer.from(promise.leaf_hash).toString('hex'), promise]));
  const total = due.size;
  if (total > 0 && size > 0)
    for await (const { entry } of readEntries(input.tiles, { from: 0n, size: BigInt(size) })) {
      due.delete(Buffer.from(hashLeaf(entry)).toString('hex'));
      if (due.size === 0) break;
    }
  for (const [leaf_hash, { stored_at, deadline }] of due)
    list.add({
      code: 'promise_broken',
      detail: `Leaf hash ${leaf_hash}, stored at ${isoOf(stored_at)}, promised by ${isoOf(deadline)}.`,
    });
  return total;
}

function readDue({ promises, now }: PromisesInput, list: FindingList) {
  const now_s = BigInt(Math.floor(now.getTime() / 1000));
  return (promises?.notes ?? []).flatMap((note) => {
    try {
      const promise = verifyPromise(Buffer.from(note), promises!.keys);
      return promise.deadline < now_s ? [promise] : [];
    } catch (error) {
      if (!(error instanceof TlogError)) throw error;
      list.add({ code: 'promise_refused', detail: `${error.message}.` });
      return [];
    }
  });
}

function isoOf(seconds: bigint): string {
  return new Date(Number(seconds) * 1000).toISOString();
}
